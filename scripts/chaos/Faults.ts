import { Effect, Layer, Stream } from "effect"
import type { PgBoss } from "pg-boss"
import * as LangGraphs from "../../src/adapters/langgraph/LangGraphs.ts"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { PgBossRunQueue } from "../../src/adapters/postgres/PgBossRunQueue.ts"
import { PgRunEvents } from "../../src/adapters/postgres/PgRunEvents.ts"
import { PgRunLedger } from "../../src/adapters/postgres/PgRunLedger.ts"
import type { Parts } from "../../src/app/Parts.ts"
import type { ServerSettings } from "../../src/app/ServerSettings.ts"
import { RunOutcome } from "../../src/domain/Run.ts"
import { RunEvents } from "../../src/ports/RunEvents.ts"
import { RunQueue, type RunWorker } from "../../src/ports/RunQueue.ts"
import { RunLedger } from "../../src/ports/Runs.ts"
import { altered } from "../../test/support/Parts.ts"
import { notifiedOnly } from "./NotifiedOnly.ts"
import { unfencedCheckpointer, unfencedDatabase } from "./Unfenced.ts"

type Fault = (settings: ServerSettings) => Partial<Parts>

const realQueue = ({ runs, shutdownSeconds }: ServerSettings) =>
  PgBossRunQueue({
    concurrency: runs.perProcess,
    heartbeatSeconds: runs.heartbeatSeconds,
    drainFor: `${shutdownSeconds} seconds`
  })

/** Nobody tells a worker that its run is somebody else's by now. */
const untold = (worker: RunWorker): RunWorker => ({
  ...worker,
  execute: (job, stop) =>
    worker.execute(job, Effect.flatMap(stop, (why) => why._tag === "Overtaken" ? Effect.never : Effect.succeed(why)))
})

const queueOfUntold = (settings: ServerSettings) =>
  altered(RunQueue, realQueue(settings), ({ work }) => ({ work: (worker) => work(untold(worker)) }))

/** In a transaction of its own, a moment after the run's. */
const offeringLater = (settings: ServerSettings) =>
  Layer.effect(
    RunQueue,
    Effect.gen(function*() {
      const real = yield* RunQueue
      const outside = Effect.runForkWith(yield* Effect.context<never>())
      return RunQueue.of({
        ...real,
        offer: (offer) => Effect.sync(() => void outside(Effect.ignore(Effect.delay(real.offer(offer), "100 millis"))))
      })
    })
  ).pipe(Layer.provide(realQueue(settings)))

const blind = (boss: PgBoss): PgBoss =>
  new Proxy(boss, {
    get: (target, name) => {
      if (name === "supervise") return () => Promise.resolve()
      const value: unknown = Reflect.get(target, name)
      return typeof value === "function" ? value.bind(target) : value
    }
  })

/** Parts that are broken on purpose, by what is wrong: the checks must notice. */
export const faults: Readonly<Record<string, Fault>> = {
  /** Overtaken workers go on: they are not told, and nothing keeps them from writing. */
  "no-fence": (settings) => ({
    runQueue: queueOfUntold(settings),
    runLedger: PgRunLedger.pipe(Layer.provide(unfencedDatabase)),
    runEvents: PgRunEvents().pipe(Layer.provide(unfencedDatabase)),
    graphs: LangGraphs.layer().pipe(Layer.provide(unfencedCheckpointer))
  }),
  "no-fence-around-checkpoints": (settings) => ({
    runQueue: queueOfUntold(settings),
    graphs: LangGraphs.layer().pipe(Layer.provide(unfencedCheckpointer))
  }),
  /** A run is kept, its place in the queue is not; and nobody looks for such runs. */
  "enqueue-outside-the-transaction": (settings) => ({
    runQueue: offeringLater(settings),
    runLedger: altered(RunLedger, PgRunLedger, () => ({ offerForgotten: Effect.succeed(0) }))
  }),
  /** What a message did not tell is never found out. */
  "notify-only": () => ({ runEvents: notifiedOnly }),
  /** Nobody looks whether workers still live. */
  "no-supervision": (settings) => ({
    runQueue: realQueue(settings).pipe(
      Layer.provide(altered(JobEngine, Layer.effect(JobEngine, JobEngine), ({ ask }) => ({
        ask: (call) => ask((boss, db) => call(blind(boss), db))
      })))
    )
  }),
  /** The status is written whatever happened: a worker that leaves has finished. */
  "status-in-finally": () => ({
    runLedger: altered(RunLedger, PgRunLedger, ({ settle }) => ({
      release: (claim, steps) =>
        settle(claim, RunOutcome.Completed({ interrupts: {}, waiting: false }), steps, () => Effect.void).pipe(
          Effect.asVoid
        )
    }))
  }),
  /** Whoever comes back is shown what was the last thing seen once more. */
  "readers-see-twice": () => ({
    runEvents: altered(RunEvents, PgRunEvents(), ({ read }) => ({
      read: (runId, after) => read(runId, Math.max(-1, after - 1))
    }))
  }),
  /** The end of a log is lost on those who come back. */
  "readers-miss-the-end": () => ({
    runEvents: altered(RunEvents, PgRunEvents(), ({ read }) => ({
      read: (runId, after) => after >= 0 ? Stream.take(read(runId, after), 1) : read(runId, after)
    }))
  })
}

/** Not faults: one of two nets is gone, and the other must hold. Here the checks must notice nothing. */
export const controls: Readonly<Record<string, Fault>> = {
  /** The fence alone keeps overtaken workers from writing. */
  "fence-alone": (settings) => ({ runQueue: queueOfUntold(settings) }),
  /** Being told soon keeps a run that lost its place from waiting for ever. */
  "forgotten-runs-are-found": (settings) => ({ runQueue: offeringLater(settings) })
}
