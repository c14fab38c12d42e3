import { Schema } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { Run } from "../../domain/Run.ts"
import { isActive, RunStatus } from "../../domain/Run.ts"
import { leftOut, type RunStep, type RunTimes, stepsOf, usageOf } from "../../domain/RunRecord.ts"
import type { Subrun } from "../../ports/Subruns.ts"
import { Origin, shownConfiguration } from "./RunView.ts"

const TokenUsageView = Schema.Struct({
  input_tokens: Schema.Number,
  output_tokens: Schema.Number,
  total_tokens: Schema.Number
}).annotate({ identifier: "TokenUsage" })

const RunStepView = Schema.Struct({
  kind: Schema.Literals(["queue", "configuration", "tools", "model", "tool", "checkpoints"]),
  name: Schema.String,
  attempt: Schema.Int,
  started_at: Schema.String,
  /** Null: it has not ended, or its process was lost. */
  ms: Schema.NullOr(Schema.Number),
  usage: Schema.NullOr(TokenUsageView),
  error: Schema.NullOr(Schema.String),
  subrun: Schema.NullOr(Schema.Struct({ run_id: Schema.String, thread_id: Schema.String }))
}).annotate({ identifier: "RunStep" })

const ServerView = Schema.Struct({
  name: Schema.String,
  url: Schema.String,
  tools: Schema.Array(Schema.String),
  error: Schema.NullOr(Schema.String),
  ms: Schema.NullOr(Schema.Number)
})

const AgentView = Schema.Struct({
  assistant_id: Schema.String,
  /** Null: nothing is told of what the caller can't see. */
  name: Schema.NullOr(Schema.String),
  /** What the model calls it by; null: it could not be called. */
  tool: Schema.NullOr(Schema.String),
  error: Schema.NullOr(Schema.String)
})

const SubrunView = Schema.Struct({
  run_id: Schema.String,
  thread_id: Schema.String,
  assistant_id: Schema.String,
  status: RunStatus
}).annotate({ identifier: "Subrun" })

/** What a run really got, and what its time and its tokens went into. */
export const RunRecordView = Schema.Struct({
  run_id: Schema.String,
  thread_id: Schema.String,
  assistant_id: Schema.String,
  assistant_version: Schema.Int,
  graph_id: Schema.String,
  status: RunStatus,
  attempt: Schema.Int,
  lost: Schema.Int,
  /** Since when the agents' tables could not be read, if the run was decided from what was known before. */
  stale_since: Schema.NullOr(Schema.String),
  created_at: Schema.String,
  started_at: Schema.NullOr(Schema.String),
  ended_at: Schema.NullOr(Schema.String),
  /** Secrets are masked. */
  keys: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.Json, origin: Origin })),
  dropped: Schema.Array(Schema.Struct({ key: Schema.String, from: Origin, reason: Schema.String })),
  recursion_limit: Schema.Int,
  tags: Schema.Array(Schema.String),
  metadata: Schema.JsonObject,
  context: Schema.JsonObject,
  /** What the tool servers gave; null until they were asked. */
  tools: Schema.NullOr(Schema.Struct({
    servers: Schema.Array(ServerView),
    /** Absent where the run names no agents. */
    agents: Schema.optionalKey(Schema.Array(AgentView))
  })),
  failure: Schema.NullOr(Schema.Struct({ error: Schema.String, message: Schema.String })),
  /** Of all attempts; null where no model has counted. */
  usage: Schema.NullOr(TokenUsageView),
  steps: Schema.Array(RunStepView),
  /** How many steps more there were than are kept. */
  left_out: Schema.Int,
  /** The run of the agent that called this one; null: somebody asked for it. */
  parent: Schema.NullOr(Schema.Struct({ run_id: Schema.String, thread_id: Schema.String })),
  /** What other agents did for it. */
  subruns: Schema.Array(SubrunView)
}).annotate({ identifier: "RunRecord" })

const stepView = ({ started_at, ...step }: RunStep) => ({ ...step, started_at: started_at.toISOString() })

const keysOf = (configurable: JsonObject, { configuration: { origins } }: Run) =>
  Object.entries(configurable)
    .map(([key, value]) => ({ key, value, origin: origins[key] ?? "server" }))
    .sort((one, other) => one.key < other.key ? -1 : 1)

export const runRecordView = (
  { run, subruns, times }: {
    readonly run: Run
    readonly subruns: ReadonlyArray<Subrun>
    readonly times: RunTimes
  }
): typeof RunRecordView.Type => {
  const { configuration, metadata } = run
  const { configurable, context } = shownConfiguration(run)
  const stale = metadata["stale_since"]
  return {
    run_id: run.run_id,
    thread_id: run.thread_id,
    assistant_id: run.assistant_id,
    assistant_version: run.assistant_version,
    graph_id: run.graph_id,
    status: run.status,
    attempt: run.attempt,
    lost: run.lost,
    stale_since: typeof stale === "string" ? stale : null,
    created_at: run.created_at.toISOString(),
    started_at: run.started_at?.toISOString() ?? null,
    // Nothing of a run changes after its end.
    ended_at: isActive(run.status) ? null : run.updated_at.toISOString(),
    keys: keysOf(configurable, run),
    dropped: configuration.dropped,
    recursion_limit: configuration.recursion_limit,
    tags: configuration.tags,
    metadata,
    context,
    tools: run.tools,
    failure: run.failure,
    usage: usageOf(times),
    steps: stepsOf(times).map(stepView),
    left_out: leftOut(times),
    parent: run.parent === null ? null : { run_id: run.parent.run_id, thread_id: run.parent.thread_id },
    subruns
  }
}
