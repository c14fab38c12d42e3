import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Fiber, Layer, Queue, type Redacted, Stream } from "effect"
import { Migrator, SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import type { WriterOptions } from "../../src/adapters/postgres/EventWriter.ts"
import { migrations } from "../../src/adapters/postgres/migrations/all.ts"
import { PgRunEvents } from "../../src/adapters/postgres/PgRunEvents.ts"
import { RunLogs } from "../../src/adapters/postgres/RunLogs.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { type Run, type RunClaim, RunId } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { type NumberedRunEvent, type RunEvent, RunEvents } from "../../src/ports/RunEvents.ts"
import type { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"

export type AnyRun = Pick<Run, "run_id" | "thread_id" | "owner" | "attempt">

/** What else there must be of runs for their logs: on Postgres they are rows. */
export class LoggedRuns extends Context.Service<LoggedRuns, {
  readonly make: Effect.Effect<AnyRun>
  readonly claim: (run: AnyRun) => Effect.Effect<RunClaim>
  /** As whoever ends a run does it. */
  readonly end: (run: AnyRun, events: ReadonlyArray<RunEvent>) => Effect.Effect<void, StorageUnavailable>
}>()("throughline/test/LoggedRuns") {}

const newRun = Effect.sync((): AnyRun => ({
  run_id: RunId.make(randomUUID()),
  thread_id: ThreadId.make(randomUUID()),
  owner: UserId.make("owner"),
  attempt: 0
}))

/** Runs that are nowhere. */
export const imaginedRuns = Layer.effect(
  LoggedRuns,
  Effect.gen(function*() {
    const events = yield* RunEvents
    const attempts = new Map<RunId, number>()
    return LoggedRuns.of({
      make: newRun,
      claim: ({ run_id }) =>
        Effect.sync(() => {
          const attempt = (attempts.get(run_id) ?? 0) + 1
          attempts.set(run_id, attempt)
          return { run_id, attempt }
        }),
      end: events.end
    })
  })
)

/** Runs as rows, and nothing around them. */
export const rowsOfRuns = Layer.effect(
  LoggedRuns,
  Effect.gen(function*() {
    const events = yield* RunEvents
    const sql = yield* PgClient.PgClient
    return LoggedRuns.of({
      make: Effect.gen(function*() {
        const run = yield* newRun
        yield* sql`
          insert into langgraph_server.threads (id, owner_id, metadata) values (${run.thread_id}, ${run.owner}, '{}')`
        yield* sql`
          insert into langgraph_server.runs (
            id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, metadata, request, configuration,
            multitask_strategy
          )
          values (${run.run_id}, ${run.thread_id}, 'a', 'agent', 1, ${run.owner}, 't', '{}', '{}', '{}', 'enqueue')`
        return run
      }).pipe(Effect.orDie),
      claim: ({ run_id }) =>
        sql<{ readonly attempt: number }>`
          update langgraph_server.runs
          set attempt = attempt + 1, status = 'running'
          where id = ${run_id}
          returning attempt`.pipe(
          Effect.map(([row]) => ({ run_id, attempt: row?.attempt ?? -1 })),
          Effect.orDie
        ),
      end: (run, last) =>
        sql`update langgraph_server.runs set status = 'success' where id = ${run.run_id}`.pipe(
          Effect.andThen(events.end(run, last)),
          sql.withTransaction,
          Effect.catchTag("SqlError", Effect.die)
        )
    })
  })
)

export interface ReplicaOptions extends Partial<WriterOptions> {
  readonly poolSize?: number
  readonly pooled?: boolean
}

/** A process of its own, as far as logs go. */
export const replica = (
  url: Redacted.Redacted<string>,
  { poolSize = 4, pooled = false, ...options }: ReplicaOptions = {}
) =>
  Layer.fresh(
    Layer.mergeAll(rowsOfRuns, RunLogs.layer).pipe(
      Layer.provideMerge(PgRunEvents(options)),
      Layer.provideMerge(Signals.layer({ directUrl: url })),
      Layer.provideMerge(databaseLayer({ url, poolSize, pooled }))
    )
  )

/** Our tables. */
export const migrated = (url: Redacted.Redacted<string>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create schema if not exists langgraph_server`
    yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: "langgraph_server.migrations" })
  }).pipe(Effect.provide(databaseLayer({ url, poolSize: 1 })))

export const batch = (...data: ReadonlyArray<number>): ReadonlyArray<RunEvent> =>
  data.map((data) => ({ event: "values", data: String(data) }))

/** What a reader sees of the events from one on, if each event's data is its id. */
export const from = (first: number, count: number): Array<NumberedRunEvent> =>
  Array.from({ length: count - first }, (_, index) => ({
    id: first + index,
    event: "values",
    data: String(first + index)
  }))

export const readAll = (events: RunEvents["Service"], runId: RunId, after = -1) =>
  Stream.runCollect(events.read(runId, after)).pipe(Effect.timeout("60 seconds"))

/** A run that is being executed. */
export const started = Effect.gen(function*() {
  const events = yield* RunEvents
  const runs = yield* LoggedRuns
  const run = yield* runs.make
  const claim = yield* runs.claim(run)
  return { claim, events, run, runs, runId: run.run_id }
})

/** A reader at work, and what it has received so far, one after the other. */
export const follow = Effect.fnUntraced(function*(events: RunEvents["Service"], runId: RunId, after = -1) {
  const received = yield* Queue.unbounded<NumberedRunEvent>()
  const fiber = yield* events.read(runId, after).pipe(
    Stream.runForEach((event) => Queue.offer(received, event)),
    Effect.forkScoped({ startImmediately: true })
  )
  return {
    next: Queue.take(received).pipe(Effect.map(({ id }) => id), Effect.timeout("30 seconds")),
    ended: Fiber.join(fiber).pipe(Effect.timeout("60 seconds")),
    leave: Fiber.interrupt(fiber)
  }
})
