import { Data } from "effect"
import type { AssistantConfig, Provenance } from "./Assistant.ts"
import { configurableHeaders } from "./ConfigurableHeaders.ts"
import type { Json, JsonObject } from "./Json.ts"
import { isJsonObject } from "./Json.ts"

/** Which layer a key's value came from. */
export type KeyOrigin = "default" | "assistant" | "header" | "request" | "server"

/** A key that somebody gave and the run does not have, and why. */
export interface DroppedKey {
  readonly key: string
  readonly from: KeyOrigin
  readonly reason: string
}

/** What a run runs with: complete, serialisable, made once. */
export interface EffectiveConfig {
  readonly configurable: JsonObject
  readonly origins: Readonly<Record<string, KeyOrigin>>
  readonly dropped: ReadonlyArray<DroppedKey>
  readonly recursion_limit: number
  readonly tags: ReadonlyArray<string>
  readonly metadata: JsonObject
  readonly context: JsonObject
}

/** Which keys a run may override on a synced agent (`RUN_OVERRIDES`). */
export type RunOverrides = Data.TaggedEnum<{
  Safe: {}
  None: {}
  Only: { readonly keys: ReadonlyArray<string> }
}>
export const RunOverrides = Data.taggedEnum<RunOverrides>()

export const parseRunOverrides = (text: string): RunOverrides => {
  const keys = text.split(",").map((key) => key.trim()).filter((key) => key !== "")
  const word = keys.length === 1 ? keys[0]?.toLowerCase() : undefined
  if (keys.length === 0 || word === "safe") return RunOverrides.Safe()
  return word === "none" ? RunOverrides.None() : RunOverrides.Only({ keys })
}

/** Keys that only the server sets (contract 4). `supabase_organization_id` is one too, on a synced agent. */
export const pinnedKeys: ReadonlySet<string> = new Set([
  "run_id",
  "thread_id",
  "assistant_id",
  "graph_id",
  "user_id",
  "owner",
  "langgraph_auth_user",
  "langgraph_auth_user_id"
])

/** On a synced agent these decide where data and credentials go; a run may not move them. */
export const lockedKeys: ReadonlySet<string> = new Set([
  "mcp_config",
  "base_url",
  "custom_api_key",
  "apiKeys",
  "rag",
  "rag_config",
  "agent_tools"
])

/** LangGraph's own addressing: a checkpoint is chosen by the run's `checkpoint` field, never through `configurable`. */
const isEngineKey = (key: string): boolean => key.startsWith("__") || key.startsWith("checkpoint_")

export interface ConfigLayers {
  readonly defaults: JsonObject
  readonly assistant: {
    readonly config: AssistantConfig
    readonly context: JsonObject
    readonly metadata: JsonObject
    readonly provenance: Provenance
  }
  readonly request: {
    readonly headers: Readonly<Record<string, string>>
    readonly config: AssistantConfig
    readonly context: JsonObject
    readonly metadata: JsonObject
  }
  readonly pinned: JsonObject
  readonly overrides: RunOverrides
}

/** LangGraph's own default, in supersteps. */
export const defaultRecursionLimit = 25

const asObject = (value: Json | undefined): JsonObject => isJsonObject(value) ? value : {}

/** Why a request may not set a key here, or nothing if it may. */
const refusal = (key: string, layers: ConfigLayers): string | undefined => {
  const { assistant, overrides, pinned } = layers
  if (pinnedKeys.has(key) || Object.hasOwn(pinned, key)) return "set by the server only"
  if (isEngineKey(key)) return "addresses a checkpoint; use the run's `checkpoint` field"
  if (assistant.provenance._tag !== "Agent") return undefined
  if (overrides._tag === "Only") {
    return overrides.keys.includes(key) ? undefined : "not among the keys that RUN_OVERRIDES lets a run override"
  }
  if (overrides._tag === "None") return "RUN_OVERRIDES=none: a run overrides nothing on a synced agent"
  return lockedKeys.has(key) ? "locked on a synced agent; edit the agent instead" : undefined
}

/** A layer's value for a key, and why the run does not take it from there, if it does not. */
export type TellGiven = (key: string, from: KeyOrigin, value: Json, refused: string | undefined) => void

/**
 * The merge: everything that is given, in the order in which it is applied, later wins:
 * graph defaults < assistant < request's headers and `configurable` < pinned by the server (contract 4).
 */
export const eachGiven = (layers: ConfigLayers, tell: TellGiven): void => {
  const { assistant, defaults, pinned, request } = layers
  const layer = (from: KeyOrigin, values: JsonObject, refuse: (key: string) => string | undefined) => {
    for (const [key, value] of Object.entries(values)) tell(key, from, value, refuse(key))
  }
  const reserved = (key: string) =>
    Object.hasOwn(pinned, key) || pinnedKeys.has(key)
      ? "set by the server only"
      : isEngineKey(key)
      ? "reserved for the engine"
      : undefined

  layer("default", defaults, reserved)
  // A synced agent's organisation is in its own configuration as well as pinned: the same value, no conflict to report.
  layer("assistant", without(asObject(assistant.config.configurable), pinned), reserved)
  layer("header", configurableHeaders(request.headers), (key) => refusal(key, layers))
  layer("request", asObject(request.config.configurable), (key) => refusal(key, layers))
  layer("server", pinned, () => undefined)
}

/**
 * The effective configuration of a run, key by key, as `eachGiven` merges it.
 * Nested values are replaced whole; a key that a layer does not name stays as it was. Nothing of a thread enters.
 */
export const effectiveConfig = (layers: ConfigLayers): EffectiveConfig => {
  const { assistant, request } = layers
  const configurable: Record<string, Json> = {}
  const origins: Record<string, KeyOrigin> = {}
  const dropped: Array<DroppedKey> = []
  eachGiven(layers, (key, from, value, reason) => {
    if (reason !== undefined) {
      dropped.push({ key, from, reason })
      return
    }
    define(configurable, key, value)
    define(origins, key, from)
  })
  return {
    configurable,
    origins,
    dropped,
    recursion_limit: request.config.recursion_limit ?? assistant.config.recursion_limit ?? defaultRecursionLimit,
    tags: request.config.tags ?? assistant.config.tags ?? [],
    metadata: { ...assistant.metadata, ...asObject(request.config["metadata"]), ...request.metadata },
    context: { ...assistant.context, ...request.context }
  }
}

/** Without the keys that another object has with an equal value. */
const without = (object: JsonObject, same: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).filter(([key, value]) => !(Object.hasOwn(same, key) && same[key] === value))
  )

/** Assignment that a key named `__proto__` can't turn into something else. */
const define = <A>(target: Record<string, A>, key: string, value: A): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

/**
 * Whether the tool servers of a run are the agent's own, from the agents' database: those may be in a private network
 * and, if they require it, get the caller's token. An organisation is pinned on synced agents only.
 */
export const serversAreTheAgents = ({ origins }: Pick<EffectiveConfig, "origins">): boolean =>
  origins["supabase_organization_id"] === "server" && origins["mcp_config"] === "assistant"

/** The agents that a configuration names, each once. What is no list of texts names none. */
export const agentToolsOf = (configurable: JsonObject): ReadonlyArray<string> => {
  const named = configurable["agent_tools"]
  return Array.isArray(named) ? [...new Set(named.filter((one) => typeof one === "string"))] : []
}

/** Whether a run asks tool servers for its caller, or has agents work for it that may: they get the caller's own token. */
export const wantsToken = (configuration: Pick<EffectiveConfig, "configurable" | "origins">): boolean => {
  if (agentToolsOf(configuration.configurable).length > 0) return true
  const config = configuration.configurable["mcp_config"] ?? null
  const servers = isJsonObject(config) ? config["servers"] : []
  return serversAreTheAgents(configuration) && Array.isArray(servers)
    && servers.some((server: Json) => isJsonObject(server) && server["auth_required"] === true)
}
