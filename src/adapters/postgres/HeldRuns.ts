import { Deferred, Effect, Metric } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { RunStop } from "../../ports/RunQueue.ts"

/** A job of pg-boss in our hands: with its number of deliveries it is this delivery of it and no other. */
export interface Delivery {
  readonly id: string
  readonly retryCount: number
}

/** A run in our hands. */
export interface HeldRun {
  readonly runId: RunId
  readonly delivery: Delivery
  /** Completed once, with the first reason to stop. */
  readonly stop: Deferred.Deferred<RunStop>
  /** Completed when nobody waits for it any longer. */
  readonly abandoned: Deferred.Deferred<void>
  readonly ended: Deferred.Deferred<void>
}

const held = Metric.gauge("throughline_queue_held", { description: "Runs that this process has in its hands" })
const events = Metric.counter("throughline_queue_events_total", {
  description: "What happened to jobs in this process's hands, by kind",
  incremental: true
})

export const counted = (kind: "again" | "fetched" | "lost" | "redelivered", count = 1): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(events, { kind }), count)

/** The runs in this process's hands, each once: who comes for the second time has lost the first. */
export const heldRuns = Effect.sync(() => {
  const runs = new Map<RunId, HeldRun>()
  const stop = (run: HeldRun, why: RunStop) => Deferred.succeed(run.stop, why)
  return {
    count: () => runs.size,
    ids: () => [...runs.keys()],
    all: () => [...runs.values()],
    find: (runId: RunId) => runs.get(runId),
    add: Effect.fnUntraced(function*(runId: RunId, delivery: Delivery) {
      const run: HeldRun = {
        runId,
        delivery,
        stop: yield* Deferred.make<RunStop>(),
        abandoned: yield* Deferred.make<void>(),
        ended: yield* Deferred.make<void>()
      }
      if (!runs.has(runId)) yield* Metric.modify(held, 1)
      runs.set(runId, run)
      return run
    }),
    remove: Effect.fnUntraced(function*(run: HeldRun) {
      if (runs.get(run.runId) === run) {
        runs.delete(run.runId)
        yield* Metric.modify(held, -1)
      }
      // Last: whoever waits for it looks at what is left.
      yield* Deferred.succeed(run.ended, undefined)
    }),
    stop,
    stopAll: (why: RunStop) => Effect.forEach([...runs.values()], (run) => stop(run, why), { discard: true }),
    /** Returns when none is left. */
    drained: Effect.suspend(() =>
      Effect.forEach([...runs.values()], (run) => Deferred.await(run.ended), { discard: true })
    )
  }
})

export type HeldRuns = Effect.Success<typeof heldRuns>
