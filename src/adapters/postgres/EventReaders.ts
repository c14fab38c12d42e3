import type { PgClient } from "@effect/sql-pg"
import { Cause, Clock, Effect, Exit, Latch, PubSub, Stream } from "effect"
import type { RunId } from "../../domain/Run.ts"
import { afterAll, type NumberedRunEvent, type ReadOptions } from "../../ports/RunEvents.ts"
import { orUnavailable } from "./Database.ts"
import { acceptView, endCursor, type EventCursor, offerRow, takeRows } from "./EventCursor.ts"
import { eventPages, type Place } from "./EventPages.ts"
import { Signal, type Signals } from "./Signals.ts"

/** How many places one statement looks at. */
const together = 500
/** How long a reader goes without a look, in ms: what it should have been told may have been lost. */
const floor = 5_000
/** How often is looked while we don't hear, in ms. */
const deafFloor = 300
/** The largest id that the table can have. */
const lastPossible = 2_147_483_647

/**
 * Everybody here who reads a log. One fiber looks for all of them, so that however many streams are open, they cost one
 * connection, and only while there is something to read.
 */
export const eventReaders = Effect.fnUntraced(function*(sql: PgClient.PgClient, signals: Signals["Service"]) {
  const pages = eventPages(sql)
  const readers = new Map<RunId, Set<EventCursor>>()
  /** Those for whom is looked next. */
  const wanted = new Set<EventCursor>()
  const wake = yield* Latch.make()

  /** A reader that has enough for now looks when it has read that. */
  const want = (cursor: EventCursor) => {
    cursor.behind = true
    if (cursor.rows.length > 0 || cursor.ended) return
    wanted.add(cursor)
    wake.openUnsafe()
  }
  const wantAll = () => readers.forEach((cursors) => cursors.forEach(want))

  /** Readers at the same place share what is found there. */
  const look = Effect.gen(function*() {
    const places = new Map<string, Place & { readonly cursors: Array<EventCursor> }>()
    for (const cursor of wanted) {
      const key = `${cursor.runId} ${cursor.at}`
      const place = places.get(key)
      if (place === undefined && places.size === together) break
      wanted.delete(cursor)
      cursor.behind = false
      if (place !== undefined) place.cursors.push(cursor)
      else places.set(key, { runId: cursor.runId, after: Math.min(cursor.at, lastPossible), cursors: [cursor] })
    }
    const at = [...places.values()]
    const exit = yield* Effect.exit(orUnavailable(pages(at).pipe(Effect.timeout("15 seconds"))))
    const now = yield* Clock.currentTimeMillis
    for (const [index, { cursors }] of at.entries()) {
      const view = Exit.isSuccess(exit) ? exit.value[index] : undefined
      for (const cursor of cursors) {
        if (view !== undefined) {
          acceptView(cursor, view)
          cursor.heardAt = now
        }
        if (view === undefined || cursor.behind) want(cursor)
      }
    }
    if (Exit.isFailure(exit) && !Cause.hasFails(exit.cause)) yield* Effect.logError("Events were not read", exit.cause)
    return Exit.isSuccess(exit)
  })

  const work = Effect.gen(function*() {
    let failures = 0
    while (true) {
      yield* wake.await
      if (failures > 0) yield* Effect.sleep(Math.min(1000, 50 * 2 ** failures))
      wake.closeUnsafe()
      failures = (yield* look) ? 0 : failures + 1
      if (wanted.size > 0) wake.openUnsafe()
    }
  })

  const hear = (heard: Signal) => {
    if (heard._tag === "Listening") return wantAll()
    // What we have written ourselves was handed over when it was.
    // With its thread a run goes without a word in its log: what its readers may notice is that it was to stop.
    if (heard._tag === "Stop") { for (const cursor of readers.get(heard.runId) ?? []) want(cursor) }
    if (heard._tag !== "News" || heard.from === signals.replica) return
    for (const runId of heard.runIds) {
      for (const cursor of readers.get(runId) ?? []) if (!cursor.endOnly || heard.from === "") want(cursor)
    }
  }

  const poll = Effect.gen(function*() {
    if (!(yield* signals.listening)) return wantAll()
    const now = yield* Clock.currentTimeMillis
    for (const cursors of readers.values()) {
      for (const cursor of cursors) if (cursor.heardAt + floor < now) want(cursor)
    }
  })

  const heard = yield* signals.subscribe
  yield* Effect.forkScoped(work)
  yield* Effect.forkScoped(Effect.forever(Effect.map(PubSub.take(heard), hear)))
  yield* Effect.forkScoped(Effect.forever(Effect.delay(poll, deafFloor)))

  const enter = Effect.fnUntraced(function*(runId: RunId, after: number, { begun = true }: ReadOptions) {
    const now = yield* Clock.currentTimeMillis
    const cursor: EventCursor = {
      runId,
      endOnly: after === afterAll,
      wake: yield* Latch.make(),
      at: Math.max(after, -1),
      rows: [],
      letters: 0,
      behind: begun,
      ended: false,
      // What another replica has told before we were here is looked for with the next poll.
      heardAt: begun ? now : now - floor
    }
    const cursors = readers.get(runId) ?? new Set()
    readers.set(runId, cursors.add(cursor))
    if (begun) want(cursor)
    return cursor
  })

  const leave = (cursor: EventCursor) =>
    Effect.sync(() => {
      endCursor(cursor)
      wanted.delete(cursor)
      const cursors = readers.get(cursor.runId)
      cursors?.delete(cursor)
      if (cursors?.size === 0) readers.delete(cursor.runId)
    })

  /** What there is for a reader; waits for it. */
  const next = (cursor: EventCursor): Effect.Effect<ReadonlyArray<NumberedRunEvent>> =>
    Effect.suspend(() => {
      cursor.wake.closeUnsafe()
      const events = takeRows(cursor)
      if (events.length > 0 || cursor.ended) return Effect.succeed(events)
      if (cursor.behind) want(cursor)
      return Effect.andThen(cursor.wake.await, next(cursor))
    })

  return {
    /** Hands over what this process has just written. */
    written: (runId: RunId, events: ReadonlyArray<NumberedRunEvent>) => {
      for (const cursor of readers.get(runId) ?? []) if (!cursor.endOnly && offerRow(cursor, events)) want(cursor)
    },
    /** The same with the last row of a log; without it there is a last row, and it has to be looked for. */
    ended: (runId: RunId, events: ReadonlyArray<NumberedRunEvent> | undefined) => {
      const last = events?.at(-1)?.id
      for (const cursor of readers.get(runId) ?? []) {
        const knows = last !== undefined && (cursor.endOnly || !offerRow(cursor, events ?? []) && cursor.at >= last)
        if (knows) endCursor(cursor)
        else want(cursor)
      }
    },
    read: (runId: RunId, after: number, options: ReadOptions = {}): Stream.Stream<NumberedRunEvent> =>
      Stream.unwrap(Effect.gen(function*() {
        const cursor = yield* Effect.acquireRelease(enter(runId, after, options), leave)
        return Stream.fromIterableEffectRepeat(
          Effect.flatMap(next(cursor), (events) => events.length > 0 ? Effect.succeed(events) : Cause.done())
        )
      }))
  }
})
