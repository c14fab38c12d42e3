import type { Effect, Stream } from "effect"
import { Context } from "effect"
import type { Run, RunClaim, RunId } from "../domain/Run.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** A frame of a run's stream; `data` is JSON text in one line, serialised once however many read it. */
export interface RunEvent {
  readonly event: string
  readonly data: string
}

export interface NumberedRunEvent extends RunEvent {
  /** From 0, without gaps. */
  readonly id: number
}

export interface ReadOptions {
  /** False: it was not taken up a moment ago, so that there will be nothing to read yet. A guess, which may be wrong. */
  readonly begun?: boolean
}

/**
 * What a run tells, while it runs and for a while after, on whichever replica it is read. A run's log is there as soon
 * as the run is: whoever reads before it starts misses nothing.
 */
export class RunEvents extends Context.Service<RunEvents, {
  /**
   * Adds to a run's log. Returns at once, or waits where too much is not written yet; what an overtaken claim publishes
   * is void.
   */
  readonly publish: (claim: RunClaim, events: ReadonlyArray<RunEvent>) => Effect.Effect<void>
  /** Returns when everything published so far is kept, or void. */
  readonly flush: (runId: RunId) => Effect.Effect<void>
  /**
   * The last events of a log: no more will come, and readers end after them. Inside the transaction that ends the run,
   * after `flush`. A log that nobody has written to yet begins with its metadata frame.
   */
  readonly end: (
    run: Pick<Run, "run_id" | "thread_id" | "owner" | "attempt">,
    events: ReadonlyArray<RunEvent>
  ) => Effect.Effect<void, StorageUnavailable>
  /**
   * Everything after the given id (-1: from the beginning), then live until the end. Ends at once if the log is gone; a
   * database that is away meanwhile is waited for.
   */
  readonly read: (runId: RunId, after: number, options?: ReadOptions) => Stream.Stream<NumberedRunEvent>
}>()("throughline/ports/RunEvents") {}

/** The last entry of a log: what waiting for the run answers. Readers of the stream are not shown it. */
export const resultEvent = "__result__"

/** An id after all others: for whoever waits for the end alone. */
export const afterAll = Number.MAX_SAFE_INTEGER

/** The first frame of each attempt. */
export const metadataEvent = (claim: RunClaim): RunEvent => ({
  event: "metadata",
  data: JSON.stringify({ run_id: claim.run_id, attempt: claim.attempt })
})
