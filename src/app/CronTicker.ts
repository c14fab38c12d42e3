import { Duration, Effect, Layer, Option } from "effect"
import { CronLedger } from "../ports/Crons.ts"
import { Storage } from "../ports/Storage.ts"
import { periodically } from "./Background.ts"
import { tickCron } from "./usecases/TickCron.ts"

/** Between two looks at least, so that a database that is away is not overrun; jittered, so that replicas spread out. */
const pause = Duration.seconds(1)
/** At most: a cron that another replica was just told of may be due sooner than what this one waits for. */
const longestWait = Duration.seconds(2)

/** So many ticks are taken up at a look, and so many of them at once. */
const batch = 20
const atOnce = 4

/** All that is due, then nothing until the next is, or for a moment. What others have in hand is theirs. */
const round = Effect.gen(function*() {
  const ledger = yield* CronLedger
  for (;;) {
    const { due, nextIn } = yield* ledger.look(batch)
    if (due.length === 0) {
      return yield* Effect.sleep(Duration.min(longestWait, Option.getOrElse(nextIn, () => longestWait)))
    }
    const taken = yield* Effect.forEach(due, tickCron, { concurrency: atOnce })
    if (!taken.includes(true)) return
  }
})

/** Makes the runs of crons as they are due, by whichever replica looks first. */
export const cronTicker = Layer.effectDiscard(
  Effect.gen(function*() {
    const { awaitReady } = yield* Storage
    yield* periodically("tick-crons", pause, Effect.andThen(awaitReady, round))
  })
)
