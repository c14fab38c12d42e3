import { PgClient } from "@effect/sql-pg"
import { Array, Duration, Effect, Layer, Option } from "effect"
import { setTimeout as later } from "node:timers/promises"
import { orUnavailable } from "../../src/adapters/postgres/Database.ts"
import { JobInsertion } from "../../src/adapters/postgres/JobInsertion.ts"
import type { RunId } from "../../src/domain/Run.ts"
import { type RunJob, RunQueue, type RunStop } from "../../src/ports/RunQueue.ts"

/** Real time, whatever clock a test has. */
export const pause = (ms: number) => Effect.promise((signal) => later(ms, undefined, { signal }).catch(() => undefined))

export const tableQueueTables = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`create schema test_queue`
  yield* sql`
    create table test_queue.jobs (
      run_id uuid primary key,
      thread_id uuid not null,
      run_at timestamptz not null,
      turn integer not null,
      home text,
      handed integer not null default 0,
      taken boolean not null default false
    )`
  yield* sql`create table test_queue.stops (run_id uuid not null, action text not null)`
  yield* sql`create table test_queue.ends (run_id uuid not null, outcome text not null, attempt integer not null)`
})

/** How many runs a replica executes at a time. */
const slots = 3

/**
 * A line in a table, where a test can look at it and take things away: what a queue is asked to do, in the caller's
 * transaction. Nobody else's mistakes are found here than those of whoever uses a queue.
 */
export const TableQueue = Layer.effect(
  RunQueue,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    const take = Effect.map(
      sql<RunJob>`
        update test_queue.jobs
        set taken = true, handed = handed + 1
        where run_id = (
          select run_id
          from test_queue.jobs
          where not taken and run_at <= clock_timestamp()
          order by turn, run_at
          for update skip locked
          limit 1
        )
        returning run_id, thread_id, handed > 1 as redelivered`,
      Array.head
    )

    const stopRequested = (runId: RunId) =>
      sql<Extract<RunStop, { readonly _tag: "Cancelled" }>>`
        select 'Cancelled' as "_tag", action from test_queue.stops where run_id = ${runId} limit 1`.pipe(
        Effect.flatMap((rows) => Effect.fromOption(Array.head(rows))),
        Effect.tapError(() => pause(10)),
        Effect.eventually
      )

    return RunQueue.of({
      replica: "a replica",
      offer: ({ home, run_at, run_id, thread_id, turn }) =>
        Effect.asVoid(orUnavailable(sql`
          insert into test_queue.jobs (run_id, thread_id, run_at, turn, home)
          values (${run_id}, ${thread_id}, ${run_at}, ${turn}, ${home})
          on conflict (run_id) do nothing`)),
      withdraw: (runId) => Effect.asVoid(orUnavailable(sql`delete from test_queue.jobs where run_id = ${runId}`)),
      missing: Effect.fnUntraced(function*(runIds) {
        const there = yield* orUnavailable(sql<{ readonly run_id: string }>`
          select run_id::text as run_id from test_queue.jobs where run_id = any(${runIds}::uuid[])`)
        const ids = new Set(there.map(({ run_id }) => run_id))
        return runIds.filter((runId) => !ids.has(runId))
      }),
      stop: (runId, action) =>
        Effect.asVoid(orUnavailable(sql`insert into test_queue.stops (run_id, action) values (${runId}, ${action})`)),
      work: (worker) => {
        const one = Effect.gen(function*() {
          const job = yield* take
          if (Option.isNone(job)) return yield* pause(Duration.toMillis("5 millis"))
          const { run_id } = job.value
          const what = yield* worker.execute(job.value, Effect.orDie(stopRequested(run_id)))
          // What is gone is another job by now, if there is one.
          if (what === "again") yield* sql`update test_queue.jobs set taken = false where run_id = ${run_id}`
          if (what === "done") yield* sql`delete from test_queue.jobs where run_id = ${run_id}`
        })
        const loop = Effect.forkScoped(Effect.forever(Effect.orDie(one)))
        return Effect.andThen(Effect.replicateEffect(loop, slots), Effect.never)
      },
      held: Effect.succeed([])
    })
  })
)

/** The same line for those who put runs into it by statements of their own. */
export const TableJobs = Layer.effect(
  JobInsertion,
  Effect.map(PgClient.PgClient, (sql) =>
    JobInsertion.of({
      of: (runs) =>
        Effect.succeedSome(sql`
          insert into test_queue.jobs (run_id, thread_id, run_at, turn, home)
          select run_id, thread_id, run_at, turn, home from ${sql(runs)}
          on conflict (run_id) do nothing`),
      inserted: Effect.void
    }))
)
