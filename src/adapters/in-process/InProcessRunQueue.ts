import type { Context, Duration } from "effect"
import { Deferred, Effect, Exit, Layer, Scope } from "effect"
import type { CancelAction, RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { RunHandler, RunQueue } from "../../ports/RunQueue.ts"

interface Job {
  readonly threadId: ThreadId
  readonly stop: Deferred.Deferred<CancelAction>
  readonly ended: Deferred.Deferred<void>
  /** It has ended, and so have all before it: the thread's next may go. */
  readonly passed: Deferred.Deferred<void>
}

/**
 * Executes runs in this process, one at a time per thread in the order they came. It remembers nothing beyond the
 * process: a durable queue is another adapter of the same port.
 * When its scope closes it gives the runs it holds some time to end, then interrupts them.
 */
export const layer = (options: { readonly drainFor: Duration.Input }) =>
  Layer.effect(
    RunQueue,
    Effect.gen(function*() {
      const { execute } = yield* RunHandler
      // Runs start in this context, not in their caller's: that one is inside a transaction.
      const context = yield* Effect.context<never>()
      const jobs = new Map<RunId, Job>()
      const scope = yield* Scope.make()
      const allEnded = Effect.suspend(() =>
        Effect.forEach([...jobs.values()], (job) => Deferred.await(job.ended), { discard: true })
      )
      // Not interruptible: the fibre that closes the scope at the end of the process is itself an interrupted one.
      yield* Effect.addFinalizer(() =>
        allEnded.pipe(
          Effect.timeoutOption(options.drainFor),
          Effect.andThen(Scope.close(scope, Exit.void))
        )
      )
      /** The last job of each thread: the next one waits until it has passed. */
      const last = new Map<ThreadId, Job>()

      const finish = (runId: RunId, job: Job) =>
        Effect.suspend(() => {
          jobs.delete(runId)
          return Deferred.succeed(job.ended, undefined)
        })

      const pass = (job: Job) =>
        Effect.suspend(() => {
          if (last.get(job.threadId) === job) last.delete(job.threadId)
          return Deferred.succeed(job.passed, undefined)
        })

      return RunQueue.of({
        enqueue: Effect.fnUntraced(function*(run, credentials, created) {
          const job: Job = {
            threadId: run.thread_id,
            stop: yield* Deferred.make<CancelAction>(),
            ended: yield* Deferred.make<void>(),
            passed: yield* Deferred.make<void>()
          }
          if (jobs.has(run.run_id)) return
          const before = last.get(run.thread_id)
          jobs.set(run.run_id, job)
          last.set(run.thread_id, job)
          const stop = Deferred.await(job.stop)
          const turn = before === undefined ? Effect.void : Deferred.await(before.passed)
          const itsTurn = Effect.raceFirst(turn, stop).pipe(
            // The process ends, and its turn never comes: it is taken up only to be ended.
            Effect.onInterrupt(() => execute(run.run_id, credentials, Effect.interrupt))
          )
          const work = Effect.andThen(itsTurn, execute(run.run_id, credentials, stop))
          // Whoever is stopped in the queue is not to wait for those ahead, nor does anybody overtake them for that.
          yield* Effect.flatMap(created, (committed) => committed ? work : Effect.void).pipe(
            Effect.ensuring(finish(run.run_id, job)),
            Effect.andThen(turn),
            Effect.ensuring(pass(job)),
            Effect.updateContext((_callers: Context.Context<never>) => context),
            Effect.forkIn(scope)
          )
        }),
        cancel: (runId, action) =>
          Effect.suspend(() => {
            const job = jobs.get(runId)
            return job === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(job.stop, action))
          }),
        settled: (runId) =>
          Effect.suspend(() => {
            const job = jobs.get(runId)
            return job === undefined ? Effect.void : Deferred.await(job.ended)
          }),
        held: Effect.sync(() => [...jobs.keys()])
      })
    })
  )
