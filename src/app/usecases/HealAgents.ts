import { Effect } from "effect"
import { assistantIdOf } from "../../domain/Agent.ts"
import type { SyncPlan } from "../../domain/AgentSync.ts"
import { AssistantId } from "../../domain/Assistant.ts"
import type { AgentsUnreadable } from "../../domain/Staleness.ts"
import { trulyStored } from "../../domain/StoredAgent.ts"
import { AgentEvidence } from "../../ports/AgentEvidence.ts"
import { AgentSource, type AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import { SyncedAssistants } from "../../ports/Assistants.ts"
import { ContentDigest } from "../../ports/ContentDigest.ts"
import type { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { foundAgents, scopeOf, type Which } from "./FoundAgents.ts"
import { healLeftovers, linesOfLeftover, planLeftovers } from "./HealLeftovers.ts"
import type { Mended } from "./Mended.ts"
import { carryOut, planFor } from "./SyncAgents.ts"

/** What must happen for the assistants to say what the rows say; what was changed by hand is seen, too. */
const planned = Effect.fnUntraced(function*(which: Which) {
  const agents = yield* foundAgents(which)
  const { digest } = yield* ContentDigest
  const named = which._tag === "Agents" ? which.ids.map((id) => AssistantId.make(id.toLowerCase())) : []
  const stored = yield* (yield* SyncedAssistants).stored(scopeOf(which), [...agents.map(assistantIdOf), ...named])
  const contents = yield* (yield* AgentEvidence).stored(stored.map(({ assistant_id }) => assistant_id))
  return yield* planFor(
    agents,
    contents.map(({ assistant_id, content, provenance }) => trulyStored({ assistant_id, content, provenance }, digest))
  )
})

const nothing = { create: [], update: [], retire: [], writeBack: [] }

/** The parts of a plan: one that fails takes nothing from those before it. */
const only = {
  sync: (plan: SyncPlan): SyncPlan => ({ ...plan, ...nothing, create: plan.create, update: plan.update }),
  retire: (plan: SyncPlan): SyncPlan => ({ ...plan, ...nothing, retire: plan.retire }),
  writeBack: (plan: SyncPlan): SyncPlan => ({ ...plan, ...nothing, writeBack: plan.writeBack })
}

const linesOf = (plan: SyncPlan): ReadonlyArray<Mended> => [
  ...plan.create.map(({ assistant_id, content }) => ({ what: "synced", id: assistant_id, note: content.name })),
  ...plan.update.map(({ assistant_id, content }) => ({ what: "updated", id: assistant_id, note: content.name })),
  ...plan.retire.map((id) => ({ what: "retired", id, note: "its agent is gone, switched off or can't run" })),
  ...plan.writeBack.map(({ agentId }) => ({ what: "wrote id", id: agentId, note: "agents.langgraph_assistant_id" }))
]

/** What a repair would do beside the chains of agents: nobody's chain tells of what is left of one that is gone. */
export const healable = Effect.fn("healable")(function*(which: Which) {
  const left = (yield* planLeftovers(which)).flatMap((healing) => linesOfLeftover(healing))
  const plan = yield* planned(which)
  return [...left, ...linesOf(only.retire(plan))]
})

/** What may be read may not be written to everywhere: that is told, and takes nothing from the other kinds. */
const oneKind = <R>(
  work: Effect.Effect<ReadonlyArray<Mended>, StorageUnavailable | AgentTablesUnreadable | AgentsUnreadable, R>
) =>
  Effect.flatMap(AgentSource, (source) => source.exclusively(work)).pipe(
    Effect.catchTag(
      "AgentTablesUnreadable",
      ({ message }) => Effect.succeed([{ what: "FAILED", id: "", note: message }])
    )
  )

/**
 * Mends what can be mended without asking anybody, a transaction for each kind: done again it does nothing. Tells each
 * thing that it has done, and each that it has left with the reason.
 */
export const healAgents = Effect.fn("healAgents")(function*(which: Which) {
  // First what stands in the way of a sync: an id of an agent's that a bare copy holds.
  const copies = yield* oneKind(healLeftovers(which))
  const rest = yield* Effect.forEach(
    [only.sync, only.retire, only.writeBack],
    (part) =>
      oneKind(Effect.gen(function*() {
        const plan = part(yield* planned(which))
        yield* carryOut(plan)
        return linesOf(plan)
      }))
  )
  return [...copies, ...rest.flat()]
})
