import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"
import { runRenewal } from "../../src/app/RunRenewal.ts"
import { RunId } from "../../src/domain/Run.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { RunLedger } from "../../src/ports/Runs.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"

const held = [RunId.make("mine")]
const endedByOthers = RunId.make("given up")
const notHere = Effect.die("not asked here")

/** A database that can be away, and what was done to it when. */
const world = Effect.gen(function*() {
  const away = yield* Ref.make(false)
  const done: Array<string> = []
  const write = (what: string) =>
    Effect.flatMap(
      Ref.get(away),
      (away) => away ? Effect.fail(new StorageUnavailable()) : Effect.sync(() => done.push(what))
    )
  const parts = Layer.mergeAll(
    Layer.succeed(RunQueue, {
      enqueue: () => notHere,
      cancel: (runId, action) => Effect.sync(() => void done.push(`${action} ${runId}`)),
      settled: () => notHere,
      held: Effect.succeed(held)
    }),
    Layer.succeed(RunLedger, {
      claim: () => notHere,
      settle: () => notHere,
      noteTools: () => notHere,
      rollback: () => notHere,
      dropThread: () => notHere,
      sweepThread: () => notHere,
      renew: (runs) => Effect.as(write(`renewed ${runs.join()}`), [endedByOthers]),
      settleOrphans: () => Effect.as(write("ended the lost"), 0)
    }),
    Layer.succeed(Storage, { ready: Effect.succeed(true), awaitReady: Effect.void })
  )
  return { away, done, parts }
})

describe("runRenewal", () => {
  it.effect("renews before it ends anybody's, and leaves the others time after the database was away", () =>
    Effect.gen(function*() {
      const { away, done, parts } = yield* world
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(done, ["renewed mine", "interrupt given up", "ended the lost"], "at once")
        yield* Ref.set(away, true)
        yield* TestClock.adjust("45 seconds")
        done.length = 0
        yield* Ref.set(away, false)
        yield* TestClock.adjust("13 seconds")
        assert.include(done, "renewed mine")
        assert.notInclude(done, "ended the lost", "the others were cut off as well")
        yield* TestClock.adjust("30 seconds")
        assert.include(done, "ended the lost")
      }).pipe(Effect.provide(runRenewal.pipe(Layer.provide(parts))))
    }))
})
