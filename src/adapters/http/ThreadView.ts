import { Option, Schema } from "effect"
import type { Json } from "../../domain/Json.ts"
import type { Thread } from "../../domain/Thread.ts"
import { ThreadStatus } from "../../domain/Thread.ts"

export const ThreadView = Schema.Struct({
  thread_id: Schema.String,
  created_at: Schema.String,
  updated_at: Schema.String,
  metadata: Schema.JsonObject,
  status: ThreadStatus,
  /** Always empty: nothing of a run's configuration sticks to its thread. */
  config: Schema.JsonObject,
  interrupts: Schema.JsonObject,
  values: Schema.optionalKey(Schema.Json)
}).annotate({ identifier: "Thread" })

export interface ThreadWithValues {
  readonly thread: Thread
  readonly values: Option.Option<Json>
}

export const threadView = ({ thread, values }: ThreadWithValues): typeof ThreadView.Type => ({
  thread_id: thread.thread_id,
  created_at: thread.created_at.toISOString(),
  updated_at: thread.updated_at.toISOString(),
  metadata: thread.metadata,
  status: thread.status,
  config: {},
  interrupts: thread.interrupts,
  ...(Option.isSome(values) ? { values: values.value } : {})
})

export const ThreadStateView = Schema.Struct({
  values: Schema.Json,
  next: Schema.Array(Schema.String),
  tasks: Schema.Array(Schema.Json),
  metadata: Schema.JsonObject,
  created_at: Schema.NullOr(Schema.String),
  checkpoint: Schema.NullOr(Schema.JsonObject),
  parent_checkpoint: Schema.NullOr(Schema.JsonObject)
}).annotate({ identifier: "ThreadState" })
