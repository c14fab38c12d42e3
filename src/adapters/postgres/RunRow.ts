import { Effect, Schema } from "effect"
import { AssistantId } from "../../domain/Assistant.ts"
import { UserId } from "../../domain/Principal.ts"
import { CancelAction, MultitaskStrategy, type Run, RunId, RunStatus } from "../../domain/Run.ts"
import { Durability, StreamMode } from "../../domain/RunRequest.ts"
import { ThreadId } from "../../domain/Thread.ts"

const KeyOrigin = Schema.Literals(["default", "assistant", "header", "request", "server"])

const Interrupts = Schema.NullOr(Schema.Union([Schema.Literal("*"), Schema.Array(Schema.String)]))

export const RunRequest = Schema.Struct({
  input: Schema.Json,
  command: Schema.NullOr(Schema.JsonObject),
  checkpoint: Schema.NullOr(Schema.Struct({ checkpoint_id: Schema.String, checkpoint_ns: Schema.String })),
  stream_mode: Schema.Array(StreamMode),
  stream_subgraphs: Schema.Boolean,
  stream_resumable: Schema.Boolean,
  interrupt_before: Interrupts,
  interrupt_after: Interrupts,
  // Runs from before there was a choice.
  durability: Durability.pipe(Schema.withDecodingDefaultKey(Effect.succeed("async"))),
  protocol: Schema.optionalKey(Schema.Boolean),
  temporary: Schema.Boolean,
  timeout_seconds: Schema.Number,
  webhook: Schema.NullOr(Schema.String)
})

const EffectiveConfig = Schema.Struct({
  configurable: Schema.JsonObject,
  origins: Schema.Record(Schema.String, KeyOrigin),
  dropped: Schema.Array(Schema.Struct({ key: Schema.String, from: KeyOrigin, reason: Schema.String })),
  recursion_limit: Schema.Number,
  tags: Schema.Array(Schema.String),
  metadata: Schema.JsonObject,
  context: Schema.JsonObject
})

const ToolReport = Schema.Struct({
  servers: Schema.Array(Schema.Struct({
    name: Schema.String,
    url: Schema.String,
    tools: Schema.Array(Schema.String),
    error: Schema.NullOr(Schema.String),
    // Runs from before it was measured.
    ms: Schema.NullOr(Schema.Number).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))
  })),
  agents: Schema.optionalKey(Schema.Array(Schema.Struct({
    assistant_id: Schema.String,
    name: Schema.NullOr(Schema.String),
    tool: Schema.NullOr(Schema.String),
    error: Schema.NullOr(Schema.String)
  })))
})

const Parent = Schema.Struct({
  run_id: RunId,
  thread_id: ThreadId,
  call: Schema.String,
  line: Schema.Array(AssistantId)
})

export const runFields = {
  run_id: RunId,
  thread_id: ThreadId,
  assistant_id: AssistantId,
  graph_id: Schema.String,
  assistant_version: Schema.Int,
  owner: UserId,
  tenant: Schema.String,
  status: RunStatus,
  attempt: Schema.Int,
  lost: Schema.Int,
  run_at: Schema.Date,
  started_at: Schema.NullOr(Schema.Date),
  home: Schema.NullOr(Schema.String),
  cancel_requested: Schema.NullOr(CancelAction),
  traceparent: Schema.NullOr(Schema.String),
  metadata: Schema.JsonObject,
  request: RunRequest,
  configuration: EffectiveConfig,
  multitask_strategy: MultitaskStrategy,
  tools: Schema.NullOr(ToolReport),
  failure: Schema.NullOr(Schema.Struct({ error: Schema.String, message: Schema.String })),
  parent: Schema.NullOr(Parent),
  created_at: Schema.Date,
  updated_at: Schema.Date
}

export const RunRow: Schema.Codec<Run, unknown> = Schema.Struct(runFields)

/** A run as it is just created, with the place it got in its tenant's line. */
export const CreatedRow: Schema.Codec<Run & { readonly turn: number; readonly offered: boolean }, unknown> = Schema
  .Struct({ ...runFields, turn: Schema.Int, offered: Schema.Boolean })

/** What `RunRow` needs, of the rows `r`. */
export const runColumns = `
  r.id as run_id, r.thread_id, r.assistant_id, r.graph_id, r.assistant_version, r.owner_id as owner, r.tenant,
  r.status, r.attempt, r.lost, r.run_at, r.started_at, r.home, r.cancel_requested, r.traceparent, r.metadata,
  r.request, r.configuration, r.multitask_strategy, r.tools, r.failure, r.parent, r.created_at, r.updated_at`
