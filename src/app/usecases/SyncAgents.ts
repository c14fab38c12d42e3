import { Effect } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import { assistantIdOf } from "../../domain/Agent.ts"
import type { StoredAssistant, SyncPlan } from "../../domain/AgentSync.ts"
import { isUpToDate, planSync } from "../../domain/AgentSync.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { SyncedAssistants } from "../../ports/Assistants.ts"
import { ContentDigest } from "../../ports/ContentDigest.ts"

/** What must happen for these assistants to say what these agents say, on this server. */
export const planFor = Effect.fnUntraced(function*(
  agents: ReadonlyArray<Agent>,
  assistants: ReadonlyArray<StoredAssistant>
) {
  const { names: graphs } = yield* AgentGraphs
  const { digest } = yield* ContentDigest
  return planSync({ agents, assistants, graphs, digest })
})

/** What a sync of the scope would do now. */
export const planAgents = Effect.fn("planAgents")(function*(scope: SyncScope) {
  const source = yield* AgentSource
  const synced = yield* SyncedAssistants
  const agents = yield* source.list(scope)
  return yield* planFor(agents, yield* synced.stored(scope, agents.map(assistantIdOf)))
})

/** Carries a plan out, inside `AgentSource.exclusively`. */
export const carryOut = Effect.fn("carryOut")(function*(plan: SyncPlan) {
  if (isUpToDate(plan)) return
  yield* (yield* SyncedAssistants).apply(plan)
  yield* (yield* AgentSource).writeBack(plan.writeBack)
})

/** Makes the assistants of a scope say what the agents say: one sync at a time, all of it or nothing. */
export const syncAgents = Effect.fn("syncAgents")(function*(scope: SyncScope) {
  if (scope._tag === "None") return planNothing
  const source = yield* AgentSource
  const plan = yield* source.exclusively(Effect.tap(planAgents(scope), carryOut))
  yield* reportAgents(plan)
  return plan
})

/** Names every agent that failed and every compromise that was made: neither ends a sync, neither is silent. */
export const reportAgents = Effect.fn("reportAgents")(function*(plan: Pick<SyncPlan, "failed" | "warnings">) {
  for (const { agentId, name, reason } of plan.failed) {
    yield* Effect.logError(`Agent not synced: ${name}: ${reason}`).pipe(Effect.annotateLogs({ agent_id: agentId }))
  }
  for (const { agentId, name, warning } of plan.warnings) {
    yield* Effect.logWarning(`Agent synced with a warning: ${name}: ${warning}`).pipe(
      Effect.annotateLogs({ agent_id: agentId })
    )
  }
})

/** What a sync of no agents comes to. */
export const planNothing: SyncPlan = {
  total: 0,
  create: [],
  update: [],
  skipped: 0,
  retire: [],
  writeBack: [],
  failed: [],
  warnings: []
}
