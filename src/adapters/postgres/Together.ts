import { Deferred, Effect, type Scope } from "effect"

/**
 * One call at a time: what comes while one is under way goes together into the next. Each waits for its own, and learns
 * how that ended.
 */
export const together = Effect.fnUntraced(function*<A, E>(
  call: (all: ReadonlyArray<A>) => Effect.Effect<unknown, E>,
  scope: Scope.Scope
) {
  const waiting: Array<{ readonly one: A; readonly told: Deferred.Deferred<void, E> }> = []
  let busy = false

  const next: Effect.Effect<void> = Effect.suspend(() => {
    const batch = waiting.splice(0)
    busy = batch.length > 0
    if (!busy) return Effect.void
    return Effect.exit(Effect.asVoid(call(batch.map(({ one }) => one)))).pipe(
      Effect.flatMap((exit) => Effect.forEach(batch, ({ told }) => Deferred.done(told, exit), { discard: true })),
      Effect.andThen(next)
    )
  })

  return (one: A): Effect.Effect<void, E> =>
    Effect.suspend(() => {
      const told = Deferred.makeUnsafe<void, E>()
      waiting.push({ one, told })
      const begun = busy ? Effect.void : Effect.forkIn(next, scope, { startImmediately: true })
      return Effect.andThen(begun, Deferred.await(told))
    })
})
