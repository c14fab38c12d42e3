import type { PgClient } from "@effect/sql-pg"
import { Cache, Effect, Exit, Option } from "effect"
import { failsWith } from "./Database.ts"

/** Undefined table, undefined column, another kind of relation: the consumer has migrated since we looked. */
const isOutdated = failsWith("42P01", "42703", "42809")

const everything = "public"

/**
 * Statements for the consumer's tables as a look at the catalogue finds them. It is believed for a minute, and until a
 * statement fails because of it: that one is made once more, for what a fresh look finds. In a caller's transaction it is
 * behind a savepoint, so that this one can go on after the first has failed.
 */
export const catalogueLook = Effect.fnUntraced(function*<Found, E, R>(
  sql: PgClient.PgClient,
  look: Effect.Effect<Found, E, R>
) {
  const last = yield* Cache.makeWith(() => look, {
    capacity: 1,
    timeToLive: (exit) => Exit.isSuccess(exit) ? "60 seconds" : "0 seconds"
  })

  return <A, E2, R2>(statement: (found: Found) => Effect.Effect<A, E2, R2>) =>
    Cache.get(last, everything).pipe(
      Effect.flatMap((found) =>
        Effect.flatMap(
          Effect.serviceOption(sql.transactionService),
          (outer) => Option.isSome(outer) ? sql.withTransaction(statement(found)) : statement(found)
        )
      ),
      Effect.tapError((error) => isOutdated(error) ? Cache.invalidate(last, everything) : Effect.void),
      Effect.retry({ times: 1, while: isOutdated })
    )
})
