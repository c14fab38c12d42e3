import type { PgClient } from "@effect/sql-pg"
import { Array, Effect, Option } from "effect"
import { SqlError } from "effect/sql"
import type { RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import type { RunQueue } from "../../ports/RunQueue.ts"
import type { runLine } from "./RunLine.ts"
import { stepRows } from "./RunRecordRow.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { decodeRows } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)

interface Job {
  readonly run_id: RunId
  readonly thread_id: ThreadId
}

/** How a worker takes a run up that it was handed. */
export const runTaking = (
  sql: PgClient.PgClient,
  prompt: PgClient.PgClient,
  queue: RunQueue["Service"],
  line: ReturnType<typeof runLine>
) => {
  const steps = stepRows(sql)
  const columns = sql.literal(runColumns)

  /**
   * One statement: it looks at the run and what else is active on its thread, whose lock it has by then. Taken up while
   * it runs, its last worker was lost. None where somebody else has the lock, unless it waits for it.
   */
  const take = (
    job: Job,
    { waits }: { readonly waits: boolean }
  ) =>
    decodeRuns((waits ? sql : prompt)`
      with
        thread as (
          select t.id, t.runs_begun
          from langgraph_server.threads t
          where t.id = ${job.thread_id}
          for update ${sql.literal(waits ? "" : "skip locked")}
        ),
        claimed as (
          update langgraph_server.runs r
          set
            status = 'running',
            attempt = r.attempt + 1,
            lost = r.lost + (r.status = 'running')::int,
            started_at = coalesce(r.started_at, now()),
            steps = r.steps || ${steps.begun},
            nth = coalesce(r.nth, thread.runs_begun + 1),
            updated_at = now()
          from thread
          where r.id = ${job.run_id}
            and r.thread_id = thread.id
            and r.status in ('pending', 'running')
            and not exists (
              select
              from langgraph_server.runs o
              where o.thread_id = r.thread_id
                and o.id <> r.id
                and (o.status = 'running' or (o.status = 'pending' and (o.run_at, o.id) < (r.run_at, r.id)))
            )
          returning ${columns}, r.nth
        ),
        taken as (
          update langgraph_server.threads t
          set
            status = 'busy', interrupts = '{}', graph_id = claimed.graph_id, updated_at = now(),
            runs_begun = greatest(t.runs_begun, claimed.nth),
            -- An update of the state that is under way comes to nothing: the run is about to read it.
            state_claim = null
          from claimed
          where t.id = claimed.thread_id
        )
      select * from claimed`).pipe(
      Effect.map(Array.head),
      // Another of the thread's runs was taken up while we waited for the lock, unseen by this statement.
      Effect.catchIf(
        (error) => SqlError.isSqlError(error) && error.reason._tag === "UniqueViolation",
        () => Effect.succeed(Option.none())
      )
    )

  /** Under the thread's lock, which makes sure: it is taken up, or its job is gone and somebody will offer it again. */
  const takeOrWithdraw = Effect.fnUntraced(function*(job: Job) {
    yield* sql`select t.id from langgraph_server.threads t where t.id = ${job.thread_id} for update`
    const taken = yield* take(job, { waits: true })
    if (Option.isNone(taken)) {
      yield* queue.withdraw(job.run_id)
      yield* sql`
        update langgraph_server.runs
        set offered_at = null
        where id = ${job.run_id} and status = 'pending'`
      // It may be due although nobody of its thread runs: one that is before it, and was for later, is.
      yield* line.offerHead(job.thread_id)
    }
    return taken
  }, sql.withTransaction)

  return Effect.fnUntraced(function*(job: Job) {
    const taken = yield* take(job, { waits: false })
    return Option.isSome(taken) ? taken : yield* takeOrWithdraw(job)
  })
}
