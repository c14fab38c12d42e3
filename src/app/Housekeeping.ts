import { Duration, Effect, Layer, Option } from "effect"
import type { EmbeddingFailed } from "../ports/Embeddings.ts"
import { Housekeeping } from "../ports/Housekeeping.ts"
import { Storage } from "../ports/Storage.ts"
import type { StorageUnavailable } from "../ports/StorageUnavailable.ts"
import { periodically } from "./Background.ts"

/** How often each replica asks whether a round is due: two statements. */
const askEvery = Duration.minutes(1)
/** Far longer than any replica that is alive keeps silent. */
const replicasGoneAfter = Duration.hours(1)
/** Small enough that nobody waits for its locks. */
const threadsAtATime = 100
const itemsAtATime = 1000

export interface Chores {
  /** Removes the logs of runs that have had their time. */
  readonly forgetOldEvents: Effect.Effect<unknown, StorageUnavailable>
  /** Tells on their threads what updates of their states have come to that nobody could tell. */
  readonly settleUpdates: Effect.Effect<unknown, StorageUnavailable>
  /** Embeds anew what the store's embedding model has not. */
  readonly renewMeanings: Effect.Effect<unknown, EmbeddingFailed | StorageUnavailable>
  /** How often items of the store go whose time is over; none: in each round. Nobody sees them in any case. */
  readonly sweepEvery: Option.Option<Duration.Duration>
  /** After how many days without a change a thread goes. */
  readonly threadDays: Option.Option<number>
}

/** Again and again, until there was less than one takes at most; answers how much that was in all. */
const inBatches = Effect.fnUntraced(function*<E, R>(most: number, some: (most: number) => Effect.Effect<number, E, R>) {
  let all = 0, last = most
  while (last === most) {
    last = yield* some(most)
    all += last
  }
  return all
})

const removeThreads = Effect.fnUntraced(function*(days: number) {
  const { removeUntouchedThreads } = yield* Housekeeping
  const removed = yield* inBatches(threadsAtATime, (most) => removeUntouchedThreads(Duration.days(days), most))
  if (removed > 0) yield* Effect.logInfo(`Deleted ${removed} thread(s) that were not touched for ${days} day(s)`)
})

const endThreads = Effect.gen(function*() {
  const { endDueThreads } = yield* Housekeeping
  const ended = yield* inBatches(threadsAtATime, endDueThreads)
  if (ended > 0) yield* Effect.logInfo(`Ended ${ended} thread(s) whose time was over`)
})

const removeItems = Effect.flatMap(
  Housekeeping,
  ({ removeExpiredItems }) => inBatches(itemsAtATime, removeExpiredItems)
)

/** One after the other, each for itself: what fails keeps nothing else from being done, and is tried again next round. */
export const round = ({ forgetOldEvents, renewMeanings, settleUpdates, sweepEvery, threadDays }: Chores) =>
  Effect.gen(function*() {
    const { forgetReplicas } = yield* Housekeeping
    const threads = Option.match(threadDays, { onNone: () => Effect.void, onSome: removeThreads })
    const chores = {
      events: forgetOldEvents,
      updates: settleUpdates,
      due: endThreads,
      threads,
      items: Option.isNone(sweepEvery) ? removeItems : Effect.void,
      replicas: forgetReplicas(replicasGoneAfter),
      // Last: it may take what is left of the round's time.
      meanings: renewMeanings
    }
    for (const [name, chore] of Object.entries(chores)) {
      yield* Effect.catchCause(chore, (cause) => Effect.logWarning(`Housekeeping failed: ${name}`, cause))
    }
  })

/** Clears away what has had its time, by one replica at a time. */
export const housekeeping = (chores: Chores) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const { inTurn } = yield* Housekeeping
    const storage = yield* Storage
    yield* periodically("housekeeping", askEvery, Effect.andThen(storage.awaitReady, inTurn(round(chores))))
    // By each replica: one leaves alone what another is just removing.
    if (Option.isSome(chores.sweepEvery)) {
      yield* periodically("sweep", chores.sweepEvery.value, Effect.andThen(storage.awaitReady, removeItems))
    }
  }))
