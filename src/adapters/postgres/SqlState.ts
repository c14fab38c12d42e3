import { Predicate } from "effect"
import type { SqlError } from "effect/sql"

/** The SQLSTATE of an error that the server raised. */
export const sqlState = ({ reason: { cause } }: SqlError.SqlError): string | undefined =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : undefined
