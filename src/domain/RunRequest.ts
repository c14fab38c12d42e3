import { Schema } from "effect"
import type { Json, JsonObject } from "./Json.ts"
import type { ThreadStatus } from "./Thread.ts"

export const StreamMode = Schema.Literals([
  "values",
  "updates",
  "messages",
  "messages-tuple",
  "custom",
  "tools",
  "tasks",
  "checkpoints",
  "debug",
  "events"
])
export type StreamMode = typeof StreamMode.Type

/**
 * When a run's checkpoints are written: before the next step begins, beside it, or only when the run ends. Of a run of
 * the last kind whose worker was lost nothing is on the thread: it begins anew.
 */
export const Durability = Schema.Literals(["sync", "async", "exit"])
export type Durability = typeof Durability.Type

/** Where on the thread to start from, instead of its latest checkpoint. */
export interface CheckpointRef {
  readonly checkpoint_id: string
  readonly checkpoint_ns: string
}

/** What a run was asked to do; with its configuration this describes it completely. */
export interface RunRequest {
  readonly input: Json
  readonly command: JsonObject | null
  readonly checkpoint: CheckpointRef | null
  readonly stream_mode: ReadonlyArray<StreamMode>
  readonly stream_subgraphs: boolean
  readonly stream_resumable: boolean
  readonly interrupt_before: "*" | ReadonlyArray<string> | null
  readonly interrupt_after: "*" | ReadonlyArray<string> | null
  readonly durability: Durability
  /** It tells its steps as the streaming protocol's events, whatever `stream_mode` says. */
  readonly protocol?: boolean
  /** A stateless run's thread lives and dies with it. */
  readonly temporary: boolean
  /** How long it may take, in seconds from when it was first taken up. */
  readonly timeout_seconds: number
  /** Where its end is told. */
  readonly webhook: string | null
}

/** Whether a run brings a person's answer. */
export const isResume = ({ command }: Pick<RunRequest, "command">): boolean => command !== null && "resume" in command

/** Whether a thread waits for one; or failed with one, which may be given again. */
export const canResume = (status: ThreadStatus): boolean => status === "interrupted" || status === "error"

export class NothingToResume extends Schema.TaggedError<NothingToResume>()("NothingToResume", {
  thread: Schema.String
}) {
  override get message() {
    return `Thread ${this.thread} is not interrupted: there is nothing to resume`
  }
}
