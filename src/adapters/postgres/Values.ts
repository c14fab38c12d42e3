import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { Statement } from "effect/sql"

/**
 * Postgres has no NUL in text or jsonb and refuses a statement that holds one. Callers are told so by the API (422); what
 * else gets here, a model's words or a failed tool's message, loses it rather than the run.
 */
export const withoutNul = (text: string): string => text.replaceAll("\0", "")

/**
 * In JSON text, an escaped NUL or half of a surrogate pair (a whole one is not escaped), which jsonb refuses as well. An
 * odd backslash begins it: with an even number these are backslashes, and `u0000` is a word.
 */
const refused = /(?<!\\)((?:\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})/g

const acceptable = (text: string): string =>
  text.replace(refused, (_, backslashes: string, code: string) => backslashes + (code === "0000" ? "" : "\ufffd"))

/** A jsonb parameter. Everything that goes into a jsonb column goes through here; arrays of arrays stay what they are. */
export const jsonb = (sql: PgClient.PgClient, value: unknown): Statement.Fragment =>
  sql`${acceptable(JSON.stringify(value))}::jsonb`

/** Rows as their schema says; they are read nowhere else than here. */
export const decodeRows = <S extends Schema.Constraint>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(schema))
  return <E, R>(rows: Effect.Effect<ReadonlyArray<unknown>, E, R>) => Effect.flatMap(rows, decode)
}
