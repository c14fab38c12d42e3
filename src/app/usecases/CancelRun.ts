import { Effect, Stream } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import type { CancelAction, RunId } from "../../domain/Run.ts"
import { isActive, RunStillActive } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { afterAll, RunEvents } from "../../ports/RunEvents.ts"
import { Runs } from "../../ports/Runs.ts"
import { unexecuted } from "./EndRun.ts"
import { findRun } from "./FollowRun.ts"

const cancel = Effect.fnUntraced(function*(runId: RunId, action: CancelAction, principal: Principal) {
  yield* (yield* Runs).cancel(runId, action, principal, yield* unexecuted)
})

/** Stops a run; on one that has ended it does nothing. With `wait`, answers when it has ended. */
export const cancelRun = Effect.fn("cancelRun")(function*(
  threadId: ThreadId,
  runId: RunId,
  options: { readonly action: CancelAction; readonly wait: boolean },
  principal: Principal
) {
  const run = yield* findRun(threadId, runId, principal)
  if (!isActive(run.status)) return
  yield* cancel(runId, options.action, principal)
  if (options.wait) yield* Stream.runDrain((yield* RunEvents).read(runId, afterAll))
})

/** Stops the caller's runs that are active: of a thread, by id, by status, or all of them. */
export const cancelRuns = Effect.fn("cancelRuns")(function*(
  which: Parameters<Runs["Service"]["active"]>[0],
  action: CancelAction,
  principal: Principal
) {
  const active = yield* (yield* Runs).active(which, principal)
  yield* Effect.forEach(active, (runId) => cancel(runId, action, principal), { discard: true })
})

/** Forgets a run that has ended. */
export const deleteRun = Effect.fn("deleteRun")(function*(threadId: ThreadId, runId: RunId, principal: Principal) {
  const run = yield* findRun(threadId, runId, principal)
  if (isActive(run.status)) return yield* new RunStillActive({ run: runId })
  yield* (yield* Runs).delete(threadId, runId, principal)
})
