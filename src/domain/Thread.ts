import { Schema } from "effect"
import type { JsonObject } from "./Json.ts"
import type { UserId } from "./Principal.ts"

/** A UUID in lower case. */
export const ThreadId = Schema.NonEmptyString.pipe(Schema.brand("ThreadId"))
export type ThreadId = typeof ThreadId.Type

export const ThreadStatus = Schema.Literals(["idle", "busy", "interrupted", "error"])
export type ThreadStatus = typeof ThreadStatus.Type

/**
 * A conversation. Its messages are the checkpointer's alone: there is no second copy of the state (field failure 20),
 * and no configuration, so that nothing of a run sticks to it (field failure 6).
 */
export interface Thread {
  readonly thread_id: ThreadId
  readonly owner: UserId
  readonly metadata: JsonObject
  readonly status: ThreadStatus
  /** What waits for an answer, by task. */
  readonly interrupts: JsonObject
  /** The graph that ran on it last: whose state the checkpoints are. */
  readonly graph_id: string | null
  readonly ttl: ThreadTtl | null
  readonly created_at: Date
  readonly updated_at: Date
  /** When its state was last written: by a run that ended, or by an update. */
  readonly state_updated_at: Date
}

/**
 * Whether a search asks for the threads of agents that other agents called. They are their caller's to look at, and are no
 * conversations of theirs: they come where they are asked for, by id or by what they belong to.
 */
export const asksForSubruns = (
  { ids, metadata = {} }: { readonly ids?: ReadonlyArray<ThreadId>; readonly metadata?: JsonObject }
): boolean => ids !== undefined || "parent_run_id" in metadata || "parent_thread_id" in metadata

/** What becomes of a thread that nothing has been done with for so long. */
export interface ThreadTtl {
  readonly minutes: number
  readonly strategy: PruneStrategy
}

/** How threads are cleared away: altogether, or all but their latest state. */
export const PruneStrategy = Schema.Literals(["delete", "keep_latest"])
export type PruneStrategy = typeof PruneStrategy.Type

/**
 * The right to write a thread's state outside of a run. It is void as soon as a run starts there: what is written for it
 * then comes to nothing, as with a run that another worker has taken over.
 */
export interface StateClaim {
  readonly thread_id: ThreadId
  /** A UUID, new for each claim. */
  readonly token: string
}

/** A run has started on the thread meanwhile, or the thread is gone: nothing was written. */
export class StateClaimLost extends Schema.TaggedError<StateClaimLost>()("StateClaimLost", {
  thread: Schema.String
}) {
  override get message() {
    return `The state of thread ${this.thread} was not updated: a run has started there meanwhile`
  }
}

/** Somebody else is just writing it; that takes no longer than a few statements. */
export class StateClaimHeld extends Schema.TaggedError<StateClaimHeld>()("StateClaimHeld", { thread: Schema.String }) {
  override get message() {
    return `The state of thread ${this.thread} is being updated already`
  }
}

/** How a thread stands after its state was updated: where a run would go on without input, somebody is waited for. */
export const statusAfterUpdate = (next: ReadonlyArray<string>): ThreadStatus => next.length > 0 ? "interrupted" : "idle"

export class ThreadNotFound extends Schema.TaggedError<ThreadNotFound>()("ThreadNotFound", {
  thread: Schema.String
}) {
  override get message() {
    return `Thread with ID ${this.thread} not found`
  }
}

/** A checkpoint of another thread is not there either. */
export class CheckpointNotFound extends Schema.TaggedError<CheckpointNotFound>()("CheckpointNotFound", {
  thread: Schema.String,
  checkpoint: Schema.String
}) {
  override get message() {
    return `Thread ${this.thread} has no checkpoint ${JSON.stringify(this.checkpoint)}`
  }
}

export class ThreadExists extends Schema.TaggedError<ThreadExists>()("ThreadExists", {}) {
  override get message() {
    return "Thread already exists"
  }
}

export class ThreadHasNoGraph extends Schema.TaggedError<ThreadHasNoGraph>()("ThreadHasNoGraph", {
  thread: Schema.String
}) {
  override get message() {
    return `Thread ${this.thread} has no graph yet: run an assistant on it, or create it with metadata.graph_id`
  }
}
