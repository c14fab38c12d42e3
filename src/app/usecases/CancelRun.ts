import { Effect } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import type { CancelAction, RunId } from "../../domain/Run.ts"
import { isActive, RunStillActive } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { Runs } from "../../ports/Runs.ts"
import { findRun } from "./FollowRun.ts"

/** Stops a run; on one that has ended it does nothing. With `wait`, answers when it has ended. */
export const cancelRun = Effect.fn("cancelRun")(function*(
  threadId: ThreadId,
  runId: RunId,
  options: { readonly action: CancelAction; readonly wait: boolean },
  principal: Principal
) {
  const run = yield* findRun(threadId, runId, principal)
  if (!isActive(run.status)) return
  const queue = yield* RunQueue
  yield* queue.cancel(runId, options.action)
  if (options.wait) yield* queue.settled(runId)
})

/** Forgets a run that has ended. */
export const deleteRun = Effect.fn("deleteRun")(function*(threadId: ThreadId, runId: RunId, principal: Principal) {
  const run = yield* findRun(threadId, runId, principal)
  if (isActive(run.status)) return yield* new RunStillActive({ run: runId })
  yield* (yield* Runs).delete(threadId, runId, principal)
})
