import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { gathered } from "../../src/adapters/langgraph/Gathered.ts"

async function* counting(to: number, seen: { pulled: number } = { pulled: 0 }) {
  for (let n = 0; n < to; n++) {
    seen.pulled = n + 1
    yield n
  }
}

const pieces = <A>(source: AsyncIterable<A>) =>
  Stream.runCollect(Stream.chunks(gathered(source, String))).pipe(Effect.map((all) => all.map((piece) => [...piece])))

describe("what a graph yields", () => {
  it.live("comes in its order, in few pieces where it comes together", () =>
    Effect.gen(function*() {
      const found = yield* pieces(counting(500))
      assert.deepStrictEqual(found.flat(), Array.from({ length: 500 }, (_, n) => n))
      assert.isBelow(found.length, 50)
    }))

  it.live("is not kept waiting for what comes later", () =>
    Effect.gen(function*() {
      const yielded: Array<string> = []
      const slowly = async function*() {
        for (const word of ["first", "second"]) {
          yielded.push(word)
          yield word
          await sleep(2_000)
        }
      }
      const first = yield* Stream.runHead(gathered(slowly(), String))
      assert.strictEqual(first._tag === "Some" ? first.value : undefined, "first")
      assert.deepStrictEqual(yielded, ["first"])
    }))

  it.live("is told before the failure that ends it", () =>
    Effect.gen(function*() {
      const failing = async function*() {
        yield* counting(3)
        throw new Error("no more")
      }
      const told: Array<number> = []
      const error = yield* gathered(failing(), String).pipe(
        Stream.runForEach((n) => Effect.sync(() => told.push(n))),
        Effect.flip
      )
      assert.deepStrictEqual([told, error], [[0, 1, 2], "Error: no more"])
    }))

  it.live("is no more than a thousand or so ahead of whoever is slow to take it", () =>
    Effect.gen(function*() {
      const seen = { pulled: 0 }
      // Whoever is slow has taken the first piece, and is at work with it.
      const slow = gathered(counting(10_000, seen), String).pipe(Stream.runForEachArray(() => Effect.never))
      yield* Effect.raceFirst(slow, Effect.sleep("500 millis"))
      assert.isBelow(seen.pulled, 5_000)
      assert.isAbove(seen.pulled, 1_000)
    }))

  it.live("is nothing where there is nothing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* pieces(counting(0)), [])
    }))
})
