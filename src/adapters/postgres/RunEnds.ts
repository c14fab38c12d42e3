import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { failureOf, type Run, RunOutcome, statusAfter } from "../../domain/Run.ts"
import type { RunQueue } from "../../ports/RunQueue.ts"
import type { AtEnd } from "../../ports/Runs.ts"
import { checkpoints } from "./Checkpoints.ts"
import type { runLine } from "./RunLine.ts"
import { subrunRemoval, threadRemoval } from "./ThreadRemoval.ts"
import { jsonb } from "./Values.ts"

/** What the end of a run is, in one transaction with its thread locked, whoever brings it about. */
export const runEnds = (
  sql: PgClient.PgClient,
  queue: RunQueue["Service"],
  line: ReturnType<typeof runLine>
) => {
  const remove = threadRemoval(sql, queue)
  const removeSubruns = subrunRemoval(sql, remove)

  const writing = (outcome: RunOutcome) => {
    const failure = failureOf(outcome)
    return { status: statusAfter(outcome).run, failure: failure === null ? sql`null` : jsonb(sql, failure) }
  }

  const write = (run: Run, outcome: RunOutcome) => {
    const { failure, status } = writing(outcome)
    return sql`
      update langgraph_server.runs
      set status = ${status}, failure = ${failure}, updated_at = now()
      where id = ${run.run_id}`
  }

  /** Takes the run back with what it has put on its thread, and what it had other agents do. */
  const undo = Effect.fnUntraced(function*(run: Run) {
    yield* sql`delete from langgraph_server.runs where id = ${run.run_id}`
    yield* checkpoints(sql).undo(run.thread_id, run.run_id)
    yield* removeSubruns(run.run_id)
  })

  /** What comes with an end that is written; one that is to leave no trace leaves none. */
  const follow = Effect.fnUntraced(function*(run: Run, outcome: RunOutcome, atEnd: AtEnd) {
    if (outcome._tag === "Cancelled" && outcome.action === "rollback") yield* undo(run)
    yield* atEnd(run, outcome)
    yield* queue.withdraw(run.run_id)
  })

  /** One that came to its end says what it waits for; what any other has left open, or opened again, is in its state. */
  const waitingAfter = (run: Run, outcome: RunOutcome) =>
    outcome._tag === "Completed"
      ? Effect.succeed<JsonObject>(outcome.waiting ? outcome.interrupts : {})
      : checkpoints(sql).questions(run.thread_id)

  return {
    writing,
    follow,

    /** The run itself; what comes next on its thread is `passOn`'s. */
    conclude: (run: Run, outcome: RunOutcome, atEnd: AtEnd) =>
      Effect.andThen(write(run, outcome), follow(run, outcome, atEnd)),

    /** The thread goes to whoever is next on it, and the share of the tenant to whoever was held back. */
    passOn: Effect.fnUntraced(function*(run: Run, outcome: RunOutcome) {
      if (!run.request.temporary) {
        const interrupts = yield* waitingAfter(run, outcome)
        return yield* line.passOn(run, statusAfter(outcome, Object.keys(interrupts).length > 0).thread, interrupts)
      }
      yield* remove([run.thread_id], run.run_id)
      yield* line.offerHeldBack(run.tenant)
    }, Effect.asVoid)
  }
}
