import { Clock, Effect, Layer, Option, PubSub, Stream } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { NumberedRunEvent, RunEvent } from "../../ports/RunEvents.ts"
import { RunEvents } from "../../ports/RunEvents.ts"

interface Log {
  readonly events: Array<NumberedRunEvent>
  readonly changed: PubSub.PubSub<void>
  closed: boolean
}

/** How long a log is kept after its end, for readers who come back, in ms. */
const keptAfterEnd = 60_000
/** How much ended logs may hold together, in letters; the oldest go first. */
const keptTogether = 64_000_000

/** Logs in memory, for a single process. */
export const layer = Layer.effect(
  RunEvents,
  Effect.gen(function*() {
    const logs = new Map<RunId, Log>()
    /** Logs that have ended, when and how large, in the order they did. */
    const ended = new Map<RunId, { readonly at: number; readonly size: number }>()
    let kept = 0

    const forgetOld = Effect.map(Clock.currentTimeMillis, (now) => {
      for (const [runId, { at, size }] of ended) {
        // The last one has readers who are about to come.
        if (at + keptAfterEnd > now && (kept <= keptTogether || ended.size === 1)) break
        ended.delete(runId)
        logs.delete(runId)
        kept -= size
      }
    })

    const logOf = Effect.fnUntraced(function*(runId: RunId) {
      const present = logs.get(runId)
      if (present !== undefined) return present
      yield* forgetOld
      const log: Log = { events: [], changed: yield* PubSub.sliding<void>(1), closed: false }
      logs.set(runId, log)
      return log
    })

    /** What there is after an id; waits when there is nothing yet. */
    const next = (
      log: Log,
      changes: PubSub.Subscription<void>,
      after: number
    ): Effect.Effect<ReadonlyArray<NumberedRunEvent>> =>
      Effect.suspend(() => {
        const rest = log.events.slice(after + 1)
        if (rest.length > 0 || log.closed) return Effect.succeed(rest)
        return Effect.andThen(PubSub.take(changes), Effect.suspend(() => next(log, changes, after)))
      })

    return RunEvents.of({
      open: (runId) => Effect.asVoid(logOf(runId)),
      publish: Effect.fnUntraced(function*(runId: RunId, events: ReadonlyArray<RunEvent>) {
        const log = yield* logOf(runId)
        for (const { data, event } of events) log.events.push({ id: log.events.length, event, data })
        yield* PubSub.publish(log.changed, undefined)
      }),
      close: Effect.fnUntraced(function*(runId: RunId) {
        const log = yield* logOf(runId)
        log.closed = true
        if (!ended.has(runId)) {
          const size = log.events.reduce((sum, { data }) => sum + data.length, 0)
          ended.set(runId, { at: yield* Clock.currentTimeMillis, size })
          kept += size
          yield* forgetOld
        }
        yield* PubSub.publish(log.changed, undefined)
      }),
      read: (runId, after) =>
        Stream.unwrap(Effect.gen(function*() {
          const log = logs.get(runId)
          if (log === undefined) return Stream.empty
          const changes = yield* PubSub.subscribe(log.changed)
          return Stream.paginate(after, (seen: number) =>
            Effect.map(next(log, changes, seen), (events) => {
              const last = events.at(-1)
              return [events, last === undefined ? Option.none() : Option.some(last.id)] as const
            }))
        }))
    })
  })
)
