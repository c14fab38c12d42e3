import { Effect, Option } from "effect"
import { StoreMeanings } from "../../ports/StoreMeanings.ts"

/** Few enough for one request to any provider. */
const atATime = 50

/**
 * Vectors of different models can't be compared: once the operator has chosen another one, a search ranks nothing of what
 * was put before. So that is embedded anew, batch by batch; what is left when time is up is for the next round.
 */
export const renewMeanings = Effect.gen(function*() {
  const { renew } = yield* StoreMeanings
  const all = { renewed: 0, refused: 0 }
  const tell = Effect.suspend(() =>
    all.renewed + all.refused === 0
      ? Effect.void
      : Effect.logInfo(
        `Embedded ${all.renewed} item(s) of the store anew, which another model had embedded; ${all.refused} refused`
      )
  )
  yield* Effect.gen(function*() {
    let batch = yield* renew(Option.none(), atATime)
    while (Option.isSome(batch)) {
      all.renewed += batch.value.renewed
      all.refused += batch.value.refused
      batch = yield* renew(Option.some(batch.value.last), atATime)
    }
  }).pipe(Effect.ensuring(tell))
})
