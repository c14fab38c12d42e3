import { Duration, Effect, Layer, Ref } from "effect"
import { RunQueue } from "../ports/RunQueue.ts"
import { RunLedger } from "../ports/Runs.ts"
import { Storage } from "../ports/Storage.ts"
import { periodically } from "./Background.ts"

const renewEvery = Duration.seconds(10)
/** Three renewals missed: not a hiccup any more. */
const givenUpAfter = Duration.seconds(30)
/** By then everybody who was cut off together with us has renewed as well. */
const roundsInTouch = 3

const gone = {
  error: "WorkerLost",
  message: "The process that executed the run ended without finishing it. Start the run again."
}

/**
 * Keeps this process's runs its own, and ends what a process that is no more has left behind. In that order, and not
 * soon after the database was away: it was away for the others as well, whose runs only look forsaken then.
 */
export const runRenewal = Layer.effectDiscard(
  Effect.gen(function*() {
    const queue = yield* RunQueue
    const ledger = yield* RunLedger
    const storage = yield* Storage
    const inTouch = yield* Ref.make(roundsInTouch)
    const renew = Effect.flatMap(queue.held, ledger.renew).pipe(
      // The others took us for lost, and the thread may have a new run by now: this one is not to write any more.
      Effect.tap(Effect.forEach((runId) => queue.cancel(runId, "interrupt"), { discard: true })),
      Effect.tapError(() => Ref.set(inTouch, 0)),
      Effect.andThen(Ref.updateAndGet(inTouch, (rounds) => rounds + 1))
    )
    const endLost = Effect.gen(function*() {
      const ended = yield* ledger.settleOrphans(gone, givenUpAfter)
      if (ended > 0) yield* Effect.logWarning(`Ended ${ended} run(s) that a lost process had left active`)
    })
    const round = storage.awaitReady.pipe(
      Effect.andThen(renew),
      Effect.flatMap((rounds) => rounds >= roundsInTouch ? endLost : Effect.void)
    )
    yield* periodically("renew-runs", renewEvery, round)
  })
)
