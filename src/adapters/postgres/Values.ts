import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { Statement } from "effect/sql"

/**
 * Postgres has no NUL in text or jsonb and refuses a statement that holds one. Callers are told so by the API (422); what
 * else gets here, a model's words or a failed tool's message, loses it rather than the run.
 */
export const withoutNul = (text: string): string => text.replaceAll("\0", "")

/** An escaped NUL in JSON text: an even number of backslashes before it, else it is an escaped backslash and `u0000`. */
const escapedNul = /(?<!\\)((?:\\\\)*)\\u0000/g

/** A jsonb parameter. Everything that goes into a jsonb column goes through here; arrays of arrays stay what they are. */
export const jsonb = (sql: PgClient.PgClient, value: unknown): Statement.Fragment => {
  const text = JSON.stringify(value)
  return sql.json(text.includes("\\u0000") ? JSON.parse(text.replace(escapedNul, "$1")) : value)
}

/** Rows as their schema says; they are read nowhere else than here. */
export const decodeRows = <S extends Schema.Constraint>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(schema))
  return <E, R>(rows: Effect.Effect<ReadonlyArray<unknown>, E, R>) => Effect.flatMap(rows, decode)
}
