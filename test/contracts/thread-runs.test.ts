import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Queue, Stream } from "effect"
import { PgThreadRuns } from "../../src/adapters/postgres/PgThreadRuns.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import { ThreadRuns } from "../../src/ports/ThreadRuns.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { cancel, claim, create, newRun, nord, replica, runDatabase, runId, settle, sued, thread } from "./run-world.ts"

/** Runs on one replica, and whoever follows their thread on another. */
const withFollowers = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const url = yield* runDatabase
    const followed = PgThreadRuns.pipe(Layer.provideMerge(Signals.layer({ directUrl: url })))
    return yield* Effect.provide(work, followed.pipe(Layer.provideMerge(replica(url))), { local: true })
  })

const follow = Effect.fnUntraced(function*(from: number, principal = nord) {
  const runs = yield* ThreadRuns
  const seen = yield* Queue.unbounded<readonly [number, string]>()
  const fiber = yield* Effect.forkChild(
    Stream.runForEach(runs.follow(thread, from, principal), ({ nth, run_id }) => Queue.offer(seen, [nth, run_id]))
  )
  return { next: Queue.take(seen), ended: Fiber.join(fiber) }
})

const newThread = Effect.flatMap(Threads, (threads) => threads.create(thread, {}, nord))

/** From its creation to its end. */
const run = Effect.fnUntraced(function*(last: number) {
  yield* create(newRun(last, "enqueue"))
  yield* claim(last)
  yield* settle(last, 1)
})

describe("the runs of a thread, as they are taken up", () => {
  it.live("are told in that order, those that were and those that come", () =>
    withFollowers(Effect.gen(function*() {
      yield* newThread
      yield* run(1)
      yield* run(2)
      const whole = yield* follow(1)
      const later = yield* follow(3)
      assert.deepStrictEqual(yield* whole.next, [1, runId(1)])
      assert.deepStrictEqual(yield* whole.next, [2, runId(2)])
      yield* run(3)
      assert.deepStrictEqual(yield* whole.next, [3, runId(3)])
      assert.deepStrictEqual(yield* later.next, [3, runId(3)])
    })))

  it.live("not those that never ran; one that is taken up again keeps its place, and one that is undone leaves it empty", () =>
    withFollowers(Effect.gen(function*() {
      yield* newThread
      yield* create(newRun(1, "enqueue"))
      yield* create(newRun(2, "enqueue"))
      yield* cancel(1)
      yield* claim(2)
      yield* claim(2)
      const runs = yield* ThreadRuns
      const latest = yield* Effect.flatMap(runs.latest(thread, nord), Effect.fromOption)
      assert.deepInclude(latest, { run_id: runId(2), nth: 1, graph_id: "agent", active: true, lastEventId: -1 })
      assert.isTrue(Number.isInteger(latest.started))
      yield* cancel(2, "rollback")
      yield* settle(2, 2)
      yield* run(3)
      const { next } = yield* follow(1)
      assert.deepStrictEqual(yield* next, [2, runId(3)])
    })))

  it.live("are there for the thread's owner alone, and as long as the thread is", () =>
    withFollowers(Effect.gen(function*() {
      yield* newThread
      yield* run(1)
      const runs = yield* ThreadRuns
      yield* (yield* follow(1, sued)).ended
      assert.isTrue((yield* runs.latest(thread, sued))._tag === "None")
      const owners = yield* follow(1)
      assert.deepStrictEqual(yield* owners.next, [1, runId(1)])
      yield* (yield* Threads).delete(thread, nord)
      yield* owners.ended
    })))

  it.live("are waited for by many at the cost of one connection", () =>
    withFollowers(Effect.gen(function*() {
      yield* newThread
      const followers = yield* Effect.forEach(Array.from({ length: 600 }), () => follow(1))
      yield* run(1)
      for (const { next } of followers) assert.deepStrictEqual(yield* next, [1, runId(1)])
    })))
})
