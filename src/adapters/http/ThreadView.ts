import { Option, Schema } from "effect"
import type { Json } from "../../domain/Json.ts"
import type { Thread } from "../../domain/Thread.ts"
import { PruneStrategy, ThreadStatus } from "../../domain/Thread.ts"
import type { ThreadState } from "../../ports/AgentGraphs.ts"

export const ThreadView = Schema.Struct({
  thread_id: Schema.String,
  created_at: Schema.String,
  updated_at: Schema.String,
  state_updated_at: Schema.String,
  metadata: Schema.JsonObject,
  status: ThreadStatus,
  /** Always empty: nothing of a run's configuration sticks to its thread. */
  config: Schema.JsonObject,
  interrupts: Schema.JsonObject,
  values: Schema.optionalKey(Schema.Json),
  ttl: Schema.optionalKey(
    Schema.Struct({ strategy: PruneStrategy, ttl_minutes: Schema.Number, expires_at: Schema.String })
  )
}).annotate({ identifier: "Thread" })

export interface ThreadWithValues {
  readonly thread: Thread
  readonly values: Option.Option<Json>
}

/** Counted from what was done with it last. */
const ttlView = ({ ttl, updated_at }: Thread) =>
  ttl === null ? {} : {
    ttl: {
      strategy: ttl.strategy,
      ttl_minutes: ttl.minutes,
      expires_at: new Date(updated_at.getTime() + ttl.minutes * 60_000).toISOString()
    }
  }

export const threadView = ({ thread, values }: ThreadWithValues): typeof ThreadView.Type => ({
  thread_id: thread.thread_id,
  created_at: thread.created_at.toISOString(),
  updated_at: thread.updated_at.toISOString(),
  state_updated_at: thread.state_updated_at.toISOString(),
  metadata: thread.metadata,
  status: thread.status,
  config: {},
  interrupts: thread.interrupts,
  ...(Option.isSome(values) ? { values: values.value } : {}),
  ...ttlView(thread)
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

/** Where an update has put the state; `configurable` is what the SDK's types call it. */
export const UpdatedStateView = Schema.Struct({
  checkpoint: Schema.JsonObject,
  configurable: Schema.JsonObject,
  checkpoint_id: Schema.Json
}).annotate({ identifier: "UpdatedState" })

const ofValues = "values."

/** The fields that a `select` names, or all; `values.<key>` is one key of the values. */
export const stateView = (state: ThreadState, select: ReadonlyArray<string> | undefined): object => {
  if (select === undefined) return state
  const keys = select.filter((field) => field.startsWith(ofValues)).map((field) => field.slice(ofValues.length))
  const fields = Object.entries(state).filter(([field]) => select.includes(field))
  if (keys.length === 0 || select.includes("values")) return Object.fromEntries(fields)
  const values = Object.entries(Object(state.values)).filter(([key]) => keys.includes(key))
  return { ...Object.fromEntries(fields), values: Object.fromEntries(values) }
}
