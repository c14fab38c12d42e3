import { PgClient } from "@effect/sql-pg"
import {
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  Latch,
  Layer,
  PubSub,
  Schedule,
  Schema,
  Scope,
  Semaphore
} from "effect"
import { RunId } from "../../domain/Run.ts"
import { RunQueue, type RunWorker } from "../../ports/RunQueue.ts"
import { orUnavailable } from "./Database.ts"
import { counted, heldRuns } from "./HeldRuns.ts"
import { JobEngine, jobSchema } from "./JobEngine.ts"
import { JobInsertion } from "./JobInsertion.ts"
import { pgBossInsertion } from "./PgBossInsertion.ts"
import { keepUp, within } from "./QueueFibres.ts"
import { runHands } from "./RunHands.ts"
import { runHeartbeat } from "./RunHeartbeat.ts"
import { jobOf, runQueue } from "./RunJobs.ts"
import { Signal, Signals } from "./Signals.ts"
import { decodeRows } from "./Values.ts"

export interface RunQueueOptions {
  /** How many runs this process executes at a time. */
  readonly concurrency: number
  /** Unheard of for so long, a process has lost its runs. */
  readonly heartbeatSeconds: number
  /** How long a stop waits for the runs under way. */
  readonly drainFor: Duration.Input
}

const decodeIds = decodeRows(Schema.Struct({ run_id: RunId }))

/** As many at once: fetching them all would hold up those who share the queue. */
const handful = 25
/** How often the queue is looked at without being told to: while messages come, and while they don't. */
const floor = { listening: Duration.seconds(2), deaf: Duration.millis(300) }
/** Longer than a slow database takes. What it may have given us after all comes back when its heartbeat is missed. */
const fetchTakes = Duration.seconds(30)

const patiently = Schedule.jittered(Schedule.spaced("1 second"))

/**
 * The queue that replicas share, on pg-boss: they pull from it, and lose what they hold when they are not heard of. With
 * it comes `JobInsertion`, for those of this database who can do without a call; a queue in its place need not have it.
 */
export const PgBossRunQueue = (
  { concurrency, drainFor, heartbeatSeconds }: RunQueueOptions
): Layer.Layer<RunQueue, never, PgClient.PgClient | JobEngine | Signals> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const engine = yield* JobEngine
      const signals = yield* Signals
      const held = yield* heldRuns
      const services = Context.pick(PgClient.PgClient, JobEngine, Signals)(
        yield* Effect.context<PgClient.PgClient | JobEngine | Signals>()
      )

      const tell = (signal: Parameters<typeof signals.tell>[0][number]) => orUnavailable(signals.tell([signal]))

      let beating = false
      /** Whose life nobody knows of, their runs are not left alone: requests may come before the first heartbeat. */
      const beKnown = orUnavailable(sql`
        insert into langgraph_server.replicas (id) values (${signals.replica}) on conflict (id) do nothing`)

      const work = Effect.fnUntraced(function*(worker: RunWorker) {
        const wake = yield* Latch.make(true)
        const background = yield* Scope.make()
        /** Whoever had no hand free may have left something behind. */
        const freed = Effect.suspend(() => held.count() >= concurrency - 1 ? wake.open : Effect.void)
        const hands = yield* runHands(held, worker, freed)
        const heartbeat = yield* runHeartbeat({ replica: signals.replica, seconds: heartbeatSeconds }, held, worker)
        const fetching = yield* Semaphore.make(1)
        let closing = false

        /** Who seems to be alone asks who else lives when there is a run of somebody else's. */
        const jobs = Effect.gen(function*() {
          const others = heartbeat.alone() ? [] : yield* heartbeat.others
          const fetched = yield* engine.ask((boss, db) =>
            boss.fetch<unknown>(runQueue, {
              batchSize: Math.min(concurrency - held.count(), handful),
              ignoreGroups: [...others],
              db
            })
          )
          const foreign = fetched.filter(({ groupId }) => typeof groupId === "string" && groupId !== signals.replica)
          if (foreign.length === 0) return fetched
          const homes = new Set(yield* heartbeat.others)
          const theirs = new Set(foreign.filter(({ groupId }) => homes.has(groupId ?? "")))
          yield* hands.handBack([...theirs])
          return fetched.filter((job) => !theirs.has(job))
        }).pipe(Effect.withTracerEnabled(false))

        const fetch = Effect.gen(function*() {
          if (closing || held.count() >= concurrency) return
          const fetched = yield* within(fetchTakes, background, jobs)
          yield* Effect.forEach(fetched, ({ data, id, retryCount }) => hands.begin({ id, retryCount }, data), {
            discard: true
          })
          yield* counted("fetched", fetched.length)
          yield* counted("redelivered", fetched.filter(({ retryCount }) => retryCount > 0).length)
          if (fetched.length === handful) yield* wake.open
        }).pipe(fetching.withPermits(1))

        const loop = Effect.gen(function*() {
          yield* wake.close
          yield* fetch
          const pause = (yield* signals.listening) ? floor.listening : floor.deaf
          yield* Effect.raceFirst(wake.await, Effect.sleep(pause))
        })

        const hear = Effect.gen(function*() {
          const heard = yield* signals.subscribe
          yield* wake.open
          yield* Effect.forever(Effect.flatMap(PubSub.take(heard), (signal) => {
            if (signal._tag === "Wake" || signal._tag === "Listening") return wake.open
            const run = signal._tag === "Stop" ? held.find(signal.runId) : undefined
            return run === undefined || signal._tag !== "Stop"
              ? Effect.void
              : held.stop(run, { _tag: "Cancelled", action: signal.action })
          }))
        }).pipe(Effect.scoped)

        /** What has become free for us is looked for at once. */
        const every = <E>(period: Duration.Duration, task: Effect.Effect<boolean, E>) =>
          Effect.flatMap(task, (found) => found ? wake.open : Effect.void).pipe(
            Effect.andThen(Effect.sleep(period)),
            Effect.withTracerEnabled(false)
          )

        // Who does not know who else lives can't tell whose runs to leave alone.
        yield* Effect.orDie(Effect.retry(heartbeat.beat, patiently))
        beating = true
        yield* Effect.addFinalizer(() =>
          Effect.gen(function*() {
            closing = true
            // What is being fetched at this moment is ours: it is to be in our hands before they let go.
            yield* Effect.timeoutOption(fetching.withPermits(1)(Effect.void), "2 seconds")
            yield* Effect.ignore(hands.letGo(drainFor))
            yield* Effect.forkDetach(Scope.close(background, Exit.void))
            const goodbye = Effect.andThen(heartbeat.leave, tell(Signal.Wake()))
            yield* Effect.ignore(Effect.timeoutOption(goodbye, "2 seconds"))
          })
        )
        const heart = Duration.seconds(heartbeatSeconds)
        const beat = within(Duration.divideUnsafe(heart, 3), background, heartbeat.beat)
        yield* keepUp("hear-signals", background, hear)
        yield* keepUp("fetch-runs", background, loop)
        yield* keepUp("heartbeat", background, every(Duration.divideUnsafe(heart, 6), beat))
        yield* keepUp("supervise-queue", background, every(Duration.seconds(1), heartbeat.superviseOthers))
      }, Effect.provideContext(services))

      const queue = RunQueue.of({
        replica: signals.replica,
        offer: Effect.fn("RunQueue.offer")(function*(offer) {
          const { home, run_id, thread_id } = offer
          if (home === signals.replica && !beating) yield* beKnown
          const options = jobOf(offer, yield* Clock.currentTimeMillis)
          yield* engine.ask((boss, db) => boss.send(runQueue, { run_id, thread_id }, { ...options, db }))
          if (options.startAfter === undefined) yield* tell(Signal.Wake())
        }),
        withdraw: Effect.fn("RunQueue.withdraw")(function*(runId) {
          yield* engine.ask((boss, db) => boss.deleteJob(runQueue, runId, { db }))
        }),
        missing: Effect.fn("RunQueue.missing")(function*(runIds) {
          const missing = yield* decodeIds(sql`
            select run_id
            from unnest(${runIds}::uuid[]) as run_id
            where not exists (
              select from ${sql(jobSchema)}.job j where j.name = ${runQueue} and j.id = run_id
            )`)
          return missing.map(({ run_id }) => run_id)
        }, orUnavailable),
        stop: Effect.fn("RunQueue.stop")(function*(runId, action) {
          yield* tell(Signal.Stop({ runId, action }))
        }),
        work,
        held: Effect.sync(held.ids)
      })

      const jobs = yield* pgBossInsertion(Effect.sync(() => beating))
      return Context.make(RunQueue, queue).pipe(Context.add(JobInsertion, jobs))
    })
  )
