import { PgClient } from "@effect/sql-pg"
import { Array, Duration, Effect, Layer, Schema } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { RunId, RunOutcome, statusAfter } from "../../domain/Run.ts"
import { ThreadId, type ThreadStatus } from "../../domain/Thread.ts"
import { RunLedger } from "../../ports/Runs.ts"
import { checkpoints } from "./Checkpoints.ts"
import { orUnavailable } from "./Database.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)
const decodeRunIds = decodeRows(Schema.Struct({ run_id: RunId }))
const decodeThreadIds = decodeRows(Schema.Struct({ thread_id: ThreadId }))

const waitingIn = RunOutcome.$match({
  Completed: ({ interrupts, waiting }): JsonObject => waiting ? interrupts : {},
  Cancelled: (): JsonObject => ({}),
  Failed: (): JsonObject => ({})
})

export const PgRunLedger = Layer.effect(
  RunLedger,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    /**
     * Whoever writes runs locks their thread first and looks afterwards, in a statement of its own: nobody waits in a
     * circle, and what else is active on the thread is known as of now.
     */
    const lockThreadOf = (runId: RunId) =>
      sql`
        select t.id
        from langgraph_server.threads t
        where t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${runId})
        for update`

    /** Threads after one of their runs has ended: still busy where another is active, by runs_active. */
    const leaveThreads = (threadIds: ReadonlyArray<ThreadId>, status: ThreadStatus, interrupts: JsonObject) =>
      sql`
        update langgraph_server.threads t
        set
          status = case
            when exists (
              select
              from langgraph_server.runs r
              where r.thread_id = t.id and r.status in ('pending', 'running')
            )
            then 'busy'
            else ${status}
          end,
          interrupts = ${jsonb(sql, interrupts)},
          updated_at = now()
        where t.id = any(${threadIds}::uuid[])`

    return RunLedger.of({
      // One statement: it looks at nothing but the run itself, whose status the update checks again once it has the row.
      claim: Effect.fn("RunLedger.claim")(function*(runId) {
        const claimed = yield* decodeRuns(sql`
          with
            thread as (${lockThreadOf(runId)}),
            claimed as (
              update langgraph_server.runs r
              set status = 'running', attempt = r.attempt + 1, updated_at = now()
              from thread
              where r.id = ${runId} and r.thread_id = thread.id and r.status = 'pending'
              returning ${sql.literal(runColumns)}
            ),
            taken as (
              update langgraph_server.threads t
              set status = 'busy', interrupts = '{}', graph_id = claimed.graph_id, updated_at = now()
              from claimed
              where t.id = claimed.thread_id
            )
          select * from claimed`)
        return Array.head(claimed)
      }, orUnavailable),

      settle: Effect.fn("RunLedger.settle")(
        function*(runId, attempt, outcome) {
          const after = statusAfter(outcome)
          const failure = outcome._tag === "Failed" ? jsonb(sql, outcome.failure) : sql`null`
          yield* lockThreadOf(runId)
          const [settled] = yield* decodeThreadIds(sql`
            update langgraph_server.runs r
            set status = ${after.run}, failure = ${failure}, updated_at = now()
            where r.id = ${runId}
              and r.attempt = ${attempt}
              and r.status in ('pending', 'running')
            returning r.thread_id`)
          if (settled !== undefined) yield* leaveThreads([settled.thread_id], after.thread, waitingIn(outcome))
          return settled !== undefined
        },
        sql.withTransaction,
        orUnavailable
      ),

      noteTools: Effect.fn("RunLedger.noteTools")(function*(runId, attempt, report) {
        yield* sql`
          update langgraph_server.runs
          set tools = ${jsonb(sql, report)}, updated_at = now()
          where id = ${runId}
            and attempt = ${attempt}
            and status in ('pending', 'running')`
      }, orUnavailable),

      rollback: Effect.fn("RunLedger.rollback")(
        function*(runId) {
          yield* lockThreadOf(runId)
          const [gone] = yield* decodeThreadIds(sql`
            delete from langgraph_server.runs where id = ${runId} returning thread_id`)
          if (gone === undefined) return
          yield* checkpoints(sql).undo(gone.thread_id, runId)
          yield* leaveThreads([gone.thread_id], "idle", {})
        },
        sql.withTransaction,
        orUnavailable
      ),

      renew: Effect.fn("RunLedger.renew")(function*(runIds) {
        const ended = yield* decodeRunIds(sql`
          with renewed as (
            update langgraph_server.runs
            set renewed_at = now()
            where id = any(${runIds}::uuid[]) and status in ('pending', 'running')
          )
          select r.id as run_id
          from langgraph_server.runs r
          where r.id = any(${runIds}::uuid[]) and r.status not in ('pending', 'running')`)
        return ended.map(({ run_id }) => run_id)
      }, orUnavailable),

      settleOrphans: Effect.fn("RunLedger.settleOrphans")(
        function*(failure, unrenewedFor) {
          const seconds = Duration.toSeconds(unrenewedFor)
          // Threads before runs, as everybody locks them, and always in the same order: nobody waits in a circle.
          yield* sql`
            select t.id
            from langgraph_server.threads t
            where exists (
              select
              from langgraph_server.runs r
              where r.thread_id = t.id
                and r.status in ('pending', 'running')
                and r.renewed_at < now() - make_interval(secs => ${seconds})
            )
            order by t.id
            for update`
          // By runs_active. Nobody waits for a stateless run any more, and its thread was to go with it.
          const temporary = yield* decodeThreadIds(sql`
            delete from langgraph_server.threads t
            using langgraph_server.runs r
            where r.thread_id = t.id
              and r.status in ('pending', 'running')
              and r.renewed_at < now() - make_interval(secs => ${seconds})
              and r.request -> 'temporary' = 'true'
            returning t.id as thread_id`)
          if (temporary.length > 0) yield* checkpoints(sql).deleteOf(temporary.map(({ thread_id }) => thread_id))
          const orphans = yield* decodeThreadIds(sql`
            update langgraph_server.runs r
            set status = 'error', failure = ${jsonb(sql, failure)}, updated_at = now()
            where r.status in ('pending', 'running')
              and r.renewed_at < now() - make_interval(secs => ${seconds})
            returning r.thread_id`)
          yield* leaveThreads(orphans.map(({ thread_id }) => thread_id), "error", {})
          return temporary.length + orphans.length
        },
        sql.withTransaction,
        orUnavailable
      ),

      sweepThread: Effect.fn("RunLedger.sweepThread")(
        function*(threadId) {
          const there = yield* sql`select t.id from langgraph_server.threads t where t.id = ${threadId} for share`
          if (there.length === 0) yield* checkpoints(sql).deleteOf([threadId])
        },
        sql.withTransaction,
        orUnavailable
      ),

      dropThread: Effect.fn("RunLedger.dropThread")(
        function*(threadId) {
          yield* sql`delete from langgraph_server.threads where id = ${threadId}`
          yield* checkpoints(sql).deleteOf([threadId])
        },
        sql.withTransaction,
        orUnavailable
      )
    })
  })
)
