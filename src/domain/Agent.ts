import { Data, Result } from "effect"
import type { AssistantContent } from "./Assistant.ts"
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

/** The assistant that an agent's row describes. Keys with nothing in the row are left to the graph's defaults. */
export const assistantOf = (
  agent: Agent,
  graphs: ReadonlyArray<string>
): Result.Result<AgentAssistant, AgentUnresolved> => {
  const unresolved = (reason: string) =>
    Result.fail(new AgentUnresolved({ agentId: agent.id, name: agent.name, reason }))
  const warnings: Array<string> = []
  if (agent.engine._tag === "Foreign") {
    return unresolved(`its engine is of type ${JSON.stringify(agent.engine.type)}; only 'global' engines are resolved`)
  }
  if (!graphs.includes(agent.graphId)) {
    return unresolved(`graph ${JSON.stringify(agent.graphId)} is not one of this server's: ${graphs.join(", ")}`)
  }
  if (!isJsonObject(agent.sampling)) return unresolved("sampling_params is not a JSON object")
  if (agent.engine._tag !== "Resolved") {
    const lack = agent.engine._tag === "None" ? "it has no engine" : "its engine names no model"
    warnings.push(`${lack}; it runs on ${defaultModel}`)
  }
  const sampling = Object.entries(agent.sampling).filter(([key, value]) => isSamplingKey(key) && value !== null)
  const unknown = Object.keys(agent.sampling).filter((key) => !isSamplingKey(key))
  if (unknown.length > 0) warnings.push(`sampling_params has keys that no model takes: ${unknown.sort().join(", ")}`)

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
