import { type Duration, Effect, Metric, Schedule } from "effect"

const alive = Metric.gauge("throughline_background_fibres", { description: "Background fibres that run now, by name" })
const failures = Metric.counter("throughline_background_failures_total", {
  description: "Failures of background work, by name; each is tried again",
  incremental: true
})

/** Work that repeats for as long as its scope is open: named, jittered, seen in /metrics; a failure is not its end. */
export const periodically = <E, R>(name: string, every: Duration.Input, work: Effect.Effect<unknown, E, R>) => {
  const attributes = { name }
  const once = work.pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(
        Metric.update(Metric.withAttributes(failures, attributes), 1),
        Effect.logWarning(`Background work failed: ${name}`, cause)
      )
    )
  )
  const gauge = Metric.withAttributes(alive, attributes)
  return Effect.acquireUseRelease(
    Metric.modify(gauge, 1),
    () => Effect.repeat(once, Schedule.jittered(Schedule.spaced(every))),
    () => Metric.modify(gauge, -1)
  ).pipe(Effect.withSpan(name), Effect.forkScoped)
}
