import { Duration, Effect, Layer } from "effect"
import { CredentialsAtHand } from "../ports/RunCredentials.ts"
import { RunQueue } from "../ports/RunQueue.ts"
import { RunLedger } from "../ports/Runs.ts"
import { Storage } from "../ports/Storage.ts"
import { periodically } from "./Background.ts"
import { queueMeasured, runsForgotten } from "./Metrics.ts"
import { endOrphans } from "./usecases/EndSubruns.ts"
import { runWorker } from "./usecases/ExecuteRun.ts"

/** Whoever is forgotten waits that long at most; nobody should be. */
const lookAfter = Duration.seconds(15)

/** Offers what waits although it is its turn: a run whose tenant's share was just freed by somebody else, or a bug. */
const offerForgotten = Effect.gen(function*() {
  const count = yield* (yield* RunLedger).offerForgotten
  yield* runsForgotten(count)
  if (count > 0) yield* Effect.logWarning(`Offered ${count} run(s) that had no place in the queue`)
})

/** Agents at work for a run that nobody executes any more: one that was stopped while it waited to be taken up again. */
const stopOrphans = Effect.gen(function*() {
  const count = yield* endOrphans
  if (count > 0) yield* Effect.logWarning(`Stopped ${count} subrun(s) whose run had ended without them`)
})

/** Credentials of runs that have ended elsewhere: taken over, cancelled while they waited, deleted with their thread. */
const forgetCredentials = Effect.gen(function*() {
  const atHand = yield* CredentialsAtHand
  const kept = yield* atHand.runs
  if (kept.length === 0) return
  const active = new Set(yield* (yield* RunLedger).stillActive(kept))
  yield* atHand.forget(kept.filter((runId) => !active.has(runId)))
})

const measure = Effect.gen(function*() {
  yield* queueMeasured(yield* (yield* RunLedger).backlog)
})

/** Executes runs in this process, once the database has its tables. */
export const runWorkers = Layer.effectDiscard(
  Effect.gen(function*() {
    const { awaitReady } = yield* Storage
    const queue = yield* RunQueue
    const worker = yield* runWorker
    yield* Effect.forkScoped(Effect.andThen(awaitReady, queue.work(worker)))
    yield* periodically("offer-forgotten-runs", lookAfter, Effect.andThen(awaitReady, offerForgotten))
    yield* periodically("stop-orphans", lookAfter, Effect.andThen(awaitReady, stopOrphans))
    yield* periodically("measure-queue", lookAfter, Effect.andThen(awaitReady, measure))
    yield* periodically("forget-credentials", lookAfter, Effect.andThen(awaitReady, forgetCredentials))
  })
)
