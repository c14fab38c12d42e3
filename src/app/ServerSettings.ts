import { Effect, Option, type Redacted } from "effect"
import { InvalidSetting, type Settings } from "./Config.ts"

/** Settings of a server that has a database, given or embedded. */
export type ServerSettings = Settings & { readonly databaseUrl: Option.Some<Redacted.Redacted<string>> }

const hasDatabase = (settings: Settings): settings is ServerSettings => Option.isSome(settings.databaseUrl)

/** What everything but the demo needs: agents to read. */
export const databaseSettings = (settings: Settings) =>
  hasDatabase(settings)
    ? Effect.succeed(settings)
    : Effect.fail(
      new InvalidSetting({ variable: "DATABASE_URL", expected: "set to the agents' Postgres database" })
    )

/** What a server can't be without. */
export const serverSettings = Effect.fnUntraced(function*(given: Settings) {
  const settings = yield* databaseSettings(given)
  if (Option.isNone(settings.supabaseUrl) && Option.isNone(settings.supabaseJwtSecret)) {
    return yield* new InvalidSetting({
      variable: "SUPABASE_URL (or SUPABASE_JWT_SECRET)",
      expected: "set, or nobody could sign in"
    })
  }
  return settings
})
