import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as InProcessRunEvents from "../../src/adapters/in-process/InProcessRunEvents.ts"
import { afterAll, metadataEvent, resultEvent, type RunEvents } from "../../src/ports/RunEvents.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import {
  batch,
  follow,
  from,
  imaginedRuns,
  type LoggedRuns,
  migrated,
  readAll,
  replica,
  started
} from "./event-logs.ts"

/** What every adapter of `RunEvents` must do; logs hold 20,000 bytes. */
const runEventsContract = <E>(name: string, parts: Layer.Layer<RunEvents | LoggedRuns, E>) =>
  layer(parts, { excludeTestServices: true, timeout: "120 seconds" })(`RunEvents: ${name}`, (it) => {
    it.effect("who subscribes before the run starts misses nothing", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const reader = yield* Effect.forkChild(readAll(events, runId), { startImmediately: true })
        yield* events.publish(claim, batch(0, 1))
        yield* events.publish(claim, batch(2))
        yield* events.flush(runId)
        yield* runs.end(run, [])
        assert.deepStrictEqual(yield* Fiber.join(reader), from(0, 3))
      }))

    it.effect("a run that waits to be executed is waited for", () =>
      Effect.gen(function*() {
        const { events, runs } = yield* started
        const run = yield* runs.make
        const reader = yield* follow(events, run.run_id)
        yield* Effect.sleep("100 millis")
        const claim = yield* runs.claim(run)
        yield* events.publish(claim, batch(0))
        assert.strictEqual(yield* reader.next, 0)
        yield* runs.end(run, [])
        yield* reader.ended
      }))

    it.effect("a log that has ended replays from any id, without gaps, and ends", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        yield* events.publish(claim, batch(0))
        yield* events.publish(claim, [])
        yield* events.flush(runId)
        yield* events.publish(claim, batch(1, 2, 3))
        yield* events.flush(runId)
        yield* runs.end(run, batch(4))
        for (const after of [-1, 0, 1, 2, 3, 4, 5, 99]) {
          assert.deepStrictEqual(yield* readAll(events, runId, after), from(Math.min(after + 1, 5), 5))
        }
      }))

    it.effect("keeps each event as it was told", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const told = [{ event: "error", data: "{\"a\":\"\\n\"}" }, { event: "messages|a", data: "\"🗝 ä\"" }, {
          event: "custom",
          data: ""
        }]
        yield* events.publish(claim, told)
        yield* events.flush(runId)
        yield* runs.end(run, told)
        const read = yield* readAll(events, runId)
        assert.deepStrictEqual(read.map(({ data, event }) => ({ event, data })), [...told, ...told])
      }))

    it.effect("an open log goes on live after its replay, from any id", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        yield* events.publish(claim, batch(0, 1))
        const all = yield* follow(events, runId)
        const late = yield* follow(events, runId, 1)
        assert.deepStrictEqual([yield* all.next, yield* all.next], [0, 1])
        for (const id of [2, 3, 4]) {
          yield* events.publish(claim, batch(id))
          assert.deepStrictEqual([yield* all.next, yield* late.next], [id, id])
        }
        yield* runs.end(run, batch(5))
        assert.deepStrictEqual([yield* all.next, yield* late.next], [5, 5])
        yield* all.ended
        yield* late.ended
      }))

    it.effect("readers who come and leave at any time do not disturb each other", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const readers = yield* Effect.forEach(Array.from({ length: 20 }, (_, index) => index), (index) =>
          Effect.gen(function*() {
            const reader = yield* Effect.forkChild(readAll(events, runId, index - 1), { startImmediately: true })
            const leaver = yield* follow(events, runId)
            yield* events.publish(claim, batch(index))
            assert.strictEqual(yield* leaver.next, 0)
            yield* leaver.leave
            return reader
          }))
        yield* events.flush(runId)
        yield* runs.end(run, [])
        for (const [index, reader] of readers.entries()) {
          assert.deepStrictEqual(yield* Fiber.join(reader), from(index, 20))
        }
      }))

    it.effect("a slow reader holds up neither the run nor other readers, and misses nothing", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const goOn = yield* Deferred.make<void>()
        const slow = yield* events.read(runId, -1).pipe(
          Stream.tap(() => Deferred.await(goOn)),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        const count = 500
        yield* Effect.forEach(from(0, count), (event) =>
          events.publish(claim, [event]).pipe(
            Effect.andThen(event.id % 3 === 0 ? events.flush(runId) : Effect.void)
          )).pipe(Effect.timeout("60 seconds"))
        yield* events.flush(runId)
        yield* runs.end(run, [])
        assert.deepStrictEqual(yield* readAll(events, runId), from(0, count))
        yield* Deferred.succeed(goOn, undefined)
        assert.deepStrictEqual(yield* Fiber.join(slow).pipe(Effect.timeout("60 seconds")), from(0, count))
      }))

    it.effect("each run has a log of its own", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const other = yield* started
        yield* events.publish(claim, batch(0))
        yield* events.publish(other.claim, batch(7))
        yield* events.publish(claim, batch(1))
        yield* Effect.all([events.flush(runId), events.flush(other.runId)])
        yield* Effect.all([runs.end(run, []), runs.end(other.run, [])])
        assert.deepStrictEqual(yield* readAll(events, runId), from(0, 2))
        assert.deepStrictEqual(yield* readAll(events, other.runId), [{ id: 0, event: "values", data: "7" }])
      }))

    it.effect("a run that ends before it was started tells that it was there", () =>
      Effect.gen(function*() {
        const { events, runs } = yield* started
        for (const last of [[], batch(1, 2)]) {
          const run = yield* runs.make
          const reader = yield* Effect.forkChild(readAll(events, run.run_id), { startImmediately: true })
          yield* runs.end(run, last)
          const expected = [
            { id: 0, ...metadataEvent({ run_id: run.run_id, attempt: 0 }) },
            ...from(1, 1 + last.length)
          ]
          assert.deepStrictEqual(yield* Fiber.join(reader), expected)
          assert.deepStrictEqual(yield* readAll(events, run.run_id), expected)
        }
      }))

    it.effect("a log ends once, and with its end nothing more is told", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        yield* events.publish(claim, batch(0))
        yield* events.flush(runId)
        yield* runs.end(run, batch(1))
        yield* runs.end(run, batch(2))
        yield* events.publish(claim, batch(3))
        yield* events.flush(runId)
        assert.deepStrictEqual(yield* readAll(events, runId), from(0, 2))
      }))

    it.effect("what an overtaken claim publishes is void, and who takes over goes on without a gap", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const reader = yield* Effect.forkChild(readAll(events, runId), { startImmediately: true })
        yield* events.publish(claim, batch(0, 1))
        yield* events.flush(runId)
        const second = yield* runs.claim(run)
        yield* events.publish(second, batch(2))
        yield* events.publish(claim, batch(-1))
        yield* events.flush(runId)
        const third = yield* runs.claim(run)
        yield* events.publish(third, batch(3))
        yield* events.flush(runId)
        for (const old of [claim, second]) yield* events.publish(old, batch(-1, -2))
        yield* events.flush(runId)
        yield* runs.end(run, batch(4))
        assert.deepStrictEqual(yield* Fiber.join(reader), from(0, 5))
        assert.deepStrictEqual(yield* readAll(events, runId), from(0, 5))
      }))

    it.effect("who waits for the end alone gets nothing but that", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const waiter = yield* Effect.forkChild(readAll(events, runId, afterAll), { startImmediately: true })
        yield* events.publish(claim, batch(0, 1))
        yield* events.flush(runId)
        yield* Effect.sleep("50 millis")
        assert.isUndefined(waiter.pollUnsafe())
        yield* runs.end(run, batch(2))
        assert.deepStrictEqual(yield* Fiber.join(waiter), [])
        assert.deepStrictEqual(yield* readAll(events, runId, afterAll), [])
      }))

    it.effect("a log that grows beyond all bounds says so, and still ends as it should", () =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const large = { event: "values", data: "x".repeat(6_000) }
        for (let count = 0; count < 3; count++) yield* events.publish(claim, [large])
        yield* events.flush(runId)
        const second = yield* runs.claim(run)
        for (let count = 0; count < 10; count++) {
          yield* events.publish(second, [large, large])
          yield* events.flush(runId)
        }
        const third = yield* runs.claim(run)
        yield* events.publish(third, batch(0))
        yield* events.flush(runId)
        yield* runs.end(run, [{ event: resultEvent, data: "{}" }])
        const read = yield* readAll(events, runId)
        assert.deepStrictEqual(read.map(({ event, id }) => [id, event]), [
          [0, "values"],
          [1, "values"],
          [2, "values"],
          [3, "error"],
          [4, resultEvent]
        ])
        assert.match(read[3]?.data ?? "", /^\{"error":"StreamLimit","message":"[^"]+20000 bytes[^"]+join it[^"]+"\}$/)
      }))

    it.effect("a reader who takes only some has cost nothing more", () =>
      Effect.gen(function*() {
        const { claim, events, runId } = yield* started
        yield* events.publish(claim, batch(0, 1, 2))
        assert.deepStrictEqual(Option.getOrUndefined(yield* Stream.runHead(events.read(runId, 0))), from(1, 2)[0])
      }))
  })

const maxBytes = 20_000

runEventsContract(
  "in process",
  imaginedRuns.pipe(Layer.provideMerge(InProcessRunEvents.layerWith({ maxBytes })))
)

runEventsContract(
  "on Postgres",
  Layer.unwrap(Effect.gen(function*() {
    const url = yield* freshDatabase
    yield* migrated(url)
    return replica(url, { maxBytes })
  }))
)

describe("InProcessRunEvents", () => {
  const parts = imaginedRuns.pipe(Layer.provideMerge(InProcessRunEvents.layer))

  it.effect("forgets a log some time after its end, but never one that is open", () =>
    Effect.gen(function*() {
      const { claim, events, run, runId, runs } = yield* started
      const open = yield* started
      yield* events.publish(claim, batch(0))
      yield* events.publish(open.claim, batch(0))
      yield* runs.end(run, [])
      yield* TestClock.adjust("59 seconds")
      yield* events.publish(open.claim, batch(1))
      assert.lengthOf(yield* Stream.runCollect(events.read(runId, -1)), 1)
      yield* TestClock.adjust("2 minutes")
      yield* events.publish(open.claim, batch(2))
      assert.lengthOf(yield* Stream.runCollect(events.read(runId, -1)), 0)
      assert.lengthOf(yield* Stream.runCollect(Stream.take(events.read(open.runId, -1), 3)), 3)
    }).pipe(Effect.provide(parts)))

  it.effect("forgets the oldest sooner when the ended ones hold too much together", () =>
    Effect.gen(function*() {
      const first = yield* started
      const second = yield* started
      const large = [{ event: "values", data: "x".repeat(40_000_000) }]
      for (const { claim, events, run, runs } of [first, second]) {
        yield* events.publish(claim, large)
        yield* runs.end(run, [])
      }
      assert.lengthOf(yield* Stream.runCollect(first.events.read(first.runId, -1)), 0)
      assert.lengthOf(yield* Stream.runCollect(first.events.read(second.runId, -1)), 1)
    }).pipe(Effect.provide(parts)))
})
