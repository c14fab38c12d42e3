import { Clock, type Duration, Effect, Option } from "effect"
import type { SyncPlan } from "../../domain/AgentSync.ts"
import { changesIn } from "../../domain/AgentSync.ts"
import { AssistantId } from "../../domain/Assistant.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { AgentChanges, type Look } from "../../ports/AgentChanges.ts"
import { AgentSightings } from "../../ports/AgentSightings.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { SyncedAssistants } from "../../ports/Assistants.ts"
import { carryOut, planAgents, planFor, planNothing } from "./SyncAgents.ts"

export interface Followed {
  readonly plan: SyncPlan
  /** What differed although no look had shown a change: normally nothing. */
  readonly missed: number
}

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

/** All assistants agreed with their agents' rows as those were then; of what is out of scope nobody has looked at any. */
const saw = Effect.fnUntraced(function*(scope: SyncScope, asked: Date) {
  if (scope._tag === "All") yield* (yield* AgentSightings).sawAll(asked)
})

/** What a sync has come to its end of, it has seen; its rows were asked for after it began. */
const seen = <A, E, R>(sync: Effect.Effect<A, E, R>, scope: SyncScope) =>
  Effect.flatMap(now, (asked) => Effect.tap(sync, saw(scope, asked)))

/** What a sync of these agents alone would do now. */
const planSome = Effect.fnUntraced(function*(ids: ReadonlyArray<string>) {
  const source = yield* AgentSource
  const agents = yield* Effect.forEach(ids, source.find)
  const stored = yield* (yield* SyncedAssistants).stored(SyncScope.None(), ids.map((id) => AssistantId.make(id)))
  return yield* planFor(agents.flatMap(Option.toArray), stored)
})

/**
 * Carries out a plan and keeps what the rows were at. That was looked at before they were read: a change in between is
 * found by the next look, at worst once too often.
 */
const doneFrom = Effect.fnUntraced(function*(scope: SyncScope, look: Look, plan: SyncPlan) {
  yield* carryOut(plan)
  yield* (yield* AgentChanges).remember(scope, look)
  return plan
})

/** The sync of a whole scope, whatever a look would show: at the start, when the server may have changed instead. */
export const syncScope = Effect.fn("syncScope")(function*(scope: SyncScope) {
  if (scope._tag === "None") return planNothing
  const changes = yield* AgentChanges
  return yield* (yield* AgentSource).exclusively(Effect.gen(function*() {
    const look = yield* changes.look(scope)
    return yield* doneFrom(scope, look, yield* planAgents(scope))
  }))
}, seen)

/** At most one look in so long, over all replicas. One that finds nothing new has seen what a sync would have. */
export const lookInTurn = Effect.fnUntraced(function*(scope: SyncScope, every: Duration.Duration) {
  const asked = yield* now
  const found = yield* Effect.withTracerEnabled((yield* AgentChanges).lookInTurn(scope, every), false)
  if (Option.isSome(found) && found.value.known) yield* saw(scope, asked)
  return found
})

/**
 * Syncs what differs, if rows have changed since: a few agents by themselves, else the scope. Of several replicas that were
 * told so, one finds something to do.
 */
export const followAgents = Effect.fn("followAgents")(function*(scope: SyncScope) {
  const changes = yield* AgentChanges
  return yield* (yield* AgentSource).exclusively(Effect.gen(function*() {
    const look = yield* changes.look(scope)
    if (look.known) return undefined
    const suspects = yield* changes.suspects(scope, look)
    const plan = yield* Option.match(suspects, { onNone: () => planAgents(scope), onSome: planSome })
    return yield* doneFrom(scope, look, plan)
  }))
}, seen)

/** Compares everything, for what no look has shown. What changes while it does so is not missed, only later. */
export const compareAgents = Effect.fn("compareAgents")(function*(scope: SyncScope) {
  const changes = yield* AgentChanges
  return yield* (yield* AgentSource).exclusively(Effect.gen(function*() {
    const before = yield* changes.look(scope)
    const plan = yield* planAgents(scope)
    const after = yield* changes.look(scope)
    yield* doneFrom(scope, before, plan)
    const unseen = before.known && after.fingerprint === before.fingerprint
    return { plan, missed: unseen ? changesIn(plan) : 0 } satisfies Followed
  }))
})
