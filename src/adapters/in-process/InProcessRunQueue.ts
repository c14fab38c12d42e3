import { Deferred, Effect, Fiber, Layer, Scope } from "effect"
import type { CancelAction, RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { RunHandler, RunQueue } from "../../ports/RunQueue.ts"

interface Job {
  readonly threadId: ThreadId
  readonly ended: Deferred.Deferred<void>
  fiber: Fiber.Fiber<void> | undefined
  cancelled: CancelAction | undefined
}

/**
 * Executes runs in this process, one at a time per thread in the order they came. It remembers nothing beyond the
 * process: the durable queue is another adapter of the same port.
 */
export const layer = Layer.effect(
  RunQueue,
  Effect.gen(function*() {
    const { execute } = yield* RunHandler
    const scope = yield* Effect.scope
    const jobs = new Map<RunId, Job>()
    /** The end of the last job of each thread: the next one waits for it. */
    const tails = new Map<ThreadId, Deferred.Deferred<void>>()

    const finish = (runId: RunId, job: Job) =>
      Effect.suspend(() => {
        jobs.delete(runId)
        if (tails.get(job.threadId) === job.ended) tails.delete(job.threadId)
        return Deferred.succeed(job.ended, undefined)
      })

    /** Interrupts the work, not the job around it, which writes the end. */
    const stop = (job: Job) => job.fiber === undefined ? Effect.void : Effect.forkIn(Fiber.interrupt(job.fiber), scope)

    return RunQueue.of({
      enqueue: (run, credentials) =>
        Effect.gen(function*() {
          if (jobs.has(run.run_id)) return
          const before = tails.get(run.thread_id)
          const job: Job = {
            threadId: run.thread_id,
            ended: yield* Deferred.make<void>(),
            fiber: undefined,
            cancelled: undefined
          }
          jobs.set(run.run_id, job)
          tails.set(run.thread_id, job.ended)
          yield* Effect.gen(function*() {
            if (before !== undefined) yield* Deferred.await(before)
            // Inside a fibre of its own that `stop` may interrupt; the handler writes the end either way.
            job.fiber = yield* Effect.forkIn(execute(run.run_id, credentials, Effect.sync(() => job.cancelled)), scope, {
              startImmediately: false
            })
            if (job.cancelled !== undefined) yield* Fiber.interrupt(job.fiber)
            yield* Fiber.await(job.fiber)
          }).pipe(Effect.ensuring(finish(run.run_id, job)), Effect.forkIn(scope))
        }),
      cancel: (runId, action) =>
        Effect.suspend(() => {
          const job = jobs.get(runId)
          if (job === undefined || job.cancelled !== undefined) return Effect.void
          job.cancelled = action
          return Effect.asVoid(stop(job))
        }),
      settled: (runId) =>
        Effect.suspend(() => {
          const job = jobs.get(runId)
          return job === undefined ? Effect.void : Deferred.await(job.ended)
        })
    })
  })
)
