import { PgClient } from "@effect/sql-pg"
import { Cause, Effect, Layer, type Redacted, Schema } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { PromptSql } from "./PromptSql.ts"
import { sqlState } from "./SqlState.ts"

export interface DatabaseOptions {
  readonly url: Redacted.Redacted<string>
  /** Connections of this client. */
  readonly poolSize: number
  /**
   * The URL leads to a pooler in transaction mode: each transaction may be on another server connection. Statements are
   * then not prepared by name, as the name would be known to one of them only. (Nothing else here outlives a
   * transaction: locks and settings are its own, and LISTEN has a URL of its own, in Signals.)
   */
  readonly pooled?: boolean
}

/**
 * A process that freezes or is cut off in a transaction would keep its locks, and with them its runs from whoever takes
 * them over, for as long as it is gone. No transaction here waits for anything but its own statements.
 */
const longestPause = "8s"

/** A thread's state is read as one row, in bytes. */
const largestRow = 256 * 1024 * 1024

/** What goes over the line waits for no lock; should it ever, it holds up all others no longer than this. */
const longestLock = "250ms"

/** With fewer connections none is spared for the line. */
const smallestWithLine = 6

/**
 * The client that all ports on this database share, so that a transaction of one is joined by the others.
 * It connects when it is first used: a database that is away at the start fails queries, never the layer.
 *
 * Not multiplexed, but for the line of `PromptSql`. Transactions would be safe (they reserve a connection), but statements
 * of other requests would queue behind a slow search on one connection, and an interrupted one could not be cancelled on
 * the server.
 */
export const databaseLayer = (
  { pooled = false, poolSize, url }: DatabaseOptions
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient | PromptSql> => {
  const config = {
    url,
    applicationName: "throughline",
    keepAlive: "30 seconds",
    prepare: !pooled,
    maxMessageSize: largestRow
  } as const
  const hasLine = !pooled && poolSize >= smallestWithLine
  const pool = PgClient.layer({
    ...config,
    maxConnections: hasLine ? poolSize - 1 : poolSize,
    // A pooler refuses what it does not know; it has a limit of its own for this, `idle_transaction_timeout`.
    ...(pooled ? {} : { startupParameters: { idle_in_transaction_session_timeout: longestPause } })
  })
  const line = { ...config, startupParameters: { lock_timeout: longestLock } }
  return PromptSql.layer(hasLine ? line : null).pipe(Layer.provideMerge(pool), Layer.orDie)
}

/**
 * SQLSTATEs of a server that is going, coming, full, has become a read-only replica, or has kept us waiting for a lock; and
 * of one that gave us up for frozen in a transaction (`longestPause`).
 */
const awayCodes = ["57P01", "57P02", "57P03", "53300", "25006", "55P03", "25P03"]

/** The same of a driver that is not this one: SQLSTATEs of connections and resources, and node's words for no network. */
const awayCode = /^(08|53|57P)|^(25006|55P03)$|^E(CONN|HOST|NET|PIPE|TIMEDOUT|AI_AGAIN|NOTFOUND)/
/** `pg` has no code for these. */
const awayMessage = /Connection terminated|timeout exceeded when trying to connect|has encountered a connection error/

/** Whether an error of another driver on this database means: not now. */
export const meansAway = (error: unknown): boolean => {
  if (error instanceof AggregateError) return error.errors.some(meansAway)
  if (!(error instanceof Error)) return false
  return ("code" in error && typeof error.code === "string" && awayCode.test(error.code))
    || awayMessage.test(error.message)
}

/** Errors that the server raised with one of these SQLSTATEs. */
export const failsWith = (...codes: ReadonlyArray<string>) => <E>(error: E): error is E & SqlError.SqlError =>
  SqlError.isSqlError(error) && codes.includes(sqlState(error) ?? "")

/** The words of the server or the socket; the driver's own are the same for every statement. */
const wordsOf = ({ message, reason: { cause } }: SqlError.SqlError): string =>
  cause instanceof Error ? cause.message : message

/** A statement that came before the migrations: the database may be new, or have been away when they were due. */
const beforeMigration = (error: SqlError.SqlError): boolean =>
  sqlState(error) === "42P01" && wordsOf(error).includes("langgraph_server.")

const isAway = (error: SqlError.SqlError): boolean =>
  error.isRetryable || error.reason._tag === "AuthenticationError" || awayCodes.includes(sqlState(error) ?? "")
  || beforeMigration(error)

/** A lost connection fails the statement, and dies in the roll-back after it: both kinds of reason are looked at. */
const awayIn = (cause: Cause.Cause<unknown>): SqlError.SqlError | undefined =>
  cause.reasons
    .map((reason) => Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined)
    .filter(SqlError.isSqlError)
    .find(isAway)

const isBroken = <E>(error: E): error is E & (SqlError.SqlError | Schema.SchemaError) =>
  SqlError.isSqlError(error) || Schema.isSchemaError(error)

/**
 * What every adapter here ends with: a database that can't be reached is `StorageUnavailable`; any other error of SQL,
 * or a row that is not what its schema says, is a defect of ours.
 */
export const orUnavailable = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.catchCause((cause): Effect.Effect<never, E | StorageUnavailable> => {
      const away = awayIn(cause)
      if (away === undefined) return Effect.failCause(cause)
      return Effect.logWarning(`Database unavailable: ${wordsOf(away)}`).pipe(
        Effect.andThen(Effect.fail(new StorageUnavailable()))
      )
    }),
    Effect.catchIf(isBroken, (error) => Effect.die(error))
  )
