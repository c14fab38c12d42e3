import { Effect, Metric } from "effect"
import type { SyncPlan } from "../domain/AgentSync.ts"
import type { RunOutcome } from "../domain/Run.ts"

const ended = Metric.counter("throughline_runs_ended_total", {
  description: "Runs ended, by outcome",
  incremental: true
})
const running = Metric.gauge("throughline_runs_running", { description: "Runs that execute now" })
const synced = Metric.counter("throughline_agents_synced_total", {
  description: "Agents by what a sync did with them",
  incremental: true
})

export const runsEnded = (outcome: RunOutcome["_tag"]): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(ended, { outcome }), 1)

/** Counts an effect among the running for as long as it runs. */
export const runsRunning = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(Metric.modify(running, 1), () => effect, () => Metric.modify(running, -1))

export const agentsSynced = (plan: SyncPlan): Effect.Effect<void> =>
  Effect.forEach(
    [
      ["created", plan.create.length],
      ["updated", plan.update.length],
      ["skipped", plan.skipped],
      ["failed", plan.failed.length],
      ["retired", plan.retire.length]
    ] as const,
    ([result, count]) => Metric.update(Metric.withAttributes(synced, { result }), count),
    { discard: true }
  )
