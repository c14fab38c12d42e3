import { PgClient } from "@effect/sql-pg"
import { Cause, type Context, Effect, Layer, Option, type Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { PgBossRunQueue } from "../../src/adapters/postgres/PgBossRunQueue.ts"
import { runQueues } from "../../src/adapters/postgres/RunJobs.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import type { Run, RunId, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import type { ThreadId } from "../../src/domain/Thread.ts"
import { RunQueue, type RunStop } from "../../src/ports/RunQueue.ts"
import { RunLedger } from "../../src/ports/Runs.ts"
import type { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { atEnd, done, type Limits, type Replica, replica, runDatabase } from "./run-world.ts"
import { TableQueue } from "./table-queue.ts"

/** A queue on a database; several of it share their jobs. */
export type QueueOn = (
  url: Redacted.Redacted<string>
) => Layer.Layer<RunQueue, StorageUnavailable, PgClient.PgClient | SqlClient.SqlClient>

export const tableQueue: QueueOn = () => TableQueue

/** The engine's own, at its quickest. */
export const bossQueue: QueueOn = (directUrl) => {
  const heartbeatSeconds = 10
  const queues = runQueues({ heartbeatSeconds })
  const engine = JobEngine.layer({ url: directUrl, queues })
  return PgBossRunQueue({ concurrency: 6, heartbeatSeconds, drainFor: 0 }).pipe(
    Layer.provide(Layer.effectDiscard(Effect.flatMap(JobEngine, ({ setup }) => setup))),
    Layer.provide([engine, Signals.layer({ directUrl })])
  )
}

/** Two processes on one database, as far as runs go: each with a pool of its own. */
export const twoReplicas = Effect.fnUntraced(function*(limits: Limits = {}, queue: QueueOn = tableQueue) {
  const url = yield* runDatabase
  const build = Layer.build(Layer.fresh(replica(url, limits, queue(url))))
  return [yield* build, yield* build] as const
})

/** Work that is given to the replicas in turn, all of it at once. */
export const amongst = <A, B, E, R>(
  replicas: readonly [Context.Context<Replica>, Context.Context<Replica>],
  items: ReadonlyArray<A>,
  work: (item: A) => Effect.Effect<B, E, R>
) =>
  Effect.forEach(
    items,
    (item, index) => Effect.provideContext(work(item), index % 2 === 0 ? replicas[0] : replicas[1]),
    { concurrency: "unbounded" }
  )

/** What workers do: which runs they took up, in which order, and whether two of one thread were ever at work at once. */
export class Watch {
  readonly takenUp: Array<RunId> = []
  readonly overlaps: Array<string> = []
  /** What ended a worker that should not have. */
  readonly broken: Array<string> = []
  /** Ends that came too late to count. */
  late = 0
  readonly #busy = new Map<ThreadId, RunId>()

  begin({ run_id, thread_id }: Run) {
    const other = this.#busy.get(thread_id)
    if (other !== undefined) this.overlaps.push(`${run_id} was taken up while ${other} was at work`)
    this.#busy.set(thread_id, run_id)
    this.takenUp.push(run_id)
  }

  end({ run_id, thread_id }: Run) {
    if (this.#busy.get(thread_id) === run_id) this.#busy.delete(thread_id)
  }
}

/** What a run does when nobody stops it: it comes to an end, is handed back, or its worker dies of it. */
export type Behaviour = RunOutcome | "again" | "dies"

/** Executes what is in line, in this process, until the scope closes. */
export const work = Effect.fnUntraced(function*<R>(
  watch: Watch,
  behave: (run: Run) => Effect.Effect<Behaviour, never, R>
) {
  const queue = yield* RunQueue
  const ledger = yield* RunLedger
  const tell = yield* atEnd
  const context = yield* Effect.context<R>()
  const execute = Effect.fnUntraced(function*(run: Run, stop: Effect.Effect<RunStop>) {
    const what = yield* Effect.raceFirst(
      Effect.provideContext(behave(run), context),
      Effect.as(stop, done)
    )
    watch.end(run)
    if (what === "dies") {
      // Its job is in line again, as that of a worker that was lost; and then it wakes and goes on as if nothing had been.
      const wakes = Effect.andThen(Effect.sleep("20 millis"), ledger.settle(run, done, nothingNoted, tell))
      yield* Effect.forkDetach(
        Effect.tap(wakes, (settled) => Effect.sync(() => Option.isNone(settled) && watch.late++))
      )
      return "again" as const
    }
    if (what === "again") {
      yield* ledger.release(run, nothingNoted)
      return "again" as const
    }
    yield* ledger.settle(run, what, nothingNoted, tell)
    return "gone" as const
  })
  yield* Effect.forkScoped(queue.work({
    execute: (job, stop) =>
      Effect.gen(function*() {
        const claimed = yield* ledger.claim(job)
        if (Option.isNone(claimed)) return "gone" as const
        watch.begin(claimed.value)
        return yield* execute(claimed.value, stop)
      }).pipe(
        Effect.orDie,
        Effect.tapCause((cause) =>
          Effect.sync(() => Cause.hasInterruptsOnly(cause) || watch.broken.push(Cause.pretty(cause)))
        )
      ),
    stopRequests: ledger.stopRequests
  }))
})

/** Until nothing is active any more and the line is empty; fails with what is left if that takes too long. */
export const quiet = Effect.fnUntraced(function*(watch: Watch, seconds: number) {
  const sql = yield* PgClient.PgClient
  const left = sql<{ readonly run_id: string; readonly status: string; readonly offered: boolean }>`
    select id::text as run_id, status, offered_at is not null as offered
    from langgraph_server.runs
    where status in ('pending', 'running')`
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    if (watch.broken.length > 0) return yield* Effect.die(new Error(watch.broken.join("\n")))
    if ((yield* left).length === 0) return
    yield* Effect.sleep("10 millis")
  }
  return yield* Effect.die(new Error(`still active after ${seconds} s: ${JSON.stringify((yield* left).slice(0, 20))}`))
})

/** Those that have ended, or never were, and have a place in the queue all the same. */
export const leftInLine = Effect.fnUntraced(function*(runIds: ReadonlyArray<RunId>) {
  const missing = new Set(yield* (yield* RunQueue).missing(runIds))
  return runIds.filter((runId) => !missing.has(runId))
})

/** How often Postgres had to end a transaction so that another could go on. */
export const deadlocks = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ readonly deadlocks: number }>`
    select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()`
  return row?.deadlocks
})

/** The ends that were told, by run. */
export const endsByRun = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly run_id: RunId; readonly outcome: string }>`
    select run_id, outcome from test_queue.ends`
  const ends = new Map<RunId, ReadonlyArray<string>>()
  for (const { outcome, run_id } of rows) ends.set(run_id, [...(ends.get(run_id) ?? []), outcome])
  return ends
})

/** The runs of a thread in the order in which they came to it. */
export const inOrder = Effect.fnUntraced(function*(thread: ThreadId) {
  const sql = yield* PgClient.PgClient
  return yield* sql<{ readonly run_id: RunId; readonly status: string }>`
    select id as run_id, status from langgraph_server.runs where thread_id = ${thread} order by run_at, id`
})
