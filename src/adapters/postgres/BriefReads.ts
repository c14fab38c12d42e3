import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Option } from "effect"
import { SqlError } from "effect/sql"
import { AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import { failsWith } from "./Database.ts"
import { sqlState } from "./SqlState.ts"

/** Counted in moments in which this process was awake: one that is busy must not take its tables for locked. */
const awake = { step: "100 millis", steps: 10 } as const
const patienceMillis = 1_000

/** For so long after somebody has waited in vain nobody waits. */
const pauseMillis = 2_000

const never = Number.NEGATIVE_INFINITY

/** Worth a pause: whoever asks again at once would wait as long. */
class TooSlow extends AgentTablesUnreadable {}

const slow = () => new TooSlow({ missing: [], why: "somebody has locked them, or they take too long" })

/** A lock that was not to be had, a statement that took longer than the server lets it. */
const isTooSlow = failsWith("55P03", "57014")

/** The whole class of what can't be done with tables as they are. */
const isUnfitting = (error: SqlError.SqlError) => sqlState(error)?.startsWith("42") === true

const unreadable = (error: SqlError.SqlError): AgentTablesUnreadable | undefined => {
  if (error.reason._tag === "AuthorizationError") {
    return new AgentTablesUnreadable({ missing: ["our right to read them"] })
  }
  if (!isUnfitting(error)) return undefined
  const { cause } = error.reason
  return new AgentTablesUnreadable({ missing: [], why: cause instanceof Error ? cause.message : error.message })
}

/** Tables that are not ours may be away, be different, forbid. What is none of that stays an error of SQL. */
export const orUnreadable = <A, E, R>(read: Effect.Effect<A, E, R>) =>
  Effect.catchIf(
    read,
    (error): error is E & SqlError.SqlError => SqlError.isSqlError(error) && unreadable(error) !== undefined,
    (error) => Effect.fail(unreadable(error) ?? slow())
  )

/**
 * Reads of tables that others may have locked, for a second each at most. Of many who would wait one does; the others, and
 * whoever comes within two seconds, are told at once.
 */
export const briefReads = (sql: PgClient.PgClient) => {
  /** Nobody waits before. Set ahead while somebody finds out whether there still is something to wait for. */
  let pausedUntil = never

  const tooLong = Effect.andThen(
    Effect.repeat(Effect.sleep(awake.step), { times: awake.steps - 1 }),
    Effect.fail(slow())
  )

  /** What counts is how long the statement takes, not how long it waits for a connection of ours. */
  const onConnection = <A, E, R>(read: Effect.Effect<A, E, R>) =>
    Effect.flatMap(
      Effect.serviceOption(sql.transactionService),
      (outer) =>
        Option.isSome(outer) ? Effect.raceFirst(read, tooLong) : Effect.scoped(
          Effect.flatMap(
            sql.reserve,
            (connection) =>
              Effect.provideService(Effect.raceFirst(read, tooLong), sql.transactionService, [connection, 0])
          )
        )
    )

  const limited = <A, E, R>(read: Effect.Effect<A, E, R>) =>
    Effect.catchIf(onConnection(read), isTooSlow, () => Effect.fail(slow()))

  return Effect.fnUntraced(function*<A, E, R>(read: Effect.Effect<A, E, R>) {
    const now = yield* Clock.currentTimeMillis
    if (now < pausedUntil) return yield* slow()
    if (pausedUntil !== never) pausedUntil = now + patienceMillis + pauseMillis
    const answer = yield* Effect.result(limited(read))
    const waited = answer._tag === "Failure" && answer.failure instanceof TooSlow
    pausedUntil = waited ? (yield* Clock.currentTimeMillis) + pauseMillis : never
    return yield* Effect.fromResult(answer)
  })
}
