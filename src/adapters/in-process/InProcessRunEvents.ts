import { Clock, Effect, Layer, Option, PubSub, Stream } from "effect"
import type { RunClaim, RunId } from "../../domain/Run.ts"
import { metadataEvent, type NumberedRunEvent, type RunEvent, RunEvents } from "../../ports/RunEvents.ts"

interface Log {
  readonly events: Array<NumberedRunEvent>
  readonly changed: PubSub.PubSub<void>
  /** Of the latest claim that wrote; what an earlier one writes is void. */
  attempt: number
  /** What it holds, in letters. */
  size: number
  full: boolean
  ended: boolean
}

export interface InProcessOptions {
  /** What a log may hold, in letters. */
  readonly maxBytes?: number
}

/** How long a log is kept after its end, for readers who come back, in ms. */
const keptAfterEnd = 60_000
/** How much ended logs may hold together, in letters; the oldest go first. */
const keptTogether = 64_000_000
/** How many forgotten ones are known to have been there, so that nobody waits for them. */
const remembered = 100_000

const streamLimit = (maxBytes: number): RunEvent => ({
  event: "error",
  data: JSON.stringify({
    error: "StreamLimit",
    message:
      `The stream of this run ends here: it has more than ${maxBytes} bytes. The run goes on; join it to wait for `
      + "its result, and read the thread's state for its values."
  })
})

/**
 * Logs in memory, for a single process. Which runs there are is not known here: whoever reads one that nobody has
 * written about waits for it.
 */
export const layerWith = ({ maxBytes = 67_108_864 }: InProcessOptions): Layer.Layer<RunEvents> =>
  Layer.effect(
    RunEvents,
    Effect.gen(function*() {
      const logs = new Map<RunId, Log>()
      /** Logs that have ended, when and how large, in the order they did. */
      const ended = new Map<RunId, { readonly at: number; readonly size: number }>()
      const forgotten = new Set<RunId>()
      let kept = 0

      const forget = (runId: RunId, size: number) => {
        ended.delete(runId)
        logs.delete(runId)
        kept -= size
        forgotten.add(runId)
        const [oldest] = forgotten
        if (forgotten.size > remembered && oldest !== undefined) forgotten.delete(oldest)
      }

      const forgetOld = Effect.map(Clock.currentTimeMillis, (now) => {
        for (const [runId, { at, size }] of ended) {
          // The last one has readers who are about to come.
          if (at + keptAfterEnd > now && (kept <= keptTogether || ended.size === 1)) break
          forget(runId, size)
        }
      })

      const logOf = Effect.fnUntraced(function*(runId: RunId) {
        yield* forgetOld
        const present = logs.get(runId)
        if (present !== undefined) return present
        const changed = yield* PubSub.sliding<void>(1)
        const log: Log = { events: [], changed, attempt: 0, size: 0, full: false, ended: forgotten.has(runId) }
        if (!log.ended) logs.set(runId, log)
        return log
      })

      const append = (log: Log, { data, event }: RunEvent) => {
        log.events.push({ id: log.events.length, event, data })
        log.size += event.length + data.length
      }

      const write = (log: Log, claim: RunClaim, events: ReadonlyArray<RunEvent>) => {
        if (claim.attempt < log.attempt || log.ended) return
        log.attempt = claim.attempt
        for (const event of events) {
          if (log.full) return
          log.full = log.size + event.event.length + event.data.length > maxBytes
          append(log, log.full ? streamLimit(maxBytes) : event)
        }
      }

      /** What there is after an id; waits when there is nothing yet. */
      const next = (
        log: Log,
        changes: PubSub.Subscription<void>,
        after: number
      ): Effect.Effect<ReadonlyArray<NumberedRunEvent>> =>
        Effect.suspend(() => {
          const rest = log.events.slice(after + 1)
          if (rest.length > 0 || log.ended) return Effect.succeed(rest)
          return Effect.andThen(PubSub.take(changes), Effect.suspend(() => next(log, changes, after)))
        })

      return RunEvents.of({
        publish: Effect.fnUntraced(function*(claim: RunClaim, events: ReadonlyArray<RunEvent>) {
          const log = yield* logOf(claim.run_id)
          write(log, claim, events)
          yield* PubSub.publish(log.changed, undefined)
        }),
        flush: () => Effect.void,
        end: Effect.fnUntraced(function*(run, events) {
          const log = yield* logOf(run.run_id)
          if (log.ended) return
          for (const event of log.events.length === 0 ? [metadataEvent(run), ...events] : events) append(log, event)
          log.ended = true
          ended.set(run.run_id, { at: yield* Clock.currentTimeMillis, size: log.size })
          kept += log.size
          yield* forgetOld
          yield* PubSub.publish(log.changed, undefined)
        }),
        read: (runId, after) =>
          Stream.unwrap(Effect.gen(function*() {
            const log = yield* logOf(runId)
            const changes = yield* PubSub.subscribe(log.changed)
            return Stream.paginate(Math.max(after, -1), (seen: number) =>
              Effect.map(next(log, changes, seen), (events) => {
                const last = events.at(-1)
                return [events, last === undefined ? Option.none() : Option.some(last.id)] as const
              }))
          }))
      })
    })
  )

export const layer = layerWith({})
