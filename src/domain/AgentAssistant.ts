import { Data, Result } from "effect"
import { type Agent, defaultModel, samplingKeys } from "./Agent.ts"
import { AgentFault, faultCard } from "./AgentFault.ts"
import type { AssistantContent } from "./Assistant.ts"
import { isJsonObject, type JsonObject } from "./Json.ts"
import { mcpConfig } from "./McpConfig.ts"

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

const isSamplingKey = (key: string): boolean => samplingKeys.some((known) => known === key)

/** Why an agent can't become an assistant, if it can't. */
export const whyUnresolvable = (
  { engine, graphId, sampling }: Agent,
  graphs: ReadonlyArray<string>
): AgentFault | undefined => {
  if (engine._tag === "Foreign") return AgentFault.ForeignEngine(engine)
  if (!graphs.includes(graphId)) return AgentFault.UnknownGraph({ graph: graphId, graphs })
  return isJsonObject(sampling) ? undefined : AgentFault.SamplingNotAnObject()
}

/** What of its row its assistant can't follow, and is an assistant all the same. */
export const notFollowed = ({ engine, sampling }: Agent): ReadonlyArray<AgentFault> => {
  const keys = isJsonObject(sampling) ? Object.keys(sampling).filter((key) => !isSamplingKey(key)).sort() : []
  return [
    ...(engine._tag === "None" ? [AgentFault.NoEngine()] : []),
    ...(engine._tag === "WithoutModel" ? [AgentFault.EngineWithoutModel()] : []),
    ...(keys.length > 0 ? [AgentFault.UnknownSampling({ keys })] : [])
  ]
}

/** The assistant that an agent's row describes. Keys with nothing in the row are left to the graph's defaults. */
export const assistantOf = (
  agent: Agent,
  graphs: ReadonlyArray<string>
): Result.Result<AgentAssistant, AgentUnresolved> => {
  const refusal = whyUnresolvable(agent, graphs)
  if (refusal !== undefined) {
    const { reason } = faultCard(refusal)
    return Result.fail(new AgentUnresolved({ agentId: agent.id, name: agent.name, reason }))
  }
  const warnings = notFollowed(agent).map((fault) => faultCard(fault).reason)
  const given = isJsonObject(agent.sampling) ? agent.sampling : {}
  const sampling = Object.entries(given).filter(([key, value]) => isSamplingKey(key) && value !== null)

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
