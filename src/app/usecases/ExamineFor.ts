import { Effect, Option } from "effect"
import { personalTo } from "../../domain/Agent.ts"
import { triesPerRequest } from "../../domain/Diagnosis.ts"
import { type OrganizationId, organizationsOf } from "../../domain/Principal.ts"
import { AgentsUnreadable } from "../../domain/Staleness.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import type { Caller } from "./CreateRun.ts"
import { examineAgents } from "./ExamineAgents.ts"
import { inOrder } from "./FoundAgents.ts"

export interface AskedExamination {
  readonly agent_ids?: ReadonlyArray<string>
  readonly organization_id?: string
  /** Part of the name in any case, or an id. */
  readonly name?: string
  readonly dry_run: boolean
  readonly limit: number
  readonly offset: number
}

/** Of a row that can't be read there is no chain, and what was last synced says nothing about it. */
const agentsOf = Effect.fnUntraced(function*(ids: ReadonlyArray<OrganizationId>) {
  const source = yield* AgentSource
  const unreadable = yield* source.unreadable
  if (Option.isSome(unreadable)) return yield* new AgentsUnreadable({ why: unreadable.value.message, tooOld: null })
  return yield* source.list(SyncScope.Organizations({ ids })).pipe(
    Effect.catchTag("AgentTablesUnreadable", ({ message }) => new AgentsUnreadable({ why: message, tooOld: null }))
  )
})

/**
 * The chains of agents that the caller may use, synced or not: of their organisations, and of these agents' own makers
 * only their own. Whatever else is asked for is not there.
 */
export const examineFor = Effect.fn("examineFor")(function*(asked: AskedExamination, { principal, token }: Caller) {
  const organizations = organizationsOf(principal).filter((id) =>
    asked.organization_id === undefined || id === asked.organization_id.toLowerCase()
  )
  if (organizations.length === 0) return { total: 0, chains: [] }
  const wanted = asked.agent_ids?.map((id) => id.toLowerCase())
  const name = asked.name?.trim().toLowerCase() ?? ""
  const agents = (yield* agentsOf(organizations)).filter((agent) => {
    const creator = personalTo(agent), id = agent.id.toLowerCase()
    return (creator === null || creator === principal.userId)
      && (wanted === undefined || wanted.includes(id))
      && (name === "" || id === name || agent.name.toLowerCase().includes(name))
  })
  const page = inOrder(agents).slice(asked.offset, asked.offset + asked.limit)
  const chains = yield* examineAgents({
    agents: page,
    asked: principal,
    token,
    dryRun: asked.dry_run,
    tries: triesPerRequest
  })
  return { total: agents.length, chains }
})
