import { Data, type Option, type Redacted } from "effect"
import { Flag } from "effect/cli"

/** The two ways in which a command looks at agents: through a running server, or in the database itself. */
export interface Ways {
  readonly url: Option.Option<string>
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly database: Option.Option<Redacted.Redacted<string>>
  readonly as: Option.Option<string>
  readonly json: boolean
}

export const wayFlags = {
  url: Flag.String("url").pipe(
    Flag.withDescription("A running server, which is asked; without it, this process looks into the database itself"),
    Flag.optional
  ),
  token: Flag.Redacted("token").pipe(
    Flag.withDescription("Of whoever asks, with --url (or THROUGHLINE_TOKEN); else only what tool servers get"),
    Flag.optional
  ),
  database: Flag.Redacted("database").pipe(
    Flag.withDescription("The agents' database, as its operator; without it, DATABASE_URL"),
    Flag.optional
  ),
  as: Flag.String("as").pipe(
    Flag.withDescription("For whom to look, by their user id (without --url: there the token says it)"),
    Flag.optional
  )
}

export const jsonFlag = (what: string) =>
  Flag.Boolean("json").pipe(Flag.withDescription(`${what} as JSON, for programs`), Flag.withDefault(false))

export class NotTogether extends Data.TaggedError("NotTogether")<{ readonly message: string }> {}

export const bothWays = "--url and --database are two ways to look: choose one"
