import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { randomUUID } from "node:crypto"
import * as InProcessRunEvents from "../../src/adapters/in-process/InProcessRunEvents.ts"
import { RunId } from "../../src/domain/Run.ts"
import { type NumberedRunEvent, type RunEvent, RunEvents } from "../../src/ports/RunEvents.ts"

const newRunId = Effect.sync(() => RunId.make(randomUUID()))

const batch = (...data: ReadonlyArray<number>): ReadonlyArray<RunEvent> =>
  data.map((data) => ({ event: "values", data: String(data) }))

/** What a reader sees of the events from one on, if each event's data is its id. */
const from = (first: number, count: number): ReadonlyArray<NumberedRunEvent> =>
  Array.from({ length: count - first }, (_, index) => ({
    id: first + index,
    event: "values",
    data: String(first + index)
  }))

const readAll = (events: RunEvents["Service"], runId: RunId, after = -1) =>
  Stream.runCollect(events.read(runId, after)).pipe(Effect.timeout("5 seconds"))

/** A run whose log is open. */
const opened = Effect.gen(function*() {
  const events = yield* RunEvents
  const runId = yield* newRunId
  yield* events.open(runId)
  return { events, runId }
})

/** A reader at work, and what it has received so far, one after the other. */
const follow = Effect.fnUntraced(function*(events: RunEvents["Service"], runId: RunId, after = -1) {
  const received = yield* Queue.unbounded<NumberedRunEvent>()
  const fiber = yield* events.read(runId, after).pipe(
    Stream.runForEach((event) => Queue.offer(received, event)),
    Effect.forkScoped
  )
  return {
    next: Queue.take(received).pipe(Effect.map(({ id }) => id), Effect.timeout("5 seconds")),
    ended: Fiber.join(fiber).pipe(Effect.timeout("5 seconds")),
    leave: Fiber.interrupt(fiber)
  }
})

/** What every adapter of `RunEvents` must do. */
const runEventsContract = <E>(name: string, layer: Layer.Layer<RunEvents, E>) =>
  describe(`RunEvents: ${name}`, () => {
    const test = <A, E>(rule: string, body: Effect.Effect<A, E, RunEvents>) =>
      it.live(rule, () => Effect.asVoid(Effect.provide(body, layer)))

    test(
      "who subscribes before the run starts misses nothing",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        const reader = yield* Effect.forkChild(readAll(events, runId), { startImmediately: true })
        yield* events.publish(runId, batch(0, 1))
        yield* events.publish(runId, batch(2))
        yield* events.close(runId)
        assert.deepStrictEqual(yield* Fiber.join(reader), [...from(0, 3)])
      })
    )

    test(
      "a closed log replays from any id, without gaps, and ends",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        yield* events.publish(runId, batch(0))
        yield* events.publish(runId, [])
        yield* events.publish(runId, batch(1, 2, 3, 4))
        yield* events.close(runId)
        for (const after of [-1, 0, 1, 2, 3, 4, 5, 99]) {
          assert.deepStrictEqual(yield* readAll(events, runId, after), [...from(Math.min(after + 1, 5), 5)])
        }
      })
    )

    test(
      "keeps each event as it was told",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        const told = [{ event: "error", data: "{\"a\":\"\\n\"}" }, { event: "messages|a", data: "\"🗝 ä\"" }]
        yield* events.publish(runId, told)
        yield* events.close(runId)
        const read = yield* readAll(events, runId)
        assert.deepStrictEqual(read.map(({ data, event }) => ({ event, data })), told)
      })
    )

    test(
      "an open log goes on live after its replay, from any id",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        yield* events.publish(runId, batch(0, 1))
        const all = yield* follow(events, runId)
        const late = yield* follow(events, runId, 1)
        assert.deepStrictEqual([yield* all.next, yield* all.next], [0, 1])
        for (const id of [2, 3, 4]) {
          yield* events.publish(runId, batch(id))
          assert.deepStrictEqual([yield* all.next, yield* late.next], [id, id])
        }
        yield* events.close(runId)
        yield* all.ended
        yield* late.ended
      }).pipe(Effect.scoped)
    )

    test(
      "readers who come and leave at any time do not disturb each other",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        const readers = yield* Effect.forEach(Array.from({ length: 20 }, (_, index) => index), (index) =>
          Effect.gen(function*() {
            const reader = yield* Effect.forkChild(readAll(events, runId, index - 1), { startImmediately: true })
            const leaver = yield* follow(events, runId)
            yield* events.publish(runId, batch(index))
            assert.strictEqual(yield* leaver.next, 0)
            yield* leaver.leave
            return reader
          }))
        yield* events.close(runId)
        for (const [index, reader] of readers.entries()) {
          assert.deepStrictEqual(yield* Fiber.join(reader), [...from(index, 20)])
        }
      }).pipe(Effect.scoped)
    )

    test(
      "a slow reader holds up neither the run nor other readers, and misses nothing",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        const goOn = yield* Deferred.make<void>()
        const slow = yield* events.read(runId, -1).pipe(
          Stream.tap(() =>
            Deferred.await(goOn)
          ),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        const count = 500
        yield* Effect.forEach(from(0, count), (event) => events.publish(runId, [event])).pipe(
          Effect.timeout("5 seconds")
        )
        yield* events.close(runId)
        assert.lengthOf(yield* readAll(events, runId), count)
        yield* Deferred.succeed(goOn, undefined)
        assert.deepStrictEqual(yield* Fiber.join(slow), [...from(0, count)])
      })
    )

    test(
      "each run has a log of its own; opening it again changes nothing",
      Effect.gen(function*() {
        const { events, runId } = yield* opened
        const { runId: other } = yield* opened
        yield* events.publish(runId, batch(0))
        yield* events.publish(other, batch(7))
        yield* events.open(runId)
        yield* events.publish(runId, batch(1))
        yield* Effect.all([events.close(runId), events.close(other)])
        assert.deepStrictEqual(yield* readAll(events, runId), [...from(0, 2)])
        assert.deepStrictEqual(yield* readAll(events, other), [{ id: 0, event: "values", data: "7" }])
      })
    )

    test(
      "a run that nobody knows has nothing to tell",
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* readAll(yield* RunEvents, yield* newRunId), [])
      })
    )
  })

runEventsContract("in process", InProcessRunEvents.layer)

describe("InProcessRunEvents", () => {
  it.effect("forgets a log some time after its end, but never one that is open", () =>
    Effect.gen(function*() {
      const { events, runId } = yield* opened
      const { runId: open } = yield* opened
      yield* events.publish(runId, batch(0))
      yield* events.publish(open, batch(0))
      yield* events.close(runId)
      yield* TestClock.adjust("59 seconds")
      yield* opened
      assert.lengthOf(yield* Stream.runCollect(events.read(runId, -1)), 1)
      yield* TestClock.adjust("2 minutes")
      yield* opened
      assert.lengthOf(yield* Stream.runCollect(events.read(runId, -1)), 0)
      assert.lengthOf(yield* Stream.runCollect(Stream.take(events.read(open, -1), 1)), 1)
    }).pipe(Effect.provide(InProcessRunEvents.layer)))

  it.effect("forgets the oldest sooner when the ended ones hold too much together", () =>
    Effect.gen(function*() {
      const { events, runId: first } = yield* opened
      const { runId: second } = yield* opened
      const large = [{ event: "values", data: "x".repeat(40_000_000) }]
      for (const runId of [first, second]) {
        yield* events.publish(runId, large)
        yield* events.close(runId)
      }
      assert.lengthOf(yield* Stream.runCollect(events.read(first, -1)), 0)
      assert.lengthOf(yield* Stream.runCollect(events.read(second, -1)), 1)
    }).pipe(Effect.provide(InProcessRunEvents.layer)))
})
