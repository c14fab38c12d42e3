import { PgConnection } from "@effect/sql-pg"
import { Clock, Duration, Effect, Exit, Option, References, Schedule, Scope } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"
import { sqlState } from "./SqlState.ts"

/** How many statements are under way on it at most. */
const room = 64
/** Without an answer for so long, in ms, somebody holds it up: who comes then need not wait behind that. */
const stall = 50
/** Without an answer for so long it is taken for dead. */
const patience = Duration.seconds(10)
/** How often it is looked at. Where nothing is under way it is asked: it may have gone without a word. */
const look = Duration.seconds(1)

/** What a statement on it carries at most, in bytes or letters: more takes its time. */
const heaviest = 262_144

const weightOf = (params: unknown): number => {
  if (typeof params === "string") return params.length
  if (params instanceof Uint8Array) return params.byteLength
  return Array.isArray(params) ? params.reduce<number>((sum, param) => sum + weightOf(param), 0) : 0
}

/** Cut off, told that it is about to be, or at a server that has become a read-only replica. */
const isLost = (error: SqlError.SqlError) =>
  error.reason._tag === "ConnectionError" || /^(57P|25006)/.test(sqlState(error) ?? "")
/** It met a lock after all, and has done nothing. */
const isLockWait = ({ reason }: SqlError.SqlError) => reason._tag === "LockTimeoutError"

/**
 * Notes whether a query has never been sent: on a connection that is known to be dead it fails as soon as it is asked, and
 * what is asked at the same time is sent in a microtask. Without a pause of the fibre in between, which is one of those.
 */
const noting = <A>(query: Effect.Effect<A, SqlError.SqlError>) => {
  let sent = false, unsent = false
  queueMicrotask(() => sent = true)
  return {
    query: Effect.tapError(query, () => Effect.sync(() => unsent = !sent)).pipe(
      Effect.provideService(References.PreventSchedulerYield, true)
    ),
    isUnsent: () => unsent
  }
}

interface Line {
  readonly scope: Scope.Closeable
  readonly connection: SqlConnection.Connection
  readonly ping: Effect.Effect<unknown, SqlError.SqlError>
  underWay: number
  /** When it last answered, or was asked after it had answered everything; in ms. */
  at: number
}

/**
 * One connection that many share: their statements follow one another without waiting for an answer, several in one
 * write, and Postgres need not be woken for each. That is most of what a small statement costs. It opens when it is first
 * wanted, and again after it was lost; whoever waits for an answer then is told.
 *
 * Answers with what lends it: nothing while it isn't there, is full or held up. What carries much, meets a lock or finds
 * it dead goes `elsewhere`.
 */
export const promptLine = Effect.fnUntraced(function*(config: PgConnection.Config, elsewhere: SqlConnection.Acquirer) {
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())
  let line: Line | undefined
  let opening = false

  const close = (which: Line) => {
    if (line === which) line = undefined
    return Scope.close(which.scope, Exit.void)
  }

  /** What is asked counts as under way until it is answered, or given up by whoever asked. */
  const asked = (which: Line) => <A>(query: Effect.Effect<A, SqlError.SqlError>) =>
    Effect.suspend(() => {
      if (which.underWay === 0) which.at = clock.currentTimeMillisUnsafe()
      which.underWay++
      return Effect.onExit(query, (exit) => {
        which.underWay--
        if (Option.exists(Exit.findErrorOption(exit), isLost)) return close(which)
        if (!Exit.hasInterrupts(exit)) which.at = clock.currentTimeMillisUnsafe()
        return Effect.void
      })
    })

  const open = Effect.gen(function*() {
    const own = yield* Scope.fork(scope)
    const connection = yield* PgConnection.make({ ...config, multiplex: true }).pipe(
      Scope.provide(own),
      Effect.onError(() => Scope.close(own, Exit.void))
    )
    const rows = (sql: string, params: ReadonlyArray<unknown>, prepare: boolean) =>
      Effect.map(connection.query(sql, params, prepare), ({ rows }) => rows)
    const opened: Line = {
      scope: own,
      underWay: 0,
      at: clock.currentTimeMillisUnsafe(),
      ping: Effect.suspend(() => ask(connection.query("select 1"))),
      connection: {
        execute: (sql, params, transform) => {
          const away = Effect.scoped(Effect.flatMap(elsewhere, (other) => other.execute(sql, params, transform)))
          if (weightOf(params) > heaviest) return away
          return Effect.suspend(() => {
            const { isUnsent, query } = noting(rows(sql, params, true))
            return Effect.catchIf(ask(query), (error) => isLockWait(error) || isUnsent(), () => away)
          })
        },
        executeUnprepared: (sql, params) => ask(rows(sql, params, false)),
        executeRaw: (sql, params) => ask(connection.query(sql, params)),
        executeValues: (sql, params) => ask(connection.queryValues(sql, params)),
        executeValuesUnprepared: (sql, params) => ask(connection.queryValues(sql, params, false)),
        executeStream: connection.stream
      }
    }
    const ask = asked(opened)
    line = opened
  })

  const openSoon = (): undefined => {
    if (opening) return
    opening = true
    const opened = open.pipe(
      Effect.catch((error) =>
        Effect.andThen(Effect.logDebug("No line to the database", error.message), Effect.sleep(look))
      ),
      Effect.ensuring(Effect.sync(() => opening = false)),
      Effect.withTracerEnabled(false)
    )
    run(Effect.forkIn(opened, scope))
  }

  const watch = Effect.suspend(() => {
    if (line === undefined) return Effect.void
    const silent = clock.currentTimeMillisUnsafe() - line.at
    if (line.underWay > 0) return silent > Duration.toMillis(patience) ? close(line) : Effect.void
    return silent < Duration.toMillis(look) ? Effect.void : Effect.forkIn(Effect.exit(line.ping), scope)
  })
  yield* Effect.forkScoped(Effect.repeat(watch, Schedule.spaced(look)).pipe(Effect.withTracerEnabled(false)))

  return (): SqlConnection.Connection | undefined => {
    if (line === undefined) return openSoon()
    const stalls = line.underWay > 0 && clock.currentTimeMillisUnsafe() - line.at > stall
    return stalls || line.underWay >= room ? undefined : line.connection
  }
})
