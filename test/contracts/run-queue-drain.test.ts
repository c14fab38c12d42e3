import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import * as InProcessRunQueue from "../../src/adapters/in-process/InProcessRunQueue.ts"
import { RunHandler, RunQueue } from "../../src/ports/RunQueue.ts"
import { committed, credentials, newThread, runOn } from "./queued-runs.ts"

describe("InProcessRunQueue", () => {
  it.live("gives the runs it holds some time to end when the process is interrupted, and no more than that", () =>
    Effect.gen(function*() {
      const outcomes: Array<string> = []
      const brief = runOn(newThread()), after = runOn(brief.thread_id), endless = runOn(newThread())
      const handler = Layer.succeed(RunHandler, {
        execute: (runId) =>
          (runId === endless.run_id ? Effect.never : Effect.sleep("10 millis")).pipe(
            Effect.onExit((exit) => Effect.sync(() => outcomes.push(exit._tag)))
          )
      })
      const running = yield* Deferred.make<void>()
      const process = yield* Effect.gen(function*() {
        const queue = yield* RunQueue
        for (const run of [brief, after, endless]) yield* queue.enqueue(run, credentials, committed)
        yield* Deferred.succeed(running, undefined)
        return yield* Effect.never
      }).pipe(
        Effect.provide(Layer.provide(InProcessRunQueue.layer({ drainFor: "200 millis" }), handler)),
        Effect.forkChild
      )
      yield* Deferred.await(running)
      yield* Fiber.interrupt(process).pipe(Effect.timeout("5 seconds"))
      assert.deepStrictEqual(outcomes, ["Success", "Success", "Failure"])
    }))
})
