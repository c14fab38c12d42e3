import { Cause, type Duration, Effect, Fiber, Metric, Random, type Scope } from "effect"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"

const alive = Metric.gauge("throughline_background_fibres", { description: "Background fibres that run now, by name" })
const failures = Metric.counter("throughline_background_failures_total", {
  description: "Failures of background work, by name; each is tried again",
  incremental: true
})

/** About a second; replicas are not to come back in step. */
const soon = Effect.flatMap(Random.nextBetween(700, 1300), Effect.sleep)

/** Whoever found the database away has said so. */
const isAway = (cause: Cause.Cause<unknown>) =>
  cause.reasons.every((reason) => Cause.isFailReason(reason) && reason.error instanceof StorageUnavailable)

/** Repeats for as long as the scope is open: named, seen in /metrics; neither a failure nor a bug is its end. */
export const keepUp = <E, R>(name: string, scope: Scope.Scope, work: Effect.Effect<unknown, E, R>) => {
  const attributes = { name }
  const once = Effect.catchCause(work, (cause) =>
    Metric.update(Metric.withAttributes(failures, attributes), 1).pipe(
      Effect.andThen(isAway(cause) ? Effect.void : Effect.logWarning(`Background work failed: ${name}`, cause)),
      Effect.andThen(soon)
    ))
  const gauge = Metric.withAttributes(alive, attributes)
  return Effect.acquireUseRelease(
    Metric.modify(gauge, 1),
    () => Effect.forever(once),
    () => Metric.modify(gauge, -1)
  ).pipe(Effect.forkIn(scope))
}

/** Waits for so long, and not for the end of what was given up: a statement on a dead connection takes its time to go. */
export const within = <A, E, R>(limit: Duration.Input, scope: Scope.Scope, work: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fibre = yield* Effect.forkIn(work, scope)
    return yield* Fiber.join(fibre).pipe(
      Effect.timeoutOrElse({
        duration: limit,
        orElse: () =>
          Effect.andThen(Effect.forkIn(Fiber.interrupt(fibre), scope), Effect.fail(new StorageUnavailable()))
      })
    )
  })
