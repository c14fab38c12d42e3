import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Schema } from "effect"
import { CancelAction, type RunClaim, RunId, RunOutcome, settledOutcome } from "../../domain/Run.ts"
import type { AttemptSteps } from "../../domain/RunRecord.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { type AtEnd, RunLedger } from "../../ports/Runs.ts"
import { orUnavailable } from "./Database.ts"
import { forgottenRuns } from "./ForgottenRuns.ts"
import { JobInsertion } from "./JobInsertion.ts"
import { LogEnds } from "./LogEnds.ts"
import { PromptSql } from "./PromptSql.ts"
import { quietEnd } from "./QuietEnd.ts"
import { isClaims } from "./RunClaims.ts"
import { runEnds } from "./RunEnds.ts"
import { runLine } from "./RunLine.ts"
import { stepRows } from "./RunRecordRow.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { runTaking } from "./RunTaking.ts"
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

    const prompt = yield* PromptSql
    const endQuietly = Option.map(
      Option.all([yield* Effect.serviceOption(LogEnds), yield* Effect.serviceOption(JobInsertion)]),
      ([logs, jobs]) => quietEnd(prompt, line, logs, jobs)
    )
    const isMine = (claim: RunClaim) => isClaims(sql, claim)

    /** Whatever it came to, and whatever has come in between. */
    const settle = Effect.fnUntraced(
      function*(claim: RunClaim, outcome: RunOutcome, noted: AttemptSteps | null, atEnd: AtEnd) {
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
      sql.withTransaction
    )

    return RunLedger.of({
      claim: Effect.fn("RunLedger.claim")(runTaking(sql, prompt, queue, line), orUnavailable),

      losses: Effect.fn("RunLedger.losses")(function*(runId) {
        const [run] = yield* decodeLosses(sql`
          select r.lost + (r.status = 'running')::int as lost from langgraph_server.runs r where r.id = ${runId}`)
        return run?.lost ?? 0
      }, orUnavailable),

      settle: Effect.fn("RunLedger.settle")(function*(claim, outcome, noted, atEnd, lastWords) {
        if (
          Option.isSome(endQuietly) && RunOutcome.$is("Completed")(outcome) && noted !== null && lastWords !== undefined
          && (yield* endQuietly.value(claim, outcome, noted, lastWords))
        ) return Option.some(outcome)
        return yield* settle(claim, outcome, noted, atEnd)
      }, orUnavailable),

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
