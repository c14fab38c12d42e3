import type { Option, Redacted } from "effect"

/** What the command line says. */
export interface Given {
  readonly url: Option.Option<string>
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly database: Option.Option<Redacted.Redacted<string>>
  readonly agent: ReadonlyArray<string>
  readonly org: ReadonlyArray<string>
  readonly all: boolean
  readonly as: Option.Option<string>
  readonly json: boolean
  readonly fix: boolean
  readonly dryRun: boolean
  readonly modelTimeout: number
}
