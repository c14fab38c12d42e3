import { Result } from "effect"
import type { Agent } from "./Agent.ts"
import { assistantIdOf, personalTo } from "./Agent.ts"
import { type AgentUnresolved, assistantOf } from "./AgentAssistant.ts"
import type { AssistantContent, AssistantId, Provenance } from "./Assistant.ts"
import { canonicalJson } from "./Json.ts"
import type { OrganizationId, UserId } from "./Principal.ts"

/** What the plan needs to know of an assistant that is there already. */
export interface StoredAssistant {
  readonly assistant_id: AssistantId
  readonly provenance: Provenance
}

/** An assistant as it must be after the sync. */
export interface SyncedAssistant {
  readonly assistant_id: AssistantId
  readonly content: AssistantContent
  readonly contentHash: string
  readonly organizationId: OrganizationId
  readonly personalTo: UserId | null
}

/** What must happen for the assistants to say what the agents say. Deciding it touches nothing. */
export interface SyncPlan {
  readonly total: number
  readonly create: ReadonlyArray<SyncedAssistant>
  readonly update: ReadonlyArray<SyncedAssistant>
  readonly skipped: number
  readonly retire: ReadonlyArray<AssistantId>
  /** Agents whose `langgraph_assistant_id` is not their assistant's id. */
  readonly writeBack: ReadonlyArray<{ readonly agentId: string; readonly assistantId: AssistantId }>
  readonly failed: ReadonlyArray<Pick<AgentUnresolved, "agentId" | "name" | "reason">>
  readonly warnings: ReadonlyArray<{ readonly agentId: string; readonly name: string; readonly warning: string }>
}

export interface SyncWorld {
  /** Every active agent of the scope. */
  readonly agents: ReadonlyArray<Agent>
  /** Every assistant synced in the scope, and whatever else holds an id of these agents. */
  readonly assistants: ReadonlyArray<StoredAssistant>
  readonly graphs: ReadonlyArray<string>
  /** A collision-free digest of a text; equal content must give an equal digest on every replica. */
  readonly digest: (text: string) => string
}

/** Organisation and ownership are part of what decides 'changed': who sees an assistant follows its row as well. */
export const contentHashOf = (
  agent: { readonly ownership: Agent["ownership"] },
  content: AssistantContent,
  digest: SyncWorld["digest"]
): string =>
  digest(canonicalJson({
    graph_id: content.graph_id,
    name: content.name,
    description: content.description,
    configurable: content.config.configurable ?? {},
    metadata: content.metadata,
    personal: personalTo(agent)
  }))

export const planSync = ({ agents, assistants, digest, graphs }: SyncWorld): SyncPlan => {
  const stored = new Map(assistants.map((assistant) => [assistant.assistant_id, assistant.provenance]))
  const create: Array<SyncedAssistant> = []
  const update: Array<SyncedAssistant> = []
  const writeBack: Array<SyncPlan["writeBack"][number]> = []
  const failed: Array<SyncPlan["failed"][number]> = []
  const warnings: Array<SyncPlan["warnings"][number]> = []
  const kept = new Set<AssistantId>()
  let skipped = 0

  for (const agent of agents) {
    const id = assistantIdOf(agent)
    const resolved = assistantOf(agent, graphs)
    if (Result.isFailure(resolved)) {
      const { agentId, name, reason } = resolved.failure
      failed.push({ agentId, name, reason })
      continue
    }
    const { content } = resolved.success
    for (const warning of resolved.success.warnings) warnings.push({ agentId: agent.id, name: agent.name, warning })
    const there = stored.get(id)
    if (there !== undefined && there._tag !== "Agent") {
      failed.push({ agentId: agent.id, name: agent.name, reason: `its id is taken by an assistant that is not synced` })
      continue
    }
    kept.add(id)
    const synced: SyncedAssistant = {
      assistant_id: id,
      content,
      contentHash: contentHashOf(agent, content, digest),
      organizationId: agent.organizationId,
      personalTo: personalTo(agent)
    }
    if (there === undefined) create.push(synced)
    else if (there.retiredAt !== null || there.contentHash !== synced.contentHash) update.push(synced)
    else skipped += 1
    if (agent.assistantId !== id) writeBack.push({ agentId: agent.id, assistantId: id })
  }

  // An agent that can't be resolved any more must not go on with what its row said before.
  const retire = assistants
    .filter(({ assistant_id, provenance }) =>
      provenance._tag === "Agent" && provenance.retiredAt === null && !kept.has(assistant_id)
    )
    .map(({ assistant_id }) => assistant_id)

  return { total: agents.length, create, update, skipped, retire, writeBack, failed, warnings }
}

/** The line that operators look for (contract 6), and its like for a sync by hand. */
export const syncSummary = (plan: SyncPlan, title = "Startup sync"): string =>
  `${title} summary: total=${plan.total} created=${plan.create.length} updated=${plan.update.length}`
  + ` skipped=${plan.skipped} failed=${plan.failed.length} retired=${plan.retire.length}`

/** How many rows a plan would write. */
export const changesIn = (plan: SyncPlan): number =>
  plan.create.length + plan.update.length + plan.retire.length + plan.writeBack.length

export const isUpToDate = (plan: SyncPlan): boolean => changesIn(plan) === 0
