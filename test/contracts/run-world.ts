import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option, type Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { databaseLayer, orUnavailable } from "../../src/adapters/postgres/Database.ts"
import { LogEnds } from "../../src/adapters/postgres/LogEnds.ts"
import { PgRunLedger } from "../../src/adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../../src/adapters/postgres/PgRuns.ts"
import { PgStateClaims } from "../../src/adapters/postgres/PgStateClaims.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { PgSubruns } from "../../src/adapters/postgres/PgSubruns.ts"
import { PgThreads } from "../../src/adapters/postgres/PgThreads.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { RunOverrides } from "../../src/domain/EffectiveConfig.ts"
import { type MultitaskStrategy, type Run, RunId, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { RunPolicy } from "../../src/ports/RunPolicy.ts"
import { type RunOffer, RunQueue } from "../../src/ports/RunQueue.ts"
import { type AtEnd, type NewRun, RunLedger, Runs } from "../../src/ports/Runs.ts"
import { Storage } from "../../src/ports/Storage.ts"
import type { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { person } from "../support/PostgresPorts.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { TableJobs, TableQueue, tableQueueTables } from "./table-queue.ts"

export const nord = person(randomUUID())
export const sued = person(randomUUID())

const policy: RunPolicy["Service"] = {
  overrides: RunOverrides.Safe(),
  maxAttempts: 3,
  timeoutSeconds: 3600,
  concurrentPerTenant: 1000,
  waitingPerTenant: 10_000
}

export type Limits = Partial<Pick<RunPolicy["Service"], "concurrentPerTenant" | "waitingPerTenant">>

/** A log's end is a row among the ends. */
const NotedEnds = Layer.effect(
  LogEnds,
  Effect.map(PgClient.PgClient, (sql) =>
    LogEnds.of({
      closing: ({ attempt, run_id }) => ({
        insertion: (of) =>
          sql`
          insert into test_queue.ends (run_id, outcome, attempt)
          select ${run_id}, 'Completed', ${attempt} from (${of}) as run
          returning 0 as first_id, 0 as last_id`,
        closed: () => Effect.void
      })
    }))
)

/** How runs are made and ended: a step after the other, or at once where that can be. */
export type Way = "step by step" | "at once"
const ways: ReadonlyArray<Way> = ["step by step", "at once"]

/** Everything that concerns runs on one database, as one replica has it. */
export const replica = (
  url: Redacted.Redacted<string>,
  limits: Limits = {},
  queue: Layer.Layer<RunQueue, StorageUnavailable, PgClient.PgClient | SqlClient.SqlClient> = TableQueue,
  way: Way = "step by step"
) =>
  Layer.mergeAll(PgRunLedger, PgRuns, PgStateClaims, PgSubruns, PgThreads).pipe(
    Layer.provideMerge(queue),
    Layer.provideMerge(way === "at once" ? Layer.mergeAll(TableJobs, NotedEnds) : Layer.empty),
    Layer.provideMerge(Layer.succeed(RunPolicy, { ...policy, ...limits })),
    Layer.provideMerge(PgStorage({ alsoMigrate: Effect.void })),
    Layer.provideMerge(databaseLayer({ url, poolSize: 6 }))
  )

export type Replica = Layer.Success<ReturnType<typeof replica>>

/** A migrated database of the test's own. */
export const runDatabase = Effect.gen(function*() {
  const url = yield* freshDatabase
  yield* Storage.pipe(
    Effect.flatMap(({ awaitReady }) => awaitReady),
    Effect.andThen(tableQueueTables),
    Effect.provide(replica(url), { local: true })
  )
  return url
})

/** It holds in either way, on databases of their own. */
export const withRuns = <A, E, R>(work: Effect.Effect<A, E, R>, limits: Limits = {}) =>
  Effect.forEach(
    ways,
    (way) =>
      Effect.flatMap(runDatabase, (url) => Effect.provide(work, replica(url, limits, TableQueue, way), { local: true }))
        .pipe(
          Effect.tapCause(() => Effect.logError(`Not where runs are made and ended ${way}`))
        ),
    { discard: true }
  )

export const thread = ThreadId.make("00000000-0000-4000-a000-000000000001")
export const newThread = () => ThreadId.make(randomUUID())
export const runId = (last: number) => RunId.make(`01900000-0000-7000-8000-${String(last).padStart(12, "0")}`)

export const newRun = (
  last: number,
  multitask_strategy: MultitaskStrategy = "reject",
  { request, ...rest }: Partial<Omit<NewRun, "request">> & { readonly request?: Partial<NewRun["request"]> } = {}
): NewRun => ({
  run_id: runId(last),
  thread_id: thread,
  assistant_id: AssistantId.make("an assistant that is not there"),
  graph_id: "agent",
  assistant_version: 3,
  tenant: "tenant",
  metadata: { list: [["a"], ["b"]] },
  request: {
    input: { messages: [{ role: "user", content: "Gu\0ten Tag" }] },
    command: null,
    checkpoint: { checkpoint_id: "c", checkpoint_ns: "" },
    stream_mode: ["values", "messages-tuple"],
    stream_subgraphs: false,
    stream_resumable: true,
    interrupt_before: "*",
    interrupt_after: ["tools"],
    durability: "async",
    temporary: false,
    timeout_seconds: 60.5,
    webhook: null,
    ...request
  },
  configuration: {
    configurable: { model_name: "openai:gpt-4o", stop: [["x"]] },
    origins: { model_name: "assistant", stop: "request" },
    dropped: [{ key: "base_url", from: "request", reason: "locked" }],
    recursion_limit: 25,
    tags: ["t"],
    metadata: {},
    context: {}
  },
  multitask_strategy,
  home: null,
  traceparent: null,
  configured_ms: 0,
  after_seconds: 0,
  ...rest
})

export const done = RunOutcome.Completed({ interrupts: {}, waiting: false })
export const waiting = RunOutcome.Completed({ interrupts: { task: [{ value: "sure?" }] }, waiting: true })
export const failed = RunOutcome.Failed({ failure: { error: "ModelError", message: "no\0pe" } })

/** Notes each end in the transaction that brings it about. */
export const atEnd = Effect.map(PgClient.PgClient, (sql): AtEnd => (run, outcome) => {
  const words = outcome._tag === "Cancelled" ? `Cancelled ${outcome.action}` : outcome._tag
  return Effect.asVoid(
    orUnavailable(sql`
      insert into test_queue.ends (run_id, outcome, attempt) values (${run.run_id}, ${words}, ${run.attempt})`)
  )
})

export const create = Effect.fnUntraced(function*(run: NewRun, owner = nord) {
  return yield* (yield* Runs).create(run, owner, yield* atEnd)
})
export const claim = Effect.fnUntraced(function*(last: number, thread_id: ThreadId = thread) {
  return yield* (yield* RunLedger).claim({ run_id: runId(last), thread_id })
})
export const settle = Effect.fnUntraced(function*(
  last: number,
  attempt: number,
  outcome: RunOutcome = done,
  { threadStays = true } = {}
) {
  const claim = { run_id: runId(last), attempt }
  const lastWords = threadStays && Option.isSome(yield* Effect.serviceOption(LogEnds)) ? [] : undefined
  const settled = yield* (yield* RunLedger).settle(claim, outcome, nothingNoted, yield* atEnd, lastWords)
  // What may be left to whoever had the job in hands.
  if (Option.isSome(settled)) yield* (yield* RunQueue).withdraw(claim.run_id)
  return settled
})
export const cancel = Effect.fnUntraced(
  function*(last: number, action: "interrupt" | "rollback" = "interrupt", owner = nord) {
    yield* (yield* Runs).cancel(runId(last), action, owner, yield* atEnd)
  }
)

export const withThread = Effect.flatMap(Threads, (threads) => threads.create(thread, {}, nord))

export const threadNow = Effect.gen(function*() {
  const { graph_id, interrupts, status } = Option.getOrThrow(yield* (yield* Threads).find(thread, nord))
  return { graph_id, interrupts, status }
})

export const runNow = (last: number): Effect.Effect<Run, unknown, Runs> =>
  Effect.flatMap(Runs, (runs) => runs.find(thread, runId(last), nord)).pipe(Effect.map(Option.getOrThrow))

/** The line, in the order in which it is served. */
export const jobs = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  return yield* sql<RunOffer>`
    select run_id, thread_id, run_at, turn, home from test_queue.jobs order by turn, run_at, run_id`
})
export const inLine = Effect.map(jobs, (offers) => offers.map(({ run_id }) => Number(run_id.slice(-12))))

export const ends = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly run_id: string; readonly outcome: string }>`
    select run_id::text as run_id, outcome from test_queue.ends order by run_id`
  return rows.map(({ outcome, run_id }) => `${Number(run_id.slice(-12))} ${outcome}`)
})
export const stops = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly run_id: string; readonly action: string }>`
    select run_id::text as run_id, action from test_queue.stops order by run_id, action`
  return rows.map(({ action, run_id }) => `${Number(run_id.slice(-12))} ${action}`)
})
