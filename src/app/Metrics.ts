import { Effect, Metric } from "effect"
import type { SyncPlan } from "../domain/AgentSync.ts"
import type { Run, RunOutcome } from "../domain/Run.ts"
import type { TokenUsage } from "../domain/RunRecord.ts"
import type { RunLedger } from "../ports/Runs.ts"

const ended = Metric.counter("throughline_runs_ended_total", {
  description: "Runs ended, by outcome",
  incremental: true
})
const running = Metric.gauge("throughline_runs_running", { description: "Runs that execute now" })
const takenUp = Metric.counter("throughline_run_attempts_total", {
  description: "Runs taken up by this process; `takeover`: from a worker that was lost",
  incremental: true
})
const tokens = Metric.counter("throughline_tokens_total", {
  description:
    "Tokens that models counted for the runs of this process, by model and by whether they were read or said",
  incremental: true
})
const forgotten = Metric.counter("throughline_runs_forgotten_total", {
  description: "Runs that had no place in the queue although it was their turn: normally none",
  incremental: true
})
const backlog = Metric.gauge("throughline_queue_runs", {
  description: "Runs of all replicas: `waiting` that are due, and `running`"
})
const oldest = Metric.gauge("throughline_queue_oldest_seconds", { description: "How long the first has waited" })
const synced = Metric.counter("throughline_agents_synced_total", {
  description: "Agents by what a sync did with them",
  incremental: true
})
const missed = Metric.counter("throughline_sync_missed_total", {
  description: "Differences between agents and assistants that only a full comparison found: normally none",
  incremental: true
})
const ticks = Metric.counter("throughline_cron_ticks_total", {
  description: "Ticks of crons taken up by this process, by result; `late`: nobody was there to take it up in time",
  incremental: true
})

export const cronTicked = (result: "late" | "ran" | "refused"): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(ticks, { result }), 1)

export const runsEnded = (outcome: RunOutcome["_tag"]): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(ended, { outcome }), 1)

export const runTakenUp = ({ attempt, lost }: Run): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(takenUp, { kind: lost > 0 ? "takeover" : attempt > 1 ? "again" : "first" }), 1)

/** Names of models come from agents and callers: those of more than these are counted together. */
const countedModels = 50

/** Counts what runs spend. */
export const tokensSpent = () => {
  const seen = new Set<string>()
  const label = (model: string) => {
    if (seen.size < countedModels) seen.add(model)
    return seen.has(model) ? model : "others"
  }
  return (spent: ReadonlyMap<string, TokenUsage>): Effect.Effect<void> =>
    Effect.forEach(spent, ([name, { input_tokens, output_tokens }]) => {
      const model = label(name)
      return Effect.andThen(
        Metric.update(Metric.withAttributes(tokens, { model, kind: "input" }), input_tokens),
        Metric.update(Metric.withAttributes(tokens, { model, kind: "output" }), output_tokens)
      )
    }, { discard: true })
}

export const queueMeasured = (measured: Effect.Success<RunLedger["Service"]["backlog"]>): Effect.Effect<void> =>
  Effect.all([
    Metric.update(Metric.withAttributes(backlog, { state: "waiting" }), measured.waiting),
    Metric.update(Metric.withAttributes(backlog, { state: "running" }), measured.running),
    Metric.update(oldest, measured.oldestSeconds)
  ], { discard: true })

export const runsForgotten = (count: number): Effect.Effect<void> => Metric.update(forgotten, count)

/** Counts an effect among the running for as long as it runs. */
export const runsRunning = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(Metric.modify(running, 1), () => effect, () => Metric.modify(running, -1))

export const syncMissed = (count: number): Effect.Effect<void> => Metric.update(missed, count)

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
