import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import { Admission, admit, type CancelAction, type Run, RunOutcome, ThreadBusy, TooManyRuns } from "../../domain/Run.ts"
import { canResume, isResume, NothingToResume } from "../../domain/RunRequest.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { type AtEnd, type NewRun, Runs } from "../../ports/Runs.ts"
import { orUnavailable } from "./Database.ts"
import { JobInsertion } from "./JobInsertion.ts"
import { PromptSql } from "./PromptSql.ts"
import { runAdmission } from "./RunAdmission.ts"
import { runEnds } from "./RunEnds.ts"
import { runLine } from "./RunLine.ts"
import { runReads } from "./RunReads.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { subrunRemoval, threadRemoval } from "./ThreadRemoval.ts"
import { decodeRows } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)

export const PgRuns = Layer.effect(
  Runs,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const queue = yield* RunQueue
    const policy = yield* RunPolicy
    const line = runLine(sql, queue, policy)
    const ends = runEnds(sql, queue, line)
    const removeSubruns = subrunRemoval(sql, threadRemoval(sql, queue))
    const { activeOn, insert, insertIfFree, lock } = runAdmission(sql, yield* PromptSql, policy, line)
    const jobs = yield* Effect.serviceOption(JobInsertion)
    const columns = sql.literal(runColumns)

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

    /** By the multitask rule, whatever else is on its thread. */
    const admitted = Effect.fnUntraced(
      function*(run: NewRun, owner: Principal, atEnd: AtEnd) {
        const { active, status, waiting } = yield* lock(run.thread_id, run.tenant, owner)
        const admission = admit(run.multitask_strategy, active)
        let free = active === 0
        if (Admission.$is("Rejected")(admission)) return yield* new ThreadBusy({ thread: run.thread_id })
        if (isResume(run.request) && !canResume(status)) {
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
        const { offered, turn, ...created } = yield* insert(run, owner, place)
        if (offered) yield* line.offer([{ ...created, turn }])
        // Behind others: nothing to do, unless the first of them was forgotten.
        if (place === "none") yield* line.offerHead(created.thread_id)
        return created
      },
      sql.withTransaction
    )

    const insertedAtOnce = Effect.fnUntraced(function*(run: NewRun, owner: Principal) {
      if (Option.isNone(jobs) || run.after_seconds > 0 || isResume(run.request)) return Option.none()
      const inserted = yield* insertIfFree(run, owner, jobs.value)
      if (Option.isNone(inserted)) return Option.none()
      const { offered, turn: _, ...created } = inserted.value
      if (offered) yield* jobs.value.inserted
      return Option.some(created)
    })

    return Runs.of({
      create: Effect.fn("Runs.create")(function*(run, owner, atEnd) {
        const inserted = yield* insertedAtOnce(run, owner)
        return Option.isSome(inserted) ? inserted.value : yield* admitted(run, owner, atEnd)
      }, orUnavailable),

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
