import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { adapters, opened } from "./queue-replicas.ts"
import { desk, newOffer, until, workerOf } from "./queued-runs.ts"

for (const [name, layer] of adapters) {
  describe(`RunQueue at its end: ${name}`, () => {
    it.live("gives what runs some time to end, asks the rest to leave, and hands that back", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ drainFor: "2 seconds" }))
        const at = yield* desk
        const scope = yield* Scope.make()
        yield* Scope.provide(queue.work(at.worker), scope)
        const brief = newOffer(), endless = newOffer(), waiting = newOffer({ run_at: new Date(Date.now() + 60_000) })
        yield* Effect.forEach([brief, endless, waiting], queue.offer)
        yield* at.next
        yield* at.next
        const start = performance.now()
        const end = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* Effect.sleep("100 millis")
        assert.strictEqual(yield* at.untold, 0, "was asked to leave before its time")
        yield* at.release(brief.run_id)
        const told = yield* at.nextTold
        assert.deepStrictEqual([told.run_id, told.stop], [endless.run_id, { _tag: "Leaving" }])
        assert.isAtLeast(told.at - start, 1_999, "ms until it was asked to leave")
        yield* Fiber.join(end)
        assert.isBelow(performance.now() - start, 20_000, "ms until the end")
        assert.strictEqual(yield* at.untold, 0)
        const runIds = [brief, endless, waiting].map(({ run_id }) => run_id)
        assert.deepStrictEqual(yield* queue.missing(runIds), [brief.run_id])
        const next = yield* desk
        yield* queue.work(next.worker)
        assert.deepStrictEqual(
          yield* next.next,
          { run_id: endless.run_id, thread_id: endless.thread_id, redelivered: true }
        )
      }))

    it.live("waits for nobody when all that runs has ended", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ drainFor: "60 seconds" }))
        const at = yield* desk
        const scope = yield* Scope.make()
        yield* Scope.provide(queue.work(at.worker), scope)
        const offer = newOffer()
        yield* queue.offer(offer)
        yield* at.next
        const end = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* at.release(offer.run_id)
        const start = performance.now()
        yield* Fiber.join(end)
        assert.isBelow(performance.now() - start, 20_000, "ms until the end")
        assert.deepStrictEqual(yield* queue.missing([offer.run_id]), [offer.run_id])
      }))

    it.live("interrupts what does not leave, and hands it back all the same", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const begun = yield* Deferred.make<void>()
        const outcomes: Array<string> = []
        const scope = yield* Scope.make()
        const deaf = workerOf(() =>
          Deferred.succeed(begun, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onExit((exit) => Effect.sync(() => outcomes.push(exit._tag)))
          )
        )
        yield* Scope.provide(queue.work(deaf), scope)
        const offer = newOffer()
        yield* queue.offer(offer)
        yield* Deferred.await(begun)
        yield* Effect.timeout(Scope.close(scope, Exit.void), "60 seconds")
        assert.deepStrictEqual(outcomes, ["Failure"])
        const next = yield* desk
        yield* queue.work(next.worker)
        assert.isTrue((yield* next.next).redelivered)
      }))

    it.live("does the same when the process is interrupted", () =>
      Effect.gen(function*() {
        const at = yield* desk
        const offers = [newOffer(), newOffer()]
        const process = yield* Effect.gen(function*() {
          const queue = yield* RunQueue
          yield* queue.work(at.worker)
          yield* Effect.forEach(offers, queue.offer)
          return yield* Effect.never
        }).pipe(
          Effect.scoped,
          Effect.provide(layer({ drainFor: "300 millis" })),
          Effect.forkChild
        )
        yield* at.next
        yield* at.next
        yield* Effect.timeout(Fiber.interrupt(process), "60 seconds")
        const told = [yield* at.nextTold, yield* at.nextTold]
        assert.deepStrictEqual(told.map(({ stop }) => stop._tag), ["Leaving", "Leaving"])
        yield* until("nobody is at work", Effect.map(at.unseen, (unseen) => unseen === 0))
      }))
  })
}
