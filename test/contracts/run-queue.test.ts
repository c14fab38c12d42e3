import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Queue, Redacted, Scope } from "effect"
import * as InProcessRunQueue from "../../src/adapters/in-process/InProcessRunQueue.ts"
import { CancelAction, type RunId } from "../../src/domain/Run.ts"
import type { RunCredentials } from "../../src/ports/RunCredentials.ts"
import { RunHandler, RunQueue } from "../../src/ports/RunQueue.ts"
import { committed, credentials, type Execute, held, newThread, runOn } from "./queued-runs.ts"

/** What every adapter of `RunQueue` must do. */
const runQueueContract = <E>(name: string, layer: Layer.Layer<RunQueue, E, RunHandler>) =>
  describe(`RunQueue: ${name}`, () => {
    const queueFor = (execute: Execute) =>
      Layer.build(Layer.provide(layer, Layer.succeed(RunHandler, { execute }))).pipe(
        Effect.map((context) => Context.get(context, RunQueue))
      )

    it.live("executes a thread's runs one at a time, in order, and other threads' beside them", () =>
      Effect.gen(function*() {
        const runs = Array.from({ length: 4 }, newThread).flatMap((thread) =>
          Array.from({ length: 5 }, () => runOn(thread))
        )
        const log: Array<string> = []
        const queue = yield* queueFor((runId) =>
          Effect.sync(() => log.push(`start ${runId}`)).pipe(
            Effect.andThen(Effect.sleep(Math.random() * 4)),
            Effect.andThen(Effect.sync(() => log.push(`end ${runId}`)))
          )
        )
        yield* Effect.forEach(runs, (run) => queue.enqueue(run, credentials, committed))
        yield* Effect.forEach(runs, (run) => queue.settled(run.run_id)).pipe(Effect.timeout("10 seconds"))
        for (const { thread_id } of runs) {
          const own = runs.filter((run) => run.thread_id === thread_id).map(({ run_id }) => run_id)
          assert.deepStrictEqual(
            log.filter((line) => own.some((runId) => line.endsWith(runId))),
            own.flatMap((runId) => [`start ${runId}`, `end ${runId}`])
          )
        }
      }))

    it.live("does not let one thread wait for another", () =>
      Effect.gen(function*() {
        const { execute, next, release } = yield* held
        const queue = yield* queueFor(execute)
        const runs = [runOn(newThread()), runOn(newThread()), runOn(newThread())]
        for (const run of runs) yield* queue.enqueue(run, credentials, committed)
        assert.sameMembers([yield* next, yield* next, yield* next], runs.map(({ run_id }) => run_id))
        yield* Effect.forEach(runs, release)
      }))

    it.live("lets a latecomer wait for the run before it, though earlier ones have ended", () =>
      Effect.gen(function*() {
        const { execute, next, release } = yield* held
        const queue = yield* queueFor(execute)
        const thread = newThread()
        const first = runOn(thread), second = runOn(thread), third = runOn(thread), elsewhere = runOn(newThread())
        yield* queue.enqueue(first, credentials, committed)
        yield* queue.enqueue(second, credentials, committed)
        yield* release(first)
        assert.deepStrictEqual([yield* next, yield* next], [first.run_id, second.run_id])
        yield* queue.enqueue(third, credentials, committed)
        yield* queue.enqueue(elsewhere, credentials, committed)
        assert.strictEqual(yield* next, elsewhere.run_id)
        yield* release(second)
        assert.strictEqual(yield* next, third.run_id)
        yield* Effect.forEach([third, elsewhere], release)
      }))

    it.live("executes a run once, however often it is enqueued", () =>
      Effect.gen(function*() {
        const { execute, next, release, waiting } = yield* held
        const queue = yield* queueFor(execute)
        const thread = newThread()
        const first = runOn(thread), second = runOn(thread), last = runOn(thread)
        for (const run of [first, second]) {
          yield* Effect.all([1, 2, 3].map(() => queue.enqueue(run, credentials, committed)), {
            concurrency: "unbounded"
          })
        }
        assert.strictEqual(yield* next, first.run_id)
        yield* queue.enqueue(first, credentials, committed)
        yield* queue.enqueue(second, credentials, committed)
        yield* queue.enqueue(last, credentials, committed)
        for (const run of [first, second, last]) yield* release(run)
        assert.deepStrictEqual([yield* next, yield* next], [second.run_id, last.run_id])
        yield* queue.settled(last.run_id)
        assert.strictEqual(yield* waiting, 0)
      }))

    it.live("gives each run its own credentials", () =>
      Effect.gen(function*() {
        const given = new Map<RunId, RunCredentials>()
        const queue = yield* queueFor((runId, credentials) => Effect.sync(() => given.set(runId, credentials)))
        for (const token of ["a", "b"]) {
          const run = runOn(newThread())
          const own = { ...credentials, token: Redacted.make(token) }
          yield* queue.enqueue(run, own, committed)
          yield* queue.settled(run.run_id)
          assert.strictEqual(given.get(run.run_id), own)
        }
      }))

    for (const action of CancelAction.literals) {
      it.live(`tells a running run to stop (${action}), and only that run`, () =>
        Effect.gen(function*() {
          const stops = yield* Queue.unbounded<readonly [RunId, CancelAction]>()
          const queue = yield* queueFor((runId, _, stop) =>
            Effect.flatMap(stop, (action) => Queue.offer(stops, [runId, action] as const))
          )
          const run = runOn(newThread()), bystander = runOn(newThread())
          yield* queue.enqueue(bystander, credentials, committed)
          yield* queue.enqueue(run, credentials, committed)
          yield* queue.cancel(run.run_id, action)
          yield* queue.settled(run.run_id).pipe(Effect.timeout("5 seconds"))
          assert.deepStrictEqual(yield* Queue.takeAll(stops), [[run.run_id, action]])
        }))

      it.live(`hands out a run that was cancelled in the queue (${action}) at once, with its stop told already`, () =>
        Effect.gen(function*() {
          const gate = yield* Deferred.make<void>()
          const seen = new Map<RunId, CancelAction | "none">()
          const queue = yield* queueFor((runId, _, stop) =>
            Effect.raceFirst(stop, Effect.as(Effect.yieldNow, "none" as const)).pipe(
              Effect.tap((told) => Effect.sync(() => seen.set(runId, told))),
              Effect.andThen((told) => told === "none" ? Deferred.await(gate) : Effect.void)
            )
          )
          const thread = newThread()
          const first = runOn(thread), second = runOn(thread), third = runOn(thread)
          for (const run of [first, second, third]) yield* queue.enqueue(run, credentials, committed)
          yield* queue.cancel(second.run_id, action)
          yield* queue.settled(second.run_id).pipe(Effect.timeout("5 seconds"))
          assert.strictEqual(seen.get(second.run_id), action)
          assert.isFalse(seen.has(third.run_id), "the third waits for the first yet")
          yield* Deferred.succeed(gate, undefined)
          yield* queue.settled(third.run_id).pipe(Effect.timeout("5 seconds"))
          assert.deepStrictEqual([first, third].map(({ run_id }) => seen.get(run_id)), ["none", "none"])
        }))
    }

    it.live("settles when the run has ended, and at once what it does not hold", () =>
      Effect.gen(function*() {
        const { execute, next, release } = yield* held
        let ended = false
        const queue = yield* queueFor((...run) =>
          Effect.andThen(execute(...run), Effect.andThen(Effect.sleep(5), Effect.sync(() => ended = true)))
        )
        const run = runOn(newThread())
        const stranger = runOn(newThread())
        yield* queue.cancel(stranger.run_id, "interrupt")
        yield* queue.settled(stranger.run_id)
        yield* queue.enqueue(run, credentials, committed)
        const settled = yield* Effect.forkChild(queue.settled(run.run_id), { startImmediately: true })
        yield* next
        assert.isUndefined(settled.pollUnsafe())
        yield* release(run)
        yield* Fiber.join(settled)
        assert.isTrue(ended)
        yield* queue.settled(run.run_id)
        yield* queue.cancel(run.run_id, "rollback")
      }))

    it.live("goes on with the next run when one breaks", () =>
      Effect.gen(function*() {
        const thread = newThread()
        const broken = runOn(thread), interrupted = runOn(thread), next = runOn(thread)
        const ended: Array<RunId> = []
        const queue = yield* queueFor((runId) => {
          if (runId === broken.run_id) return Effect.die("broken")
          return runId === interrupted.run_id ? Effect.interrupt : Effect.sync(() => ended.push(runId))
        })
        const runs = [broken, interrupted, next]
        for (const run of runs) yield* queue.enqueue(run, credentials, committed)
        for (const run of runs) yield* queue.settled(run.run_id).pipe(Effect.timeout("5 seconds"))
        assert.deepStrictEqual(ended, [next.run_id])
      }))

    it.live("interrupts what runs when the process ends, and takes up what waits only to end it", () =>
      Effect.gen(function*() {
        const { execute, next, waiting } = yield* held
        const scope = yield* Scope.make()
        let interrupted = 0, ended = 0
        const queue = yield* queueFor((runId, credentials, stop) =>
          execute(runId, credentials, stop).pipe(
            Effect.onInterrupt(() => Effect.sync(() => interrupted++)),
            (work) => Effect.raceFirst(stop, work),
            Effect.onInterrupt(() => Effect.sync(() => ended++)),
            Effect.asVoid
          )
        ).pipe(Scope.provide(scope))
        const thread = newThread()
        const running = runOn(thread)
        for (const run of [running, runOn(thread), runOn(thread)]) yield* queue.enqueue(run, credentials, committed)
        assert.strictEqual(yield* next, running.run_id)
        yield* Scope.close(scope, Exit.void).pipe(Effect.timeout("5 seconds"))
        assert.deepStrictEqual([interrupted, ended, yield* waiting], [1, 3, 0])
      }))
  })

runQueueContract("in process", InProcessRunQueue.layer({ drainFor: "20 millis" }))
