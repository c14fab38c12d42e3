import { Duration, Effect, Layer } from "effect"
import { RunQueue } from "../ports/RunQueue.ts"
import { RunLedger } from "../ports/Runs.ts"
import { Storage } from "../ports/Storage.ts"
import { periodically } from "./Background.ts"

const renewEvery = Duration.seconds(10)
/** Three renewals missed: not a hiccup any more. */
const givenUpAfter = Duration.seconds(30)

const gone = {
  error: "WorkerLost",
  message: "The process that executed the run ended without finishing it. Start the run again."
}

/** Keeps this process's runs its own, and ends what a process that is no more has left behind. */
export const runRenewal = Layer.effectDiscard(
  Effect.gen(function*() {
    const queue = yield* RunQueue
    const ledger = yield* RunLedger
    const storage = yield* Storage
    yield* periodically(
      "renew-runs",
      renewEvery,
      Effect.flatMap(queue.held, (runs) => runs.length === 0 ? Effect.void : ledger.renew(runs))
    )
    const sweep = Effect.gen(function*() {
      yield* storage.awaitReady
      const ended = yield* ledger.settleOrphans(gone, givenUpAfter)
      if (ended > 0) yield* Effect.logWarning(`Ended ${ended} run(s) that a lost process had left active`)
    })
    yield* periodically("end-lost-runs", renewEvery, sweep)
  })
)
