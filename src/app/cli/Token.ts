import { Console, Data, Effect, Option, Redacted } from "effect"
import { mintToken } from "../../adapters/demo/DemoTokens.ts"
import { existingSecrets } from "../../adapters/demo/KeptSecrets.ts"
import { type Settings, settings as readSettings } from "../Config.ts"
import { demoFolder } from "../DemoFolder.ts"

class NoSecret extends Data.TaggedError("NoSecret")<{}> {
  override readonly message =
    "SUPABASE_JWT_SECRET must be set to mint a token: without it only Supabase can, to whoever \
signs in; or start the demo here once (throughline start, without DATABASE_URL), whose secret is then used"
}

interface Given {
  readonly user: string
  readonly email: Option.Option<string>
  /** As jose understands it: "12h". */
  readonly expires: string
}

/** The server's own; where there is no server but the demo, the one that it keeps. */
const secretOf = Effect.fnUntraced(function*(settings: Settings) {
  if (Option.isSome(settings.supabaseJwtSecret)) return settings.supabaseJwtSecret.value
  if (Option.isSome(settings.databaseUrl) || Option.isSome(settings.supabaseUrl)) return yield* new NoSecret()
  const kept = yield* Effect.flatMap(demoFolder(settings), existingSecrets)
  return Option.isSome(kept) ? kept.value.jwtSecret : yield* new NoSecret()
})

/** For development: whoever has the secret may be anybody. */
export const token = Effect.fnUntraced(function*({ email, expires, user }: Given) {
  const settings = yield* readSettings
  const minted = yield* mintToken({
    secret: yield* secretOf(settings),
    userId: user.toLowerCase(),
    validFor: expires,
    ...(Option.isSome(email) ? { email: email.value } : {}),
    ...(Option.isSome(settings.supabaseUrl) ? { issuer: `${settings.supabaseUrl.value}/auth/v1` } : {})
  })
  yield* Console.log(Redacted.value(minted))
})
