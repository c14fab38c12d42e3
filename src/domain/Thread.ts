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
  readonly created_at: Date
  readonly updated_at: Date
}

export class ThreadNotFound extends Schema.TaggedError<ThreadNotFound>()("ThreadNotFound", {
  thread: Schema.String
}) {
  override get message() {
    return `Thread with ID ${this.thread} not found`
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
