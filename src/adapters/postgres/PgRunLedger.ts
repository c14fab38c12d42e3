import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Schema } from "effect"
import { SqlError } from "effect/sql"
import { CancelAction, type RunClaim, RunId, settledOutcome } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { RunLedger } from "../../ports/Runs.ts"
import { orUnavailable } from "./Database.ts"
import { forgottenRuns } from "./ForgottenRuns.ts"
import { runEnds } from "./RunEnds.ts"
import { runLine } from "./RunLine.ts"
import { stepRows } from "./RunRecordRow.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { decodeRows } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)
const decodeIds = decodeRows(Schema.Struct({ run_id: RunId }))
const decodeLosses = decodeRows(Schema.Struct({ lost: Schema.Int }))
const decodeStopRequests = decodeRows(Schema.Struct({ run_id: RunId, action: CancelAction }))
const decodeBacklog = decodeRows(
  Schema.Struct({ waiting: Schema.Int, running: Schema.Int, oldestSeconds: Schema.Number })
)

export const PgRunLedger = Layer.effect(
  RunLedger,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const queue = yield* RunQueue
    const line = runLine(sql, queue, yield* RunPolicy)
    const ends = runEnds(sql, queue, line)
    const steps = stepRows(sql)
    const columns = sql.literal(runColumns)

    const isMine = ({ attempt, run_id }: RunClaim) =>
      sql`r.id = ${run_id} and r.attempt = ${attempt} and r.status = 'running'`

    /**
     * One statement: it looks at the run and what else is active on its thread, whose lock it has by then. Taken up while
     * it runs, its last worker was lost.
     */
    const take = (job: { readonly run_id: RunId; readonly thread_id: ThreadId }) =>
      decodeRuns(sql`
        with
          thread as (
            select t.id, t.runs_begun from langgraph_server.threads t where t.id = ${job.thread_id} for update
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
    const takeOrWithdraw = Effect.fnUntraced(function*(job: { readonly run_id: RunId; readonly thread_id: ThreadId }) {
      yield* sql`select t.id from langgraph_server.threads t where t.id = ${job.thread_id} for update`
      const taken = yield* take(job)
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

    return RunLedger.of({
      claim: Effect.fn("RunLedger.claim")(function*(job) {
        const taken = yield* take(job)
        return Option.isSome(taken) ? taken : yield* takeOrWithdraw(job)
      }, orUnavailable),

      losses: Effect.fn("RunLedger.losses")(function*(runId) {
        const [run] = yield* decodeLosses(sql`
          select r.lost + (r.status = 'running')::int as lost from langgraph_server.runs r where r.id = ${runId}`)
        return run?.lost ?? 0
      }, orUnavailable),

      settle: Effect.fn("RunLedger.settle")(
        function*(claim, outcome, noted, atEnd) {
          // Whoever writes runs locks their thread first: nobody waits in a circle. The run is looked at once more when
          // its row is there: what it is by then decides.
          const { failure, status } = ends.writing(outcome)
          const [run] = yield* decodeRuns(sql`
            with
              thread as (
                select t.id
                from langgraph_server.threads t
                where t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${claim.run_id})
                for update
              ),
              ended as (
                update langgraph_server.runs r
                set
                  status = case when r.cancel_requested is null then ${status} else 'interrupted' end,
                  failure = case when r.cancel_requested is null then ${failure}::jsonb end,
                  ${noted === null ? sql`` : sql`${steps.noted(noted)},`}
                  updated_at = now()
                from thread
                where ${isMine(claim)} and r.thread_id = thread.id
                returning ${columns}
              )
            select * from ended`)
          if (run === undefined) return Option.none()
          const settled = settledOutcome(outcome, run.cancel_requested)
          yield* ends.follow(run, settled, atEnd)
          yield* ends.passOn(run, settled)
          return Option.some(settled)
        },
        sql.withTransaction,
        orUnavailable
      ),

      // What it does while it runs is no change of the run.
      note: Effect.fn("RunLedger.note")(function*(claim, noted) {
        yield* sql`update langgraph_server.runs r set ${steps.noted(noted)} where ${isMine(claim)}`
      }, orUnavailable),

      release: Effect.fn("RunLedger.release")(function*(claim, noted) {
        yield* sql`
          update langgraph_server.runs r
          set status = 'pending', ${steps.noted(noted)}, updated_at = now()
          where ${isMine(claim)}`
      }, orUnavailable),

      stopRequests: Effect.fn("RunLedger.stopRequests")(function*(runIds) {
        return yield* decodeStopRequests(sql`
          select r.id as run_id, r.cancel_requested as action
          from langgraph_server.runs r
          where r.id = any(${runIds}::uuid[]) and r.cancel_requested is not null`)
      }, orUnavailable),

      offerForgotten: forgottenRuns(sql, queue, line),

      // By runs_active.
      backlog: decodeBacklog(sql`
        select
          (count(*) filter (where r.status = 'pending'))::int as waiting,
          (count(*) filter (where r.status = 'running'))::int as running,
          coalesce(extract(epoch from now() - min(r.run_at) filter (where r.status = 'pending')), 0)::float8
            as "oldestSeconds"
        from langgraph_server.runs r
        where r.status in ('pending', 'running') and r.run_at <= now()`).pipe(
        Effect.flatMap((rows) => Effect.orDie(Effect.fromOption(Array.head(rows)))),
        Effect.withSpan("RunLedger.backlog"),
        orUnavailable
      ),

      stillActive: Effect.fn("RunLedger.stillActive")(function*(runIds) {
        const active = yield* decodeIds(sql`
          select r.id as run_id
          from langgraph_server.runs r
          where r.id = any(${runIds}::uuid[]) and r.status in ('pending', 'running')`)
        return active.map(({ run_id }) => run_id)
      }, orUnavailable)
    })
  })
)
