import { Data, Result } from "effect"
import type { AssistantContent, SyncedAgent } from "./Assistant.ts"
import { AssistantId } from "./Assistant.ts"
import type { Json, JsonObject } from "./Json.ts"
import { isJsonObject } from "./Json.ts"
import type { McpToolRow } from "./McpConfig.ts"
import { mcpConfig } from "./McpConfig.ts"
import type { OrganizationId, UserId } from "./Principal.ts"

/**
 * An active agent as its row says it, of either generation of the tables: the adapter turns columns that a generation
 * lacks into their meaning (v1's `temperature` and `max_tokens` are `sampling`), and nothing else.
 */
export interface Agent {
  readonly id: string
  readonly organizationId: OrganizationId
  readonly name: string
  readonly description: string | null
  readonly graphId: string
  readonly engine: Engine
  readonly systemPrompt: string | null
  readonly sampling: Json
  readonly agentTools: ReadonlyArray<string>
  readonly ownership: Ownership
  readonly mcpTools: ReadonlyArray<McpToolRow>
  /** `agents.langgraph_assistant_id`, the one column written back. */
  readonly assistantId: string | null
}

export type Engine = Data.TaggedEnum<{
  /** The row names no engine. */
  None: {}
  Resolved: { readonly model: string }
  /** It names one that leads to no model. */
  WithoutModel: {}
  /** It names one of a type that is not ours to resolve. */
  Foreign: { readonly type: string }
}>
export const Engine = Data.taggedEnum<Engine>()

export type Ownership = Data.TaggedEnum<{
  Organization: {}
  /** v2: `is_global = false` with a creator. */
  Personal: { readonly userId: UserId }
}>
export const Ownership = Data.taggedEnum<Ownership>()

/** The one person whose agent it is, if it is not its whole organisation's. */
export const personalTo = ({ ownership }: Pick<Agent, "ownership">): UserId | null =>
  ownership._tag === "Personal" ? ownership.userId : null

/** What an agent without an engine runs with, said aloud by a warning (contract 2). */
export const defaultModel = "openai:gpt-4o"

/** The sampling parameters that the agents' tables know, as written (contract 2). */
export const samplingKeys = [
  "temperature",
  "top_p",
  "top_k",
  "max_tokens",
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
  "stop",
  "seed"
] as const

const isSamplingKey = (key: string): boolean => samplingKeys.some((known) => known === key)

/** An agent that can't become an assistant, and why: counted, named, never passed off as something else. */
export class AgentUnresolved extends Data.TaggedError("AgentUnresolved")<{
  readonly agentId: string
  readonly name: string
  readonly reason: string
}> {
  override get message() {
    return `Agent ${JSON.stringify(this.name)} (${this.agentId}) can't run: ${this.reason}`
  }
}

export interface AgentAssistant {
  readonly content: AssistantContent
  readonly warnings: ReadonlyArray<string>
}

/** The id of an agent's assistant: its own UUID in lower case with dashes. */
export const assistantIdOf = (agent: Agent): AssistantId => AssistantId.make(agent.id.toLowerCase())

/** Who would see an agent's assistant, whether or not there is one: its organisation, or the one person whose own it is. */
export const prospectFor = (
  organizationId: OrganizationId,
  person: UserId | null
): { readonly provenance: SyncedAgent } => ({
  provenance: { _tag: "Agent", organizationId, personalTo: person, contentHash: "", retiredAt: null }
})

export const prospect = (agent: Agent) => prospectFor(agent.organizationId, personalTo(agent))

/** Why an agent can't become an assistant, if it can't: by a name for whoever counts, and in words. */
export const whyUnresolvable = (
  { engine, graphId, sampling }: Agent,
  graphs: ReadonlyArray<string>
): { readonly why: "ForeignEngine" | "UnknownGraph" | "SamplingNotAnObject"; readonly reason: string } | undefined => {
  if (engine._tag === "Foreign") {
    const type = JSON.stringify(engine.type)
    return { why: "ForeignEngine", reason: `its engine is of type ${type}; only 'global' engines are resolved` }
  }
  if (!graphs.includes(graphId)) {
    const known = graphs.join(", ")
    return { why: "UnknownGraph", reason: `graph ${JSON.stringify(graphId)} is not one of this server's: ${known}` }
  }
  if (!isJsonObject(sampling)) return { why: "SamplingNotAnObject", reason: "sampling_params is not a JSON object" }
  return undefined
}

/** Sampling parameters that no model takes. */
export const unknownSampling = ({ sampling }: Pick<Agent, "sampling">): ReadonlyArray<string> =>
  isJsonObject(sampling) ? Object.keys(sampling).filter((key) => !isSamplingKey(key)).sort() : []

/** The assistant that an agent's row describes. Keys with nothing in the row are left to the graph's defaults. */
export const assistantOf = (
  agent: Agent,
  graphs: ReadonlyArray<string>
): Result.Result<AgentAssistant, AgentUnresolved> => {
  const refusal = whyUnresolvable(agent, graphs)
  if (refusal !== undefined) {
    return Result.fail(new AgentUnresolved({ agentId: agent.id, name: agent.name, reason: refusal.reason }))
  }
  const given = isJsonObject(agent.sampling) ? agent.sampling : {}
  const warnings: Array<string> = []
  if (agent.engine._tag !== "Resolved") {
    const lack = agent.engine._tag === "None" ? "it has no engine" : "its engine names no model"
    warnings.push(`${lack}; it runs on ${defaultModel}`)
  }
  const sampling = Object.entries(given).filter(([key, value]) => isSamplingKey(key) && value !== null)
  const unknown = unknownSampling(agent)
  if (unknown.length > 0) warnings.push(`sampling_params has keys that no model takes: ${unknown.join(", ")}`)

  const configurable: JsonObject = {
    supabase_organization_id: agent.organizationId,
    model_name: agent.engine._tag === "Resolved" ? agent.engine.model : defaultModel,
    ...(agent.systemPrompt === null ? {} : { system_prompt: agent.systemPrompt }),
    ...Object.fromEntries(sampling),
    ...(agent.agentTools.length === 0 ? {} : { agent_tools: agent.agentTools }),
    mcp_config: mcpConfig(agent.mcpTools)
  }
  return Result.succeed({
    warnings,
    content: {
      graph_id: agent.graphId,
      name: agent.name,
      description: agent.description,
      config: { configurable },
      context: {},
      metadata: {
        owner: "system",
        supabase_agent_id: agent.id.toLowerCase(),
        supabase_organization_id: agent.organizationId,
        ...(warnings.length === 0 ? {} : { warnings })
      }
    }
  })
}
