import { Deferred, Duration, Effect, Fiber, Metric, Ref, Schedule, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { LineLost, type LineOptions, openLine } from "./ListeningLine.ts"

export interface HearingOptions extends LineOptions {
  /** Whether a payload is one that `ping` told. */
  readonly isPing: (payload: string) => boolean
  /** Tells ourselves something, on any connection but the one that listens. */
  readonly ping: Effect.Effect<void, SqlError.SqlError>
  /** Called whenever it is known that we hear, or hear again. */
  readonly onHearing: Effect.Effect<void>
}

/** At most one statement in three seconds; a line that is cut off silently is noticed after 8 s at the latest. */
const pingEvery = Duration.seconds(3)
const pingTakes = Duration.seconds(2.5)
/** While nothing has been heard yet, it may only be the ordinary connections that are not there again. */
const pingSoon = Duration.millis(500)

/** Soon at first, then every 5 s; jittered, so that replicas don't come back in step. */
const patiently = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")]).pipe(
  Schedule.jittered
)

const gauge = Metric.gauge("throughline_signals_heard", {
  description: "Whether this process hears what the others tell it (LISTEN): 1, or 0, and it has to poll"
})

const deaf = new LineLost({
  why: "it listens and hears nothing; if DATABASE_URL leads to a pooler in transaction mode, DATABASE_DIRECT_URL has to"
    + " lead past it"
})
const silent = new LineLost({ why: "the connection has fallen silent" })

/** Waits for so long, and not for the end of what was given up: a statement on a dead connection takes its time to go. */
const within = <A, E>(work: Effect.Effect<A, E>, scope: Scope.Scope) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkIn(Effect.exit(work), scope)
    return yield* Fiber.join(fiber).pipe(
      Effect.timeoutOption(pingTakes),
      Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))
    )
  }).pipe(Effect.map((exit) => exit._tag === "Some" && exit.value._tag === "Success"))

/**
 * Keeps a line open for as long as the scope, and `listening` honest. A line counts as long as what is told through the
 * ordinary connections is heard on it: a LISTEN through a pooler in transaction mode succeeds and hears nothing.
 */
export const keepHearing = Effect.fnUntraced(function*(options: HearingOptions) {
  const scope = yield* Effect.scope
  const listening = yield* Ref.make(false)
  const complained = yield* Ref.make(false)

  const isHeard = Effect.gen(function*() {
    if (yield* Ref.getAndSet(listening, true)) return
    yield* Metric.update(gauge, 1)
    yield* options.onHearing
    if (yield* Ref.getAndSet(complained, false)) yield* Effect.logInfo("Signals of other replicas are heard again")
  })

  const isLost = (why: string) =>
    Effect.gen(function*() {
      yield* Ref.set(listening, false)
      yield* Metric.update(gauge, 0)
      if (yield* Ref.getAndSet(complained, true)) return
      yield* Effect.logWarning(`Signals of other replicas are not heard, polling has to do until they are: ${why}`)
    })

  const openAndKeep = Effect.gen(function*() {
    const heard = yield* Ref.make(yield* Deferred.make<void>())
    const line = yield* openLine({
      ...options,
      hear: (payload) =>
        options.isPing(payload)
          ? void Deferred.doneUnsafe(Ref.getUnsafe(heard), Effect.void)
          : options.hear(payload)
    })
    const probe = Effect.gen(function*() {
      const next = yield* Deferred.make<void>()
      yield* Ref.set(heard, next)
      if (yield* within(options.ping, scope)) {
        const hears = yield* within(Deferred.await(next), scope)
        const heardBefore = yield* Ref.get(listening)
        if (!hears) return yield* heardBefore ? silent : deaf
        if (!heardBefore) yield* line.settle
        return yield* isHeard
      }
      // The ordinary connections are all busy, or as dead as this one.
      if (!(yield* within(line.answers, scope))) return yield* silent
    })
    const pause = Effect.flatMap(Ref.get(listening), (hears) => Effect.sleep(hears ? pingEvery : pingSoon))
    return yield* Effect.raceFirst(line.lost, Effect.forever(Effect.andThen(probe, pause)))
  }).pipe(Effect.scoped)

  /** Ends when a line was good and is lost; one that was never good is tried again, less and less often. */
  const untilLost = openAndKeep.pipe(
    // A defect would end the fibre, and with it every hope of hearing again.
    Effect.catchDefect((defect) => Effect.fail(new LineLost({ why: String(defect) }))),
    Effect.catch((lost) =>
      Effect.gen(function*() {
        const wasGood = yield* Ref.get(listening)
        yield* isLost(lost.why)
        if (!wasGood) yield* lost
      })
    ),
    Effect.retry(patiently),
    Effect.andThen(Effect.suspend(() => Effect.sleep(50 + Math.random() * 100)))
  )
  // Pings are no news for traces either.
  yield* Effect.forever(untilLost).pipe(Effect.withTracerEnabled(false), Effect.forkScoped)
  return { listening: Ref.get(listening) }
})
