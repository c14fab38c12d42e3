import { Deferred, Duration, Effect, Exit, Schedule, Schema, Scope } from "effect"
import type { RunWorker } from "../../ports/RunQueue.ts"
import { orUnavailable } from "./Database.ts"
import { counted, type Delivery, type HeldRun, type HeldRuns } from "./HeldRuns.ts"
import { JobEngine } from "./JobEngine.ts"
import { RunJobData, runQueue } from "./RunJobs.ts"
import { Signal, Signals } from "./Signals.ts"
import { together } from "./Together.ts"

const decodeData = Schema.decodeUnknownEffect(RunJobData)

/** A run that breaks its worker is not to be tried as fast as it breaks. */
const afterBreaking = Duration.seconds(1)
/** What a run gets to write down when it is stopped, before it is interrupted. */
const leaving = Duration.seconds(5)
/** What is then left to it. */
const unwinding = Duration.seconds(2)

/** For some seconds; a job that is not settled by then comes back when its heartbeat is missed. */
const persistently = Schedule.max([Schedule.exponential("100 millis"), Schedule.recurs(6)])

/** Executes what was fetched, and tells the queue what has become of it. */
export const runHands = Effect.fnUntraced(function*(held: HeldRuns, worker: RunWorker, freed: Effect.Effect<unknown>) {
  const engine = yield* JobEngine
  const signals = yield* Signals
  const runs = yield* Scope.make()

  const again = (deliveries: ReadonlyArray<Delivery>, reason: string) =>
    engine.ask((boss, db) => boss.fail(runQueue, [...deliveries], { reason }, { db })).pipe(
      Effect.andThen(orUnavailable(signals.tell([Signal.Wake()]))),
      Effect.andThen(counted("again", deliveries.length))
    )

  const remove = yield* together(
    (done: ReadonlyArray<Delivery>) => engine.ask((boss, db) => boss.deleteJob(runQueue, [...done], { db })),
    runs
  )

  /** A job, once the work on it is over; one that is lost is somebody else's, and so is one that was withdrawn. */
  const settle = ({ delivery }: HeldRun, exit: Exit.Exit<"again" | "done" | "gone">) => {
    // The process ends: whoever takes it next need not wait for a heartbeat that does not come.
    if (Exit.isFailure(exit)) return again([delivery], Exit.hasInterrupts(exit) ? "interrupted" : "broken")
    if (exit.value === "again") return again([delivery], "handed back")
    return exit.value === "done" ? remove(delivery) : Effect.void
  }

  const conclude = Effect.fnUntraced(function*(run: HeldRun, exit: Exit.Exit<"again" | "done" | "gone">) {
    if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) {
      yield* Effect.logError("Run could not be executed", exit.cause)
      yield* Effect.sleep(afterBreaking)
    }
    yield* Effect.retry(settle(run, exit), persistently).pipe(
      Effect.catchCause((cause) => Effect.logWarning("The queue was not told what has become of a job", cause))
    )
  })

  return {
    /** What was not for us to fetch. */
    handBack: (deliveries: ReadonlyArray<Delivery>) =>
      deliveries.length === 0 ? Effect.void : again(deliveries, "somebody else's"),
    begin: Effect.fnUntraced(function*(delivery: Delivery, data: unknown) {
      const job = yield* Effect.orDie(decodeData(data))
      const before = held.find(job.run_id)
      const run = yield* held.add(job.run_id, delivery)
      // We were taken for lost, and have it again: whoever works on it here yet is to leave it first.
      const turn = before === undefined ? Effect.void : held.stop(before, { _tag: "Overtaken" }).pipe(
        Effect.andThen(Effect.timeoutOption(Deferred.await(before.ended), leaving)),
        Effect.andThen(Deferred.succeed(before.abandoned, undefined))
      )
      const execute = Effect.suspend(() =>
        worker.execute({ ...job, redelivered: delivery.retryCount > 0 }, Deferred.await(run.stop))
      )
      yield* Effect.andThen(turn, execute).pipe(
        Effect.raceFirst(Effect.andThen(Deferred.await(run.abandoned), Effect.interrupt)),
        Effect.onExit((exit) => conclude(run, exit)),
        Effect.ensuring(Effect.andThen(held.remove(run), freed)),
        Effect.annotateLogs({ run_id: job.run_id }),
        Effect.exit,
        Effect.forkIn(runs)
      )
    }),
    /** Lets what runs come to its end, asks the rest to leave, and hands back what does not. */
    letGo: Effect.fnUntraced(function*(drainFor: Duration.Input) {
      yield* Effect.timeoutOption(held.drained, drainFor)
      yield* held.stopAll({ _tag: "Leaving" })
      yield* Effect.timeoutOption(held.drained, leaving)
      yield* Effect.forkDetach(Scope.close(runs, Exit.void))
      yield* Effect.timeoutOption(held.drained, unwinding)
      const left = held.all()
      if (left.length === 0) return
      yield* Effect.logWarning(`${left.length} run(s) can't be interrupted and are handed back as they stand`)
      // Untold, the queue misses their heartbeat.
      yield* Effect.timeoutOption(again(left.map(({ delivery }) => delivery), "left behind"), unwinding)
    })
  }
})
