import { Effect, Option } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import { AgentUnresolved, personalTo } from "../../domain/Agent.ts"
import { isUpToDate } from "../../domain/AgentSync.ts"
import type { AssistantId, Provenance } from "../../domain/Assistant.ts"
import { AssistantNotFound } from "../../domain/Assistant.ts"
import { isUuid, resolveAssistantId } from "../../domain/AssistantId.ts"
import type { Principal } from "../../domain/Principal.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { canSee } from "../../domain/Visibility.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { Assistants, SyncedAssistants } from "../../ports/Assistants.ts"
import { GraphDefaults } from "../../ports/GraphDefaults.ts"
import { carryOut, planFor } from "./SyncAgents.ts"

/** Who would see the assistant of an agent, before there is one. */
const prospect = (agent: Agent): { readonly provenance: Provenance } => ({
  provenance: {
    _tag: "Agent",
    organizationId: agent.organizationId,
    personalTo: personalTo(agent),
    contentHash: "",
    retiredAt: null
  }
})

/** Without the tables to compare with, the last synced version serves; that is said. */
const findAgent = Effect.fnUntraced(function*(id: AssistantId) {
  const source = yield* AgentSource
  return yield* source.find(id).pipe(
    Effect.map((agent) => ({ readable: true as const, agent })),
    Effect.catchTag(
      "AgentTablesUnreadable",
      (error) =>
        Effect.logWarning(`Serving assistants as they were last synced: ${error.message}`).pipe(
          Effect.as({ readable: false as const, agent: Option.none<Agent>() })
        )
    )
  )
})

/** Brings one agent's assistant up to its row, or retires it with its row. */
const follow = Effect.fn("followAgent")(function*(id: AssistantId) {
  const source = yield* AgentSource
  const synced = yield* SyncedAssistants
  const plan = yield* source.exclusively(Effect.gen(function*() {
    const agent = yield* source.find(id)
    const plan = yield* planFor(Option.toArray(agent), yield* synced.stored(SyncScope.None(), [id]))
    yield* carryOut(plan)
    return plan
  }))
  const failed = plan.failed[0]
  if (failed !== undefined) return yield* new AgentUnresolved(failed)
})

/**
 * The assistant that a caller means by an id or a graph's name, as its agent's row says at this moment: look-up goes
 * through to the agents' table, whatever the sync scope (contract 3). What the caller can't see is not there.
 */
export const resolveAssistant = Effect.fn("resolveAssistant")(function*(reference: string, principal: Principal) {
  const assistants = yield* Assistants
  const id = resolveAssistantId(reference, yield* GraphDefaults)
  const found = yield* assistants.find(id, principal)
  if (Option.isSome(found) && found.value.provenance._tag !== "Agent") return found.value

  const missing = new AssistantNotFound({ assistant: reference })
  if (!isUuid(id)) return yield* missing
  const { agent, readable } = yield* findAgent(id)
  if (!readable) return yield* Effect.mapError(Effect.fromOption(found), () => missing)
  if (Option.isSome(found)) {
    if (isUpToDate(yield* planFor(Option.toArray(agent), [found.value]))) return found.value
  } else if (Option.isNone(agent) || !canSee(principal, prospect(agent.value))) {
    // Nobody syncs on behalf of a stranger, and a stranger learns nothing.
    return yield* missing
  }
  yield* follow(id).pipe(Effect.catchTag("AgentTablesUnreadable", () => Effect.fail(missing)))
  const followed = yield* assistants.find(id, principal)
  return yield* Effect.mapError(Effect.fromOption(followed), () => missing)
})
