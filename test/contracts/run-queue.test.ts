import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { CancelAction, RunId } from "../../src/domain/Run.ts"
import type { RunJob, RunQueue } from "../../src/ports/RunQueue.ts"
import { inTime } from "../support/InTime.ts"
import type { QueueOptions } from "./boss-replica.ts"
import { adapters, opened } from "./queue-replicas.ts"
import { type Answer, desk, newOffer, newOffers, takes, until, workerOf } from "./queued-runs.ts"

const median = (values: ReadonlyArray<number>) =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? NaN

/** The caller's own, which no run is to see. */
class Caller extends Context.Service<Caller, string>()("test/Caller") {}

/** What every adapter of `RunQueue` must do. */
const runQueueContract = (name: string, layer: (options?: QueueOptions) => Layer.Layer<RunQueue>) =>
  describe(`RunQueue: ${name}`, inTime, () => {
    const missing = (queue: RunQueue["Service"], runId: RunId) =>
      Effect.map(queue.missing([runId]), (runIds) => runIds.length === 1)

    it.live("executes each run that is offered, and then has no job for it", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const seen: Array<RunJob> = []
        yield* queue.work(workerOf((job) => Effect.as(Effect.sync(() => seen.push(job)), "done")))
        const offers = newOffers(60)
        yield* Effect.forEach(offers, queue.offer)
        const runIds = offers.map(({ run_id }) => run_id)
        yield* until("none has a job", Effect.map(queue.missing(runIds), ({ length }) => length === 60))
        const byId = (left: RunJob, right: RunJob) => left.run_id.localeCompare(right.run_id)
        assert.deepStrictEqual(
          seen.toSorted(byId),
          offers.map(({ run_id, thread_id }) => ({ run_id, thread_id, redelivered: false })).toSorted(byId)
        )
        yield* until("none is held", Effect.map(queue.held, ({ length }) => length === 0))
      }))

    it.live("executes a run once, however often it is offered while its job is there", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const at = yield* desk
        const offer = newOffer(), last = newOffer()
        yield* Effect.all([1, 2, 3].map(() => queue.offer(offer)), { concurrency: "unbounded" })
        yield* queue.work(at.worker)
        assert.strictEqual((yield* at.next).run_id, offer.run_id)
        assert.deepStrictEqual(yield* queue.held, [offer.run_id])
        yield* queue.offer(offer)
        yield* queue.offer(last)
        assert.strictEqual((yield* at.next).run_id, last.run_id)
        yield* at.release(offer.run_id)
        yield* until("it has no job", missing(queue, offer.run_id))
        yield* at.release(last.run_id)
        yield* until("the last has no job", missing(queue, last.run_id))
        assert.strictEqual(yield* at.unseen, 0)
      }))

    it.live("executes what was offered while nobody worked", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const at = yield* desk
        const offers = newOffers(3)
        yield* Effect.forEach(offers, queue.offer)
        yield* Effect.sleep("100 millis")
        assert.deepStrictEqual(yield* queue.held, [])
        yield* queue.work(at.worker)
        assert.sameMembers(yield* takes(at, 3), offers.map(({ run_id }) => run_id))
      }))

    it.live("executes no more at once than it may, and each end makes room for the next", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ concurrency: 3 }))
        const at = yield* desk
        yield* Effect.forEach(newOffers(8), queue.offer)
        yield* queue.work(at.worker)
        const first = yield* takes(at, 3)
        yield* Effect.sleep("200 millis")
        assert.strictEqual(yield* at.unseen, 0)
        assert.lengthOf(yield* queue.held, 3)
        for (let left = [...first], round = 0; round < 5; round++) {
          const [ending = assert.fail("none runs"), ...others] = left
          yield* at.release(ending)
          left = [...others, (yield* at.next).run_id]
        }
        assert.strictEqual(at.most(), 3)
      }))

    it.live("takes them by turn, and of one turn in the order in which they came", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ concurrency: 1 }))
        const at = yield* desk
        const offers = [3, 1, 2, 1, 5_000_000_000, 2].map((turn) => newOffer({ turn }))
        yield* Effect.forEach(offers, queue.offer)
        yield* queue.work(at.worker)
        const seen: Array<number> = []
        for (const _ of offers) {
          const { run_id } = yield* at.next
          seen.push(offers.findIndex((offer) => offer.run_id === run_id))
          yield* at.release(run_id)
        }
        assert.deepStrictEqual(seen, [1, 3, 2, 5, 0, 4])
      }))

    it.live("does not execute a run before its time, nor long after it", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const at = yield* desk
        yield* queue.work(at.worker)
        const later = newOffer({ run_at: new Date(Date.now() + 3_000) }), now = newOffer()
        yield* queue.offer(later)
        yield* queue.offer(now)
        assert.strictEqual((yield* at.next).run_id, now.run_id)
        assert.strictEqual((yield* at.next).run_id, later.run_id)
        const late = Date.now() - later.run_at.getTime()
        assert.isAtLeast(late, 0, "ms after its time")
        assert.isBelow(late, 2_500, "ms after its time")
      }))

    it.live("does not execute what was withdrawn while it waited", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ concurrency: 1 }))
        const at = yield* desk
        const [first = newOffer(), withdrawn = newOffer(), last = newOffer()] = newOffers(3)
        yield* Effect.forEach([first, withdrawn, last], queue.offer)
        yield* queue.work(at.worker)
        assert.strictEqual((yield* at.next).run_id, first.run_id)
        yield* queue.withdraw(withdrawn.run_id)
        yield* queue.withdraw(RunId.make(newOffer().run_id))
        yield* at.release(first.run_id)
        assert.strictEqual((yield* at.next).run_id, last.run_id)
        yield* at.release(last.run_id)
        yield* until("the last has no job", missing(queue, last.run_id))
        assert.strictEqual(yield* at.unseen, 0)
      }))

    it.live("knows which runs have no job, waiting, held or for later", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ concurrency: 1 }))
        const at = yield* desk
        const held = newOffer(), waits = newOffer({ turn: 2 }), stranger = newOffer()
        const later = newOffer({ run_at: new Date(Date.now() + 60_000) })
        yield* Effect.forEach([held, waits, later], queue.offer)
        yield* queue.work(at.worker)
        yield* at.next
        const runIds = [held, waits, later, stranger].map(({ run_id }) => run_id)
        assert.deepStrictEqual(yield* queue.missing(runIds), [stranger.run_id])
        yield* queue.withdraw(held.run_id)
        yield* queue.withdraw(later.run_id)
        assert.sameMembers([...yield* queue.missing(runIds)], [held.run_id, later.run_id, stranger.run_id])
        assert.deepStrictEqual(yield* queue.missing([]), [])
      }))

    for (const action of CancelAction.literals) {
      it.live(`tells a run to stop (${action}) within a tenth of a second, and only that run`, () =>
        Effect.gen(function*() {
          const queue = yield* opened(layer())
          const at = yield* desk
          const runs = newOffers(5), bystander = newOffer()
          yield* queue.work(at.worker)
          yield* Effect.forEach([...runs, bystander], queue.offer)
          yield* takes(at, 6)
          // Whether this process hears yet is not what is asked here.
          yield* Effect.sleep("300 millis")
          const took: Array<number> = []
          for (const { run_id } of runs) {
            const start = performance.now()
            yield* queue.stop(run_id, action)
            const told = yield* at.nextTold
            took.push(told.at - start)
            assert.deepStrictEqual([told.run_id, told.stop], [run_id, { _tag: "Cancelled", action }])
          }
          assert.isBelow(median(took), 100, `ms, the median of ${took.map(Math.round).join(", ")}`)
          yield* queue.stop(newOffer().run_id, action)
          yield* Effect.sleep("50 millis")
          assert.strictEqual(yield* at.untold, 0)
          yield* until("only the bystander is held", Effect.map(queue.held, (ids) => ids.length === 1))
          assert.deepStrictEqual(yield* queue.held, [bystander.run_id])
        }))
    }

    it.live("hands out again what was handed back, and says so", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const at = yield* desk
        const offer = newOffer()
        yield* queue.work(at.worker)
        yield* queue.offer(offer)
        assert.isFalse((yield* at.next).redelivered)
        for (const _ of [1, 2]) {
          yield* at.release(offer.run_id, "again")
          assert.deepStrictEqual(
            yield* at.next,
            { run_id: offer.run_id, thread_id: offer.thread_id, redelivered: true }
          )
        }
        yield* at.release(offer.run_id)
        yield* until("it has no job", missing(queue, offer.run_id))
      }))

    it.live("leaves a job alone of which a worker says that it is gone: there may be another one by now", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const at = yield* desk
        const offer = newOffer()
        yield* queue.work(at.worker)
        yield* queue.offer(offer)
        yield* at.next
        yield* queue.withdraw(offer.run_id)
        const later = { ...offer, run_at: new Date(Date.now() + 60_000) }
        yield* queue.offer(later)
        yield* at.release(offer.run_id, "gone")
        yield* until("it is not held", Effect.map(queue.held, ({ length }) => length === 0))
        yield* Effect.sleep("100 millis")
        assert.isFalse(yield* missing(queue, offer.run_id), "the other job has been taken away")
        assert.strictEqual(yield* at.unseen, 0)
      }))

    it.live("lets whoever works on a run leave it before it is executed again", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const log: Array<string> = []
        let count = 0
        yield* queue.work(workerOf((_, stop) => {
          const self = ++count
          log.push(`${self} begins`)
          if (self === 2) return Effect.succeed<Answer>("done")
          return Effect.gen(function*() {
            log.push(`${self} is told ${(yield* stop)._tag}`)
            yield* Effect.sleep("50 millis")
            log.push(`${self} ends`)
            return "gone" as const
          })
        }))
        const offer = newOffer()
        yield* queue.offer(offer)
        yield* until("it is at work", Effect.sync(() => count === 1))
        yield* queue.withdraw(offer.run_id)
        yield* queue.offer(offer)
        yield* until("the second has ended", missing(queue, offer.run_id))
        assert.deepStrictEqual(log, ["1 begins", "1 is told Overtaken", "1 ends", "2 begins"])
      }))

    it.live("tries a run again that broke its worker, and takes nobody down with it", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const at = yield* desk
        const broken = newOffer(), interrupted = newOffer(), bystander = newOffer()
        yield* queue.work({
          ...at.worker,
          execute: (job, stop) => {
            if (job.redelivered || job.run_id === bystander.run_id) return at.worker.execute(job, stop)
            return job.run_id === broken.run_id ? Effect.die(new Error("broken")) : Effect.interrupt
          }
        })
        yield* Effect.forEach([bystander, broken, interrupted], queue.offer)
        assert.strictEqual((yield* at.next).run_id, bystander.run_id)
        assert.sameMembers(yield* takes(at, 2), [broken.run_id, interrupted.run_id])
        for (const { run_id } of [bystander, broken, interrupted]) {
          yield* at.release(run_id)
          yield* until("it has no job", missing(queue, run_id))
        }
      }))

    it.live("executes runs in the worker's own context, not in that of who offered them", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer())
        const found: Array<string> = []
        const execute = Effect.map(Effect.serviceOption(Caller), ({ _tag }) => {
          found.push(_tag)
          return "done" as const
        })
        yield* Effect.provideService(queue.work(workerOf(() => execute)), Caller, "worker")
        const offer = newOffer()
        yield* queue.offer(offer)
        yield* until("it has no job", missing(queue, offer.run_id))
        assert.deepStrictEqual(found, ["Some"])
      }))

    it.live("executes nothing after the end, and hands it to whoever works next", () =>
      Effect.gen(function*() {
        const queue = yield* opened(layer({ concurrency: 2 }))
        const at = yield* desk
        const scope = yield* Scope.make()
        const offers = newOffers(4)
        yield* Effect.forEach(offers, queue.offer)
        yield* Scope.provide(queue.work(at.worker), scope)
        yield* takes(at, 2)
        yield* Scope.close(scope, Exit.void)
        yield* queue.offer(newOffer())
        yield* Effect.sleep("300 millis")
        assert.strictEqual(yield* at.unseen, 0, "was taken up after the end")
        assert.deepStrictEqual(yield* queue.held, [])
        assert.deepStrictEqual(yield* queue.missing(offers.map(({ run_id }) => run_id)), [])
        const next = yield* desk
        yield* queue.work(next.worker)
        for (const _ of [1, 2, 3, 4, 5]) yield* next.release((yield* next.next).run_id)
      }))
  })

for (const [name, layer] of adapters) runQueueContract(name, layer)
