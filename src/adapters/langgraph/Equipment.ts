import { Effect, Result, Schema } from "effect"
import { agentToolsOf } from "../../domain/EffectiveConfig.ts"
import type { EffectiveConfig } from "../../domain/EffectiveConfig.ts"
import type { ExplainedModel, ExplainedServer } from "../../domain/Explanation.ts"
import type { JsonObject } from "../../domain/Json.ts"
import { McpConfig, type McpServer } from "../../domain/McpConfig.ts"
import type { Equipment, EquipmentRequest } from "../../ports/Equipment.ts"
import type { ToolSource } from "../../ports/ToolSource.ts"
import { agentSettings, defaults } from "./AgentSettings.ts"
import type { Models, ResolvedModel } from "./Models.ts"

export interface Parts {
  readonly models: Models["Service"]
  readonly toolSource: ToolSource["Service"]
}

/** Where a provider's key would come from, by who named the key of the configuration that it is in. */
const keyOf = (key: ResolvedModel["key"], origins: EffectiveConfig["origins"]): ExplainedModel["key"] => {
  if (key === null) return "absent"
  if (key === "server") return "server"
  const origin = origins[key] ?? "assistant"
  return origin === "assistant" ? "assistant" : origin === "header" || origin === "request" ? "run" : "server"
}

const explained = ({ key, name, provider }: ResolvedModel, origins: EffectiveConfig["origins"]) => ({
  name,
  provider,
  key: keyOf(key, origins)
})

/** A model of which not even the name could be read. */
const unreadable = ({ model_name = defaults.model_name }: JsonObject, problem: string): ExplainedModel => ({
  name: typeof model_name === "string" ? model_name : "",
  provider: null,
  key: "absent",
  problem
})

/** Servers are told of even where another key is wrong, and a run could not begin. */
const serversIn = ({ mcp_config }: JsonObject): Effect.Effect<ReadonlyArray<McpServer>> =>
  Schema.decodeUnknownEffect(McpConfig)(mcp_config).pipe(
    Effect.map(({ servers }) => servers),
    Effect.orElseSucceed(() => [])
  )

/** Asks the tool servers as a run does, and lets go of them again. */
const askServers = Effect.fnUntraced(function*({ toolSource }: Parts, request: EquipmentRequest) {
  const { configuration, token, trusted } = request
  const servers = yield* serversIn(configuration.configurable)
  const { report } = yield* Effect.scoped(toolSource.load({ servers, trusted, token }))
  return report.servers.map((server, index): ExplainedServer => ({
    ...server,
    auth_required: servers[index]?.auth_required === true,
    reachable: server.error === null,
    ms: server.ms ?? 0
  }))
})

/** The model that a configuration asks for, and why a run could not begin with it. Without origins it is an assistant's. */
export const explainModel = Effect.fn("explainModel")(function*(
  models: Models["Service"],
  configurable: JsonObject,
  origins: EffectiveConfig["origins"] = {}
) {
  const settings = yield* Effect.result(agentSettings(configurable))
  if (Result.isFailure(settings)) return unreadable(configurable, settings.failure.message)
  const problem = yield* models.check(settings.success).pipe(
    Effect.as(null),
    Effect.catch(({ message }) => Effect.succeed(message))
  )
  return { ...explained(models.resolve(settings.success), origins), problem } satisfies ExplainedModel
})

/** What a run of the built-in graph has: decided by the code that a run is made with, as far as that goes. */
export const builtInEquipment = (parts: Parts) => (request: EquipmentRequest) => {
  const { configurable, origins } = request.configuration
  const model = explainModel(parts.models, configurable, origins)
  const agents = Effect.succeed(agentToolsOf(configurable))
  return Effect.all({ model, servers: askServers(parts, request), agents }, { concurrency: "unbounded" })
}

/** What a configuration names for a graph of the operator's own, which does with it what it likes. */
export const namedEquipment = (parts: Parts) =>
  Effect.fnUntraced(function*(request: EquipmentRequest): Effect.fn.Return<Equipment> {
    const { configurable, origins } = request.configuration
    const servers = yield* askServers(parts, request)
    if (typeof configurable["model_name"] !== "string") return { model: null, servers, agents: [] }
    const model = yield* explainModel(parts.models, configurable, origins)
    // What would keep the built-in graph from it is nothing to this one.
    return { model: { ...model, problem: null }, servers, agents: [] }
  })
