import { Clock, Effect, Option } from "effect"
import { prospect, prospectFor } from "../../domain/Agent.ts"
import { AgentUnresolved } from "../../domain/AgentAssistant.ts"
import { whyGone } from "../../domain/AgentGone.ts"
import { isUpToDate } from "../../domain/AgentSync.ts"
import type { Assistant, AssistantId } from "../../domain/Assistant.ts"
import { AssistantNotFound } from "../../domain/Assistant.ts"
import { isUuid, resolveAssistantId } from "../../domain/AssistantId.ts"
import type { Principal, UserId } from "../../domain/Principal.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { canSee } from "../../domain/Visibility.ts"
import { AgentSightings } from "../../ports/AgentSightings.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { Assistants, SyncedAssistants } from "../../ports/Assistants.ts"
import { GraphDefaults } from "../../ports/GraphDefaults.ts"
import { servedStale } from "./ServeStale.ts"
import { carryOut, planFor } from "./SyncAgents.ts"

/** An assistant as the caller sees it. */
export interface Resolved {
  readonly assistant: Assistant
  /** The caller; of an agent's, with their memberships as they were read with its row. */
  readonly principal: Principal
  /** Set where the agents' tables could not be read: when the assistant was last seen to agree with its row. */
  readonly staleSince: Date | null
}

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

/** Whoever might use it if it were there is told what became of it; nobody else learns that there was anything. */
const notFound = Effect.fnUntraced(function*(reference: string, id: AssistantId, principal: Principal) {
  const source = yield* AgentSource
  const state = Option.getOrUndefined(yield* source.state(id))
  const [stored] = yield* (yield* SyncedAssistants).stored(SyncScope.None(), [id])
  const was = stored?.provenance._tag === "Agent" ? stored.provenance : undefined
  const seen = state ?? was
  const visible = seen !== undefined && canSee(principal, prospectFor(seen.organizationId, seen.personalTo))
  const reason = visible ? whyGone(state, was?.retiredAt ?? null) : undefined
  return yield* new AssistantNotFound({ assistant: reference, ...(reason === undefined ? {} : { reason }) })
})

/**
 * An agent's assistant by what its row, and the members of its organisation, say at this moment. `found` is what the caller's
 * principal, which may be a little older, saw of it just before: never after, or a row that is older than it could pass
 * for the present one.
 */
const throughRow = Effect.fnUntraced(function*(
  reference: string,
  id: AssistantId,
  found: Option.Option<Assistant>,
  asker: UserId
) {
  const assistants = yield* Assistants
  const asked = new Date(yield* Clock.currentTimeMillis)
  const { agent, principal } = yield* (yield* AgentSource).seenBy(id, asker)
  if (Option.isSome(agent)) {
    if (!canSee(principal, prospect(agent.value))) {
      // Nobody syncs on behalf of a stranger, and a stranger learns nothing; who is one by now sees it no longer in lists.
      if (Option.isSome(found)) yield* follow(id)
      return yield* new AssistantNotFound({ assistant: reference })
    }
  } else if (Option.isNone(found)) {
    return yield* notFound(reference, id, principal)
  }
  // Who has just joined sees it now.
  const present = Option.isSome(found) ? found : yield* assistants.find(id, principal)
  const current = Option.isSome(present) && isUpToDate(yield* planFor(Option.toArray(agent), [present.value]))
  if (!current) yield* follow(id)
  const followed = current ? present : yield* assistants.find(id, principal)
  if (Option.isNone(followed)) return yield* notFound(reference, id, principal)
  yield* (yield* AgentSightings).saw(id, asked)
  return { assistant: followed.value, principal, staleSince: null } satisfies Resolved
})

/**
 * The assistant that a caller means by an id or a graph's name, as its agent's row says at this moment: look-up goes
 * through to the agents' table, whatever the sync scope (contract 3). What the caller can't see is not there.
 */
export const resolve = Effect.fn("resolveAssistant")(function*(reference: string, principal: Principal) {
  const id = resolveAssistantId(reference, yield* GraphDefaults)
  const found = yield* (yield* Assistants).find(id, principal)
  if (Option.isSome(found) && found.value.provenance._tag !== "Agent") {
    return { assistant: found.value, principal, staleSince: null } satisfies Resolved
  }
  const missing = new AssistantNotFound({ assistant: reference })
  if (!isUuid(id)) return yield* missing
  return yield* throughRow(reference, id, found, principal.userId).pipe(
    Effect.catchTag(
      "AgentTablesUnreadable",
      Effect.fnUntraced(function*(error) {
        const assistant = yield* Effect.mapError(Effect.fromOption(found), () => missing)
        return { assistant, principal, staleSince: yield* servedStale(id, error) } satisfies Resolved
      })
    )
  )
})

export const resolveAssistant = (reference: string, principal: Principal) =>
  Effect.map(resolve(reference, principal), ({ assistant }) => assistant)
