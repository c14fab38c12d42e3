import type { Effect } from "effect"
import { Context } from "effect"
import type { CancelAction, Run, RunId } from "../domain/Run.ts"
import type { RunCredentials } from "./RunCredentials.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/**
 * Gets runs executed, one at a time per thread, in order. Nobody but its adapters knows where or how; what a run does
 * is `RunHandler`'s.
 */
export class RunQueue extends Context.Service<RunQueue, {
  /**
   * Puts a run in line, inside the transaction that creates it: no run without a place, no place without a run, and the
   * order of a thread's runs is the order of their commits. A queue that is not part of that transaction waits for
   * `created`, which says whether it was committed. Idempotent by run id.
   * `credentials` stay in memory: they are not to be written anywhere.
   */
  readonly enqueue: (
    run: Run,
    credentials: RunCredentials,
    created: Effect.Effect<boolean>
  ) => Effect.Effect<void, StorageUnavailable>
  /** Wants a run stopped; answers when that is under way. `settled` answers when the run has ended. */
  readonly cancel: (runId: RunId, action: CancelAction) => Effect.Effect<void, StorageUnavailable>
  /** Returns when the run has ended, or at once if this queue does not hold it. */
  readonly settled: (runId: RunId) => Effect.Effect<void>
  /** The runs that this process has in its hands, queued or running. */
  readonly held: Effect.Effect<ReadonlyArray<RunId>>
}>()("throughline/ports/RunQueue") {}

/** What happens to a run that the queue hands out. */
export class RunHandler extends Context.Service<RunHandler, {
  /**
   * Runs it to its end and writes that, whatever it is. `stop` answers when somebody wants it stopped, and how;
   * interrupting `execute`, or a `stop` that is interrupted, means that this process ends.
   */
  readonly execute: (
    runId: RunId,
    credentials: RunCredentials,
    stop: Effect.Effect<CancelAction>
  ) => Effect.Effect<void>
}>()("throughline/ports/RunHandler") {}
