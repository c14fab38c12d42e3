import { Data, Schema } from "effect"
import type { AssistantId } from "./Assistant.ts"
import type { EffectiveConfig } from "./EffectiveConfig.ts"
import type { JsonObject } from "./Json.ts"
import type { UserId } from "./Principal.ts"
import type { RunRequest } from "./RunRequest.ts"
import type { ThreadId, ThreadStatus } from "./Thread.ts"
import type { ToolReport } from "./ToolReport.ts"

/** A UUIDv7 in lower case: later runs sort later. */
export const RunId = Schema.NonEmptyString.pipe(Schema.brand("RunId"))
export type RunId = typeof RunId.Type

export const RunStatus = Schema.Literals(["pending", "running", "error", "success", "timeout", "interrupted"])
export type RunStatus = typeof RunStatus.Type

export const isActive = (status: RunStatus): boolean => status === "pending" || status === "running"

export const MultitaskStrategy = Schema.Literals(["reject", "enqueue", "interrupt", "rollback"])
export type MultitaskStrategy = typeof MultitaskStrategy.Type

/** How to stop: keep what the run has done, or undo its checkpoints and forget it. */
export const CancelAction = Schema.Literals(["interrupt", "rollback"])
export type CancelAction = typeof CancelAction.Type

/**
 * A worker's right to a run. Each time a run is taken up the attempt grows, and what an earlier one writes is void: a
 * process that was given up for lost may wake again.
 */
export interface RunClaim {
  readonly run_id: RunId
  readonly attempt: number
}

export interface RunFailure {
  readonly error: string
  readonly message: string
}

/** What an agent's run is part of that another agent called. */
export interface ParentRun {
  readonly run_id: RunId
  readonly thread_id: ThreadId
  /** Which of its calls this is: the same one when the parent is taken up again and comes to it once more. */
  readonly call: string
  /** The assistants whose runs led here, outermost first, the parent's last. */
  readonly line: ReadonlyArray<AssistantId>
}

export interface Run {
  readonly run_id: RunId
  readonly thread_id: ThreadId
  readonly assistant_id: AssistantId
  readonly graph_id: string
  readonly assistant_version: number
  readonly owner: UserId
  /** Whose share of the workers it uses: the organisation whose agent it runs, or else its owner. */
  readonly tenant: string
  readonly status: RunStatus
  /** How often a worker took it up; a write of an earlier attempt is void. */
  readonly attempt: number
  /** How many of them ended with their process. */
  readonly lost: number
  /** Not to be started before. */
  readonly run_at: Date
  /** When it was first taken up. */
  readonly started_at: Date | null
  /** The replica that has what only its memory may hold: the caller's token, the run's own secrets. */
  readonly home: string | null
  /** How somebody wants it stopped: from then on it can't succeed. */
  readonly cancel_requested: CancelAction | null
  /** The trace it belongs to, as W3C's `traceparent`. */
  readonly traceparent: string | null
  readonly metadata: JsonObject
  readonly request: RunRequest
  /** Secrets are masked: what is pinned here is what may be shown. */
  readonly configuration: EffectiveConfig
  readonly multitask_strategy: MultitaskStrategy
  readonly tools: ToolReport | null
  readonly failure: RunFailure | null
  /** Null: somebody asked for it, and not another agent. */
  readonly parent: ParentRun | null
  readonly created_at: Date
  readonly updated_at: Date
}

/** How a run ended. */
export type RunOutcome = Data.TaggedEnum<{
  /** The graph came to its end, or to a point where it waits for a person: then there are interrupts, by task. */
  Completed: { readonly interrupts: JsonObject; readonly waiting: boolean }
  /** With `rollback` it leaves no trace. */
  Cancelled: { readonly action: CancelAction }
  TimedOut: { readonly failure: RunFailure }
  Failed: { readonly failure: RunFailure }
}>
export const RunOutcome = Data.taggedEnum<RunOutcome>()

/** What a run truly came to: whatever it says itself, one that was to be stopped was stopped. */
export const settledOutcome = (outcome: RunOutcome, cancelRequested: CancelAction | null): RunOutcome =>
  cancelRequested === null ? outcome : RunOutcome.Cancelled({ action: cancelRequested })

/** What went wrong, if anything. */
export const failureOf = (outcome: RunOutcome): RunFailure | null => "failure" in outcome ? outcome.failure : null

/**
 * The truthful state of a run, and of its thread, after an outcome; the words are the reference server's. `asks`: the state
 * that it has left holds a question, as when the answer to one was stopped. The thread then waits for an answer again.
 */
export const statusAfter = (
  outcome: RunOutcome,
  asks = false
): { readonly run: RunStatus; readonly thread: ThreadStatus } => {
  switch (outcome._tag) {
    case "Completed":
      return { run: "success", thread: outcome.waiting ? "interrupted" : "idle" }
    case "Cancelled":
      return { run: "interrupted", thread: asks ? "interrupted" : "idle" }
    case "TimedOut":
      return { run: "timeout", thread: "error" }
    case "Failed":
      return { run: "error", thread: "error" }
  }
}

/** What a run ends with that took too long. */
export const timedOut = (seconds: number): RunOutcome =>
  RunOutcome.TimedOut({
    failure: { error: "RunTimeout", message: `The run was stopped: it took longer than ${seconds} s.` }
  })

/** What a run ends with whose worker was lost each time. */
export const abandoned = (attempts: number): RunOutcome =>
  RunOutcome.Failed({
    failure: {
      error: "RunAbandoned",
      message: `The process that executed the run was lost ${attempts} time(s); it is not tried again.`
    }
  })

/** May be what ends its worker: it is then taken up alone, so that nobody else loses another attempt to it. */
export const isSuspect = (run: Pick<Run, "lost">, maxAttempts: number): boolean =>
  run.lost > 0 && run.lost >= maxAttempts - 1

/** What becomes of a new run on a thread that may have active ones. */
export type Admission = Data.TaggedEnum<{
  Accepted: {}
  Rejected: {}
  /** Accepted; the ones before it are to stop, and with `rollback` to leave no trace. */
  AcceptedAfter: { readonly action: CancelAction }
}>
export const Admission = Data.taggedEnum<Admission>()

/** The multitask rule: what a new run does to those that are still active on its thread, and due. */
export const admit = (strategy: MultitaskStrategy, active: number): Admission => {
  if (active === 0 || strategy === "enqueue") return Admission.Accepted()
  return strategy === "reject" ? Admission.Rejected() : Admission.AcceptedAfter({ action: strategy })
}

export class RunNotFound extends Schema.TaggedError<RunNotFound>()("RunNotFound", { run: Schema.String }) {
  override get message() {
    return `Run ${this.run} not found`
  }
}

export class ThreadBusy extends Schema.TaggedError<ThreadBusy>()("ThreadBusy", { thread: Schema.String }) {
  override get message() {
    return `Thread ${this.thread} is already running a task. Wait for it to finish or choose a different multitask strategy.`
  }
}

/** What whoever is refused should wait, in seconds: by then some of what waits has usually ended. */
export const retryAfterSeconds = 10

export class TooManyRuns extends Schema.TaggedError<TooManyRuns>()("TooManyRuns", { limit: Schema.Number }) {
  override get message() {
    return `${this.limit} runs are waiting already. Try again in ${retryAfterSeconds} s.`
  }
}

/** What is written for a claim that another worker has overtaken is void. */
export class RunOvertaken extends Schema.TaggedError<RunOvertaken>()("RunOvertaken", { run: Schema.String }) {
  override get message() {
    return `Run ${this.run} has been taken over by another worker`
  }
}

export class RunStillActive extends Schema.TaggedError<RunStillActive>()("RunStillActive", { run: Schema.String }) {
  override get message() {
    return `Run ${this.run} is still active; cancel it first`
  }
}
