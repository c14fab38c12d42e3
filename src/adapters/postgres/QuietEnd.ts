import type { PgClient } from "@effect/sql-pg"
import { Effect, Option, Schema } from "effect"
import { type RunClaim, type RunOutcome, statusAfter } from "../../domain/Run.ts"
import type { AttemptSteps } from "../../domain/RunRecord.ts"
import type { RunEvent } from "../../ports/RunEvents.ts"
import type { JobInsertion } from "./JobInsertion.ts"
import type { LogEnds } from "./LogEnds.ts"
import { isClaims } from "./RunClaims.ts"
import type { runLine } from "./RunLine.ts"
import { stepRows } from "./RunRecordRow.ts"
import { decodeRows } from "./Values.ts"

const decodeEnds = decodeRows(Schema.Struct({
  first_id: Schema.NullOr(Schema.Int),
  last_id: Schema.NullOr(Schema.Int),
  offered: Schema.Int
}))

/**
 * How almost every run ends: it has come to its end, nobody has meddled, and to close its log is all there is to do beside.
 * That is one statement, which waits for nobody; so it does nothing where the thread is locked or has changed since it
 * began to look, or where the run is to stop.
 */
export const quietEnd = (
  sql: PgClient.PgClient,
  line: ReturnType<typeof runLine>,
  logs: LogEnds["Service"],
  jobs: JobInsertion["Service"]
) => {
  const steps = stepRows(sql)

  return Effect.fnUntraced(function*(
    claim: RunClaim,
    outcome: Extract<RunOutcome, { readonly _tag: "Completed" }>,
    noted: AttemptSteps,
    lastWords: ReadonlyArray<RunEvent>
  ) {
    const jobsOfNext = yield* jobs.of("next")
    if (Option.isNone(jobsOfNext)) return false
    const log = logs.closing(claim, lastWords)
    const status = statusAfter(outcome)
    const [end] = yield* decodeEnds(sql`
      with
        seen as materialized (
          select t.id, t.ctid
          from langgraph_server.threads t
          where t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${claim.run_id})
        ),
        thread as materialized (
          select t.id, t.ctid = seen.ctid as unchanged
          from langgraph_server.threads t
          join seen on seen.id = t.id
          for update of t skip locked
        ),
        ended as (
          update langgraph_server.runs r
          set status = ${status.run}, failure = null, ${steps.noted(noted)}, updated_at = now()
          from thread
          where ${isClaims(sql, claim)}
            and r.cancel_requested is null
            and r.thread_id = thread.id
            and thread.unchanged
          returning r.id, r.thread_id, r.owner_id, r.tenant
        ),
        log as (${log.insertion(sql`select thread_id, owner_id from ended`)}),
        gone as (select id, thread_id, tenant from ended),
        ${line.after.all(line.after.leaveThread(status.thread, outcome.waiting ? outcome.interrupts : {}))},
        job as (${jobsOfNext.value})
      select log.first_id, log.last_id, (select count(*) from next)::int as offered
      from ended
      left join log on true`)
    if (end === undefined) return false
    if (end.offered > 0) yield* jobs.inserted
    const { first_id, last_id } = end
    yield* log.closed(first_id === null || last_id === null ? undefined : { first_id, last_id })
    return true
  })
}
