import { Schema } from "effect"
import type { Run } from "../../domain/Run.ts"
import { MultitaskStrategy, RunStatus } from "../../domain/Run.ts"
import { shownConfigurable } from "../../domain/Secrets.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"

export const RunView = Schema.Struct({
  run_id: Schema.String,
  thread_id: Schema.String,
  assistant_id: Schema.String,
  metadata: Schema.JsonObject,
  status: RunStatus,
  kwargs: Schema.JsonObject,
  multitask_strategy: MultitaskStrategy,
  /** Why it failed, if it did. */
  error: Schema.optionalKey(Schema.Struct({ error: Schema.String, message: Schema.String })),
  created_at: Schema.String,
  updated_at: Schema.String
}).annotate({ identifier: "Run" })

/** What of a run's configuration is for its caller to read: what it went by has more, in URLs. */
export const shownConfiguration = ({ configuration: { configurable, context } }: Pick<Run, "configuration">) => ({
  configurable: shownConfigurable(configurable),
  context: shownConfigurable(context)
})

type Shown = ReturnType<typeof shownConfiguration>

const kwargs = ({ configuration, metadata, request }: Run, shown: Shown): typeof RunView.Type["kwargs"] => ({
  input: request.input,
  ...(request.command === null ? {} : { command: request.command }),
  config: {
    tags: configuration.tags,
    recursion_limit: configuration.recursion_limit,
    configurable: shown.configurable,
    metadata
  },
  context: shown.context,
  stream_mode: request.stream_mode,
  temporary: request.temporary,
  subgraphs: request.stream_subgraphs,
  resumable: request.stream_resumable,
  ...(request.checkpoint === null ? {} : { checkpoint: { ...request.checkpoint } }),
  ...(request.interrupt_before === null ? {} : { interrupt_before: request.interrupt_before }),
  ...(request.interrupt_after === null ? {} : { interrupt_after: request.interrupt_after })
})

export const runView = (run: Run): typeof RunView.Type => ({
  run_id: run.run_id,
  thread_id: run.thread_id,
  assistant_id: run.assistant_id,
  metadata: run.metadata,
  status: run.status,
  kwargs: kwargs(run, shownConfiguration(run)),
  multitask_strategy: run.multitask_strategy,
  ...(run.failure === null ? {} : { error: run.failure }),
  created_at: run.created_at.toISOString(),
  updated_at: run.updated_at.toISOString()
})

export const Origin = Schema.Literals(["default", "assistant", "header", "request", "server"])

/** What a run really ran with, key by key, and where each key came from. */
export const RunConfigView = Schema.Struct({
  run_id: Schema.String,
  thread_id: Schema.String,
  assistant_id: Schema.String,
  assistant_version: Schema.Int,
  graph_id: Schema.String,
  keys: Schema.Array(Schema.String),
  configurable: Schema.JsonObject,
  origins: Schema.Record(Schema.String, Origin),
  dropped: Schema.Array(Schema.Struct({ key: Schema.String, from: Origin, reason: Schema.String })),
  recursion_limit: Schema.Int,
  tags: Schema.Array(Schema.String),
  metadata: Schema.JsonObject,
  context: Schema.JsonObject,
  /** What the tool servers gave; null until they were asked. */
  tools: Schema.NullOr(Schema.Json)
}).annotate({ identifier: "RunConfig" })

const toolsView = ({ agents, servers }: ToolReport) => ({
  servers: servers.map((server) => ({ ...server })),
  ...(agents === undefined ? {} : { agents: agents.map((agent) => ({ ...agent })) })
})

export const runConfigView = (run: Run): typeof RunConfigView.Type => ({
  run_id: run.run_id,
  thread_id: run.thread_id,
  assistant_id: run.assistant_id,
  assistant_version: run.assistant_version,
  graph_id: run.graph_id,
  keys: Object.keys(run.configuration.configurable).sort(),
  ...shownConfiguration(run),
  origins: run.configuration.origins,
  dropped: run.configuration.dropped,
  recursion_limit: run.configuration.recursion_limit,
  tags: run.configuration.tags,
  metadata: run.configuration.metadata,
  tools: run.tools === null ? null : toolsView(run.tools)
})
