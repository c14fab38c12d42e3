import { Clock, Deferred, Duration, Effect, Exit, Latch, Layer, Scope } from "effect"
import { randomUUID } from "node:crypto"
import type { RunId } from "../../domain/Run.ts"
import { type RunOffer, RunQueue, type RunStop, type RunWorker } from "../../ports/RunQueue.ts"

export interface InProcessOptions {
  /** How many runs are executed at a time. */
  readonly concurrency: number
  /** How long a stop waits for the runs under way. */
  readonly drainFor: Duration.Input
}

interface Job {
  readonly offer: RunOffer
  deliveries: number
  taken: boolean
}

interface Held {
  readonly stop: Deferred.Deferred<RunStop>
  readonly ended: Deferred.Deferred<void>
}

/** A run that breaks its worker is not to be tried as fast as it breaks. */
const afterBreaking = Duration.seconds(1)
/** What a graph gets to write down when it is stopped. */
const leaving = Duration.seconds(6)

/** Those that may be executed come first, in their turn; the sort keeps the order in which they came. */
const inOrder = (jobs: Iterable<Job>, now: number) => {
  const waiting = [...jobs].filter(({ taken }) => !taken)
  const isDue = ({ offer }: Job) => offer.run_at.getTime() <= now
  return {
    due: waiting.filter(isDue).sort((left, right) => left.offer.turn - right.offer.turn),
    nextAt: Math.min(...waiting.filter((job) => !isDue(job)).map(({ offer }) => offer.run_at.getTime()))
  }
}

/**
 * A queue in memory, for a single process: it remembers nothing beyond that, and knows nothing of its callers'
 * transactions. What is offered in one may be handed out before it is through, and claiming it waits for the thread.
 */
export const layer = ({ concurrency, drainFor }: InProcessOptions): Layer.Layer<RunQueue> =>
  Layer.effect(
    RunQueue,
    Effect.gen(function*() {
      const jobs = new Map<RunId, Job>()
      const held = new Map<RunId, Held>()
      const wake = yield* Latch.make(true)

      const drained = Effect.suspend(() =>
        Effect.forEach([...held.values()], ({ ended }) => Deferred.await(ended), { discard: true })
      )

      const handBack = (job: Job) =>
        Effect.suspend(() => {
          job.taken = false
          return wake.open
        })

      const settle = Effect.fnUntraced(function*(job: Job, exit: Exit.Exit<"again" | "done" | "gone">) {
        if (Exit.isFailure(exit)) {
          if (Exit.hasInterrupts(exit)) return yield* handBack(job)
          yield* Effect.logError("Run could not be executed", exit.cause)
          yield* Effect.sleep(afterBreaking)
          return yield* handBack(job)
        }
        if (exit.value === "again") return yield* handBack(job)
        // Withdrawn and offered again it is another one.
        const { run_id } = job.offer
        if (exit.value === "done" && jobs.get(run_id) === job) jobs.delete(run_id)
      })

      const begin = Effect.fnUntraced(function*(job: Job, { execute }: RunWorker, runs: Scope.Scope) {
        const { run_id, thread_id } = job.offer
        job.taken = true
        job.deliveries += 1
        const before = held.get(run_id)
        const run: Held = { stop: yield* Deferred.make<RunStop>(), ended: yield* Deferred.make<void>() }
        held.set(run_id, run)
        // It was withdrawn and came back: whoever works on it here yet is to leave it first.
        const turn = before === undefined ? Effect.void : Effect.andThen(
          Deferred.succeed(before.stop, { _tag: "Overtaken" }),
          Effect.timeoutOption(Deferred.await(before.ended), leaving)
        )
        const end = Effect.suspend(() => {
          if (held.get(run_id) === run) held.delete(run_id)
          return Effect.andThen(Deferred.succeed(run.ended, undefined), wake.open)
        })
        const work = Effect.suspend(() =>
          execute({ run_id, thread_id, redelivered: job.deliveries > 1 }, Deferred.await(run.stop))
        )
        yield* Effect.andThen(turn, work).pipe(
          Effect.onExit((exit) => settle(job, exit)),
          Effect.ensuring(end),
          Effect.annotateLogs({ run_id }),
          Effect.exit,
          Effect.forkIn(runs)
        )
      })

      const work = Effect.fnUntraced(function*(worker: RunWorker) {
        const runs = yield* Scope.make()
        const handOut = Effect.gen(function*() {
          yield* wake.close
          const { due, nextAt } = inOrder(jobs.values(), yield* Clock.currentTimeMillis)
          yield* Effect.forEach(due.slice(0, Math.max(0, concurrency - held.size)), (job) => begin(job, worker, runs))
          const later = Number.isFinite(nextAt)
            ? Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(1, nextAt - now)))
            : Effect.never
          yield* Effect.raceFirst(wake.await, later)
        })
        // Opened before the loop and so closed after it: while runs drain, none is taken up.
        yield* Effect.addFinalizer(() =>
          Effect.gen(function*() {
            yield* Effect.timeoutOption(drained, drainFor)
            yield* Effect.forEach([...held.values()], ({ stop }) => Deferred.succeed(stop, { _tag: "Leaving" }))
            yield* Effect.timeoutOption(drained, leaving)
            yield* Scope.close(runs, Exit.void)
          })
        )
        yield* wake.open
        yield* Effect.forkScoped(Effect.forever(handOut))
      })

      return RunQueue.of({
        replica: randomUUID(),
        offer: (offer) =>
          Effect.suspend(() => {
            if (!jobs.has(offer.run_id)) jobs.set(offer.run_id, { offer, deliveries: 0, taken: false })
            return wake.open
          }),
        withdraw: (runId) => Effect.sync(() => void jobs.delete(runId)),
        missing: (runIds) => Effect.sync(() => runIds.filter((runId) => !jobs.has(runId))),
        stop: (runId, action) =>
          Effect.suspend(() => {
            const run = held.get(runId)
            return run === undefined ? Effect.void : Deferred.succeed(run.stop, { _tag: "Cancelled", action })
          }),
        work,
        held: Effect.sync(() => [...held.keys()])
      })
    })
  )
