import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { failureOf, type Run, RunOutcome, statusAfter } from "../../domain/Run.ts"
import type { RunQueue } from "../../ports/RunQueue.ts"
import type { AtEnd } from "../../ports/Runs.ts"
import { checkpoints } from "./Checkpoints.ts"
import type { runLine } from "./RunLine.ts"
import { threadRemoval } from "./ThreadRemoval.ts"
import { jsonb } from "./Values.ts"

const waitingIn = RunOutcome.$match({
  Completed: ({ interrupts, waiting }): JsonObject => waiting ? interrupts : {},
  Cancelled: (): JsonObject => ({}),
  TimedOut: (): JsonObject => ({}),
  Failed: (): JsonObject => ({})
})

/** What the end of a run is, in one transaction with its thread locked, whoever brings it about. */
export const runEnds = (
  sql: PgClient.PgClient,
  queue: RunQueue["Service"],
  line: ReturnType<typeof runLine>
) => {
  const remove = threadRemoval(sql, queue)

  const write = (run: Run, outcome: RunOutcome) => {
    const failure = failureOf(outcome)
    return sql`
      update langgraph_server.runs
      set
        status = ${statusAfter(outcome).run},
        failure = ${failure === null ? sql`null` : jsonb(sql, failure)},
        updated_at = now()
      where id = ${run.run_id}`
  }

  /** Takes the run back with what it has put on its thread. */
  const undo = (run: Run) =>
    Effect.andThen(
      sql`delete from langgraph_server.runs where id = ${run.run_id}`,
      checkpoints(sql).undo(run.thread_id, run.run_id)
    )

  /** The run itself; what comes next on its thread is `passOn`'s. */
  const conclude = Effect.fnUntraced(function*(run: Run, outcome: RunOutcome, atEnd: AtEnd) {
    yield* outcome._tag === "Cancelled" && outcome.action === "rollback" ? undo(run) : write(run, outcome)
    yield* atEnd(run, outcome)
    yield* queue.withdraw(run.run_id)
  })

  /** The thread goes to whoever is next on it, and the share of the tenant to whoever was held back. */
  const passOn = Effect.fnUntraced(function*(run: Run, outcome: RunOutcome) {
    if (run.request.temporary) {
      yield* remove([run.thread_id], run.run_id)
    } else {
      yield* run.started_at === null
        ? line.leaveUntouched(run.thread_id)
        : line.leaveThread(run.thread_id, statusAfter(outcome).thread, waitingIn(outcome))
      yield* line.offerHead(run.thread_id)
    }
    yield* line.offerHeldBack(run.tenant)
  })

  return { conclude, passOn }
}
