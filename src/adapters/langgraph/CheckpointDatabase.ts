import { PgClient } from "@effect/sql-pg"
import { type Duration, Effect, Predicate, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"

/** SQLSTATEs of a server that is going, coming, full, a read-only replica, busy with a lock, or without our tables yet. */
const awayCodes = ["57P01", "57P02", "57P03", "53300", "25006", "55P03", "42P01"]

const stateOf = ({ reason: { cause } }: SqlError.SqlError): string =>
  Predicate.hasProperty(cause, "code") ? String(cause.code) : ""

const isAway = (error: SqlError.SqlError): boolean =>
  error.isRetryable || error.reason._tag === "AuthenticationError" || awayCodes.includes(stateOf(error))

/** The words of the server or the socket; the driver's own are the same for every statement. */
const wordsOf = ({ message, reason: { cause } }: SqlError.SqlError): string =>
  cause instanceof Error ? cause.message : message

const soonThenSteadily = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")]).pipe(
  Schedule.jittered
)

type Statement<A> = (sql: PgClient.PgClient) => Effect.Effect<A, SqlError.SqlError>

/** Asks the database from where there are only promises. What is asked here may be asked twice. */
export type Ask = <A>(statement: Statement<A>) => Promise<A>

/**
 * On the pool that everything else here uses. A run is not to end for a connection that was cut or a server that gives
 * way to another: it is asked again for as long as `patience` lasts; after that it is `StorageUnavailable`.
 */
export const asking = Effect.fnUntraced(function*(patience: Duration.Input) {
  const run = Effect.runPromiseWith(yield* Effect.context<PgClient.PgClient>())
  const schedule = Schedule.upTo(soonThenSteadily, { duration: patience })
  const patiently = <A>(statement: Statement<A>) =>
    Effect.flatMap(PgClient.PgClient, statement).pipe(
      Effect.retry({ while: isAway, schedule }),
      Effect.catchIf(isAway, (error) =>
        Effect.logWarning(`Checkpoints unavailable: ${wordsOf(error)}`).pipe(
          Effect.andThen(Effect.fail(new StorageUnavailable()))
        )),
      // Of no request's or run's trace: these statements belong to whoever LangGraph is working for.
      Effect.withTracerEnabled(false)
    )
  const ask: Ask = (statement) => run(patiently(statement))
  return ask
})
