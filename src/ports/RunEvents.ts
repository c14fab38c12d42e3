import type { Effect, Stream } from "effect"
import { Context } from "effect"
import type { RunId } from "../domain/Run.ts"

/** A frame of a run's stream; `data` is JSON text, serialised once however many read it. */
export interface RunEvent {
  readonly event: string
  readonly data: string
}

export interface NumberedRunEvent extends RunEvent {
  /** From 0, without gaps. */
  readonly id: number
}

/** What a run tells, while it runs and for a while after. */
export class RunEvents extends Context.Service<RunEvents, {
  /** Opens the log of a run, so that whoever subscribes before it starts misses nothing. */
  readonly open: (runId: RunId) => Effect.Effect<void>
  readonly publish: (runId: RunId, events: ReadonlyArray<RunEvent>) => Effect.Effect<void>
  /** No more will come; readers end after the last. */
  readonly close: (runId: RunId) => Effect.Effect<void>
  /** Everything after the given id (-1: from the beginning), then live until the end. Empty if the log is gone. */
  readonly read: (runId: RunId, after: number) => Stream.Stream<NumberedRunEvent>
}>()("throughline/ports/RunEvents") {}

/** The last entry of a log: what waiting for the run answers. Readers of the stream are not shown it. */
export const resultEvent = "__result__"
