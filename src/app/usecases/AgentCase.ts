import { Effect, Result } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import { assistantIdOf, personalTo, prospect } from "../../domain/Agent.ts"
import { assistantOf } from "../../domain/AgentAssistant.ts"
import type { Audience, StoredState } from "../../domain/AgentFacts.ts"
import { contentHashOf } from "../../domain/AgentSync.ts"
import type { AssistantContent, SyncedAgent } from "../../domain/Assistant.ts"
import { effectiveConfig, RunOverrides } from "../../domain/EffectiveConfig.ts"
import type { JsonObject } from "../../domain/Json.ts"
import { isBare, saysItIs } from "../../domain/Leftover.ts"
import type { McpServer } from "../../domain/McpConfig.ts"
import { trulyStored } from "../../domain/StoredAgent.ts"
import { AgentEvidence, type StoredContent } from "../../ports/AgentEvidence.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { ContentDigest } from "../../ports/ContentDigest.ts"
import { serversIn } from "./ExamineServers.ts"

/** An agent with what the database says about it: all that can be known without asking anybody else. */
export interface AgentCase {
  readonly agent: Agent
  /** What a run of it would have, if nobody asked for anything else; nothing, where it can't run. */
  readonly configurable: JsonObject
  readonly servers: ReadonlyArray<McpServer>
  readonly stored: StoredState
  /** Its assistant as it is stored, for whom it is visible. */
  readonly provenance: SyncedAgent
  readonly audience: Audience
}

const configurableOf = (agent: Agent, content: AssistantContent, defaults: JsonObject): JsonObject =>
  effectiveConfig({
    defaults,
    assistant: { ...content, ...prospect(agent) },
    request: { headers: {}, config: {}, context: {}, metadata: {} },
    pinned: { supabase_organization_id: agent.organizationId },
    overrides: RunOverrides.Safe()
  }).configurable

const storedState = (
  agent: Agent,
  content: AssistantContent | undefined,
  found: StoredContent | undefined,
  digest: (text: string) => string
): StoredState => {
  if (found === undefined) return { _tag: "Missing" }
  const { provenance } = trulyStored(found, digest)
  if (provenance._tag !== "Agent") {
    return { _tag: "Taken", bare: saysItIs(found.content, agent) && isBare(found.content) }
  }
  const expected = content === undefined ? undefined : contentHashOf(agent, content, digest)
  return { _tag: "Synced", retired: provenance.retiredAt !== null, equal: provenance.contentHash === expected }
}

/** The cases of any number of agents, in a fixed number of statements. */
export const agentCases = Effect.fn("agentCases")(function*(agents: ReadonlyArray<Agent>) {
  const evidence = yield* AgentEvidence
  const graphs = yield* AgentGraphs
  const { digest } = yield* ContentDigest
  const stored = new Map(
    (yield* evidence.stored(agents.map(assistantIdOf))).map((found) => [found.assistant_id, found])
  )
  const audiences = yield* evidence.audiences(
    agents.map((agent) => ({ organizationId: agent.organizationId, personalTo: personalTo(agent) }))
  )
  return agents.map((agent, index): AgentCase => {
    const described = assistantOf(agent, graphs.names)
    const content = Result.isSuccess(described) ? described.success.content : undefined
    const configurable = content === undefined
      ? {}
      : configurableOf(agent, content, graphs.defaults(agent.graphId))
    const found = stored.get(assistantIdOf(agent))
    return {
      agent,
      configurable,
      servers: serversIn(configurable),
      stored: storedState(agent, content, found, digest),
      provenance: found?.provenance._tag === "Agent" ? found.provenance : prospect(agent).provenance,
      audience: audiences[index] ?? { owner: 0, admin: 0, member: 0 }
    }
  })
})
