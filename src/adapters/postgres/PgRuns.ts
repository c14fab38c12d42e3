import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Schema } from "effect"
import {
  Admission,
  admit,
  type CancelAction,
  canResume,
  isResume,
  NothingToResume,
  type Run,
  RunOutcome,
  ThreadBusy,
  TooManyRuns
} from "../../domain/Run.ts"
import { ThreadNotFound, ThreadStatus } from "../../domain/Thread.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { type AtEnd, type NewRun, Runs } from "../../ports/Runs.ts"
import { orUnavailable } from "./Database.ts"
import { runEnds } from "./RunEnds.ts"
import { runLine } from "./RunLine.ts"
import { runReads } from "./RunReads.ts"
import { CreatedRow, runColumns, RunRow } from "./RunRow.ts"
import { subrunRemoval, threadRemoval } from "./ThreadRemoval.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)
const decodeCreated = decodeRows(CreatedRow)
const decodeThreads = decodeRows(Schema.Struct({ status: ThreadStatus }))
const decodeCounts = decodeRows(Schema.Struct({ active: Schema.Int, waiting: Schema.Int }))

export const PgRuns = Layer.effect(
  Runs,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const queue = yield* RunQueue
    const policy = yield* RunPolicy
    const line = runLine(sql, queue, policy)
    const ends = runEnds(sql, queue, line)
    const removeSubruns = subrunRemoval(sql, threadRemoval(sql, queue))
    const columns = sql.literal(runColumns)

    const due = sql.literal("(r.status = 'running' or (r.status = 'pending' and r.run_at <= clock_timestamp()))")

    /** Active and due, in their order. By runs_active. */
    const activeOn = (threadId: NewRun["thread_id"]) =>
      decodeRuns(sql`
        select ${columns}
        from langgraph_server.runs r
        where r.thread_id = ${threadId}
          and ${due}
        order by r.run_at, r.id`)

    /** How many are active and due on a thread, by runs_active; and of a tenant wait, by runs_waiting, to the limit. */
    const counts = (threadId: NewRun["thread_id"], tenant: string) =>
      decodeCounts(sql`
        select
          (
            select count(*)::int
            from langgraph_server.runs r
            where r.thread_id = ${threadId} and ${due}
          ) as active,
          (
            select count(*)::int
            from (
              select
              from langgraph_server.runs
              where tenant = ${tenant} and status = 'pending'
              limit ${policy.waitingPerTenant}
            ) w
          ) as waiting`).pipe(Effect.flatMap((rows) => Effect.orDie(Effect.fromOption(Array.head(rows)))))

    /**
     * The run, and what its thread shows of it. Which graph's state the thread has is known when the run starts; until its
     * first run has, by this one. The metadata only shows it: chat pages look for their threads by it. The thread is
     * locked, so that the clock gives its runs their order.
     */
    const insert = (run: NewRun, owner: string, place: "head" | "later" | "none") =>
      decodeCreated(sql`
        with
          place as (${line.placeOfNew(run.tenant, place)}),
          r as (
            insert into langgraph_server.runs (
              id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, metadata, request,
              configuration, configured_ms, multitask_strategy, home, traceparent, run_at, offered_at, held_back, turn
            )
            select
              ${run.run_id}, ${run.thread_id}, ${run.assistant_id}, ${run.graph_id}, ${run.assistant_version}, ${owner},
              ${run.tenant}, ${jsonb(sql, run.metadata)}, ${jsonb(sql, run.request)}, ${jsonb(sql, run.configuration)},
              ${run.configured_ms}, ${run.multitask_strategy}, ${run.home}, ${run.traceparent},
              clock_timestamp() + make_interval(secs => ${run.after_seconds}),
              place.offered_at, place.held_back, place.turn
            from place
            returning *
          ),
          thread as (
            update langgraph_server.threads
            set
              status = case when ${run.after_seconds > 0} then status else 'busy' end,
              graph_id = coalesce(graph_id, ${run.graph_id}),
              metadata = metadata || ${jsonb(sql, { graph_id: run.graph_id, assistant_id: run.assistant_id })},
              updated_at = now()
            where id = ${run.thread_id}
          )
        select ${columns}, r.turn::int as turn, r.offered_at is not null as offered
        from r`).pipe(
        Effect.flatMap((rows) => Effect.orDie(Effect.fromOption(Array.head(rows))))
      )

    /** One that waits ends here and now; one that runs is told, and can't succeed any more. With the thread locked. */
    const stop = Effect.fnUntraced(function*(run: Run, action: CancelAction, atEnd: AtEnd) {
      if (run.status === "pending") {
        yield* ends.conclude(run, RunOutcome.Cancelled({ action }), atEnd)
        return
      }
      // Who wants it gone without a trace is not put off because somebody else wanted it stopped before.
      yield* sql`
        update langgraph_server.runs
        set
          cancel_requested = case when cancel_requested = 'rollback' then 'rollback' else ${action} end,
          updated_at = now()
        where id = ${run.run_id}`
      yield* queue.stop(run.run_id, action)
    })

    return Runs.of({
      create: Effect.fn("Runs.create")(
        function*(run, owner, atEnd) {
          const [thread] = yield* decodeThreads(sql`
            select t.status
            from langgraph_server.threads t
            where t.id = ${run.thread_id} and t.owner_id = ${owner.userId}
            for update`)
          if (thread === undefined) return yield* new ThreadNotFound({ thread: run.thread_id })

          const { active, waiting } = yield* counts(run.thread_id, run.tenant)
          const admission = admit(run.multitask_strategy, active)
          let free = active === 0
          if (Admission.$is("Rejected")(admission)) return yield* new ThreadBusy({ thread: run.thread_id })
          if (isResume(run.request) && !canResume(thread.status)) {
            return yield* new NothingToResume({ thread: run.thread_id })
          }
          if (waiting >= policy.waitingPerTenant) {
            return yield* new TooManyRuns({ limit: policy.waitingPerTenant })
          }
          if (admission._tag === "AcceptedAfter") {
            const earlier = yield* activeOn(run.thread_id)
            yield* Effect.forEach(earlier, (one) => stop(one, admission.action, atEnd), { discard: true })
            // Those that wait have ended by now; for one that runs it waits itself.
            free = earlier.every(({ status }) => status === "pending")
          }

          const place = run.after_seconds > 0 ? "later" : free ? "head" : "none"
          const { offered, turn, ...created } = yield* insert(run, owner.userId, place)
          if (offered) yield* line.offer([{ ...created, turn }])
          // Behind others: nothing to do, unless the first of them was forgotten.
          if (place === "none") yield* line.offerHead(created.thread_id)
          return created
        },
        sql.withTransaction,
        orUnavailable
      ),

      ...runReads(sql),

      together: (work) => orUnavailable(sql.withTransaction(work)),

      cancel: Effect.fn("Runs.cancel")(
        function*(runId, action, principal, atEnd) {
          // Whoever writes runs locks their thread first, and looks afterwards: nobody waits in a circle.
          yield* sql`
            select t.id
            from langgraph_server.threads t
            where t.owner_id = ${principal.userId}
              and t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${runId})
            for update`
          const [run] = yield* decodeRuns(sql`
            select ${columns}
            from langgraph_server.runs r
            join langgraph_server.threads t on t.id = r.thread_id
            where r.id = ${runId}
              and r.status in ('pending', 'running')
              and t.owner_id = ${principal.userId}`)
          if (run === undefined) return
          yield* stop(run, action, atEnd)
          if (run.status === "pending") yield* ends.passOn(run, RunOutcome.Cancelled({ action }))
        },
        sql.withTransaction,
        orUnavailable
      ),

      delete: Effect.fn("Runs.delete")(
        function*(threadId, runId, principal) {
          const gone = yield* sql`
            delete from langgraph_server.runs r
            using langgraph_server.threads t
            where r.id = ${runId}
              and r.thread_id = ${threadId}
              and r.status not in ('pending', 'running')
              and t.id = r.thread_id
              and t.owner_id = ${principal.userId}
            returning r.id`
          if (gone.length > 0) {
            yield* sql`delete from langgraph_server.run_events where run_id = ${runId}`
            yield* removeSubruns(runId)
          }
          return gone.length > 0
        },
        sql.withTransaction,
        orUnavailable
      )
    })
  })
)
