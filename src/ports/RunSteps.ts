import type { RunStep, StepKind, TokenUsage } from "../domain/RunRecord.ts"

/** How a step ended. */
export interface StepEnd {
  readonly usage?: TokenUsage | null
  /** In redacted words. */
  readonly error?: string | null
  /** If somebody knows better than what has passed since it began. */
  readonly ms?: number | null
}

/** Notes what a run's time goes into, while it goes. Nothing of it waits, or fails. */
export interface RunSteps {
  /** A step begins; who calls what comes back ends it. `call`: the id of the model's tool call that it is. */
  readonly begin: (
    kind: Exclude<StepKind, "checkpoints" | "configuration" | "queue">,
    name: string,
    call?: string
  ) => (end?: StepEnd) => void
  /** The call of a tool turns out to be another agent's run. */
  readonly subrun: (call: string, run: NonNullable<RunStep["subrun"]>) => void
  /** A checkpoint is being written; who calls what comes back says that it is there. */
  readonly writing: () => () => void
}

/** For runs of which nobody keeps a record. */
export const unwatched: RunSteps = { begin: () => () => {}, subrun: () => {}, writing: () => () => {} }
