import { Data } from "effect"
import type { SyncedAgent } from "./Assistant.ts"
import { AssistantId } from "./Assistant.ts"
import type { Json } from "./Json.ts"
import type { McpToolRow } from "./McpConfig.ts"
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
