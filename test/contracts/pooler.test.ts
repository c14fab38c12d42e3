import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint"
import { Effect, Fiber, Layer, Logger, Option, PubSub, type Redacted, Schedule } from "effect"
import { createHash, randomUUID } from "node:crypto"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PgAgentSource } from "../../src/adapters/postgres/PgAgentSource.ts"
import { PgAssistants } from "../../src/adapters/postgres/PgAssistants.ts"
import { PgRunLedger } from "../../src/adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../../src/adapters/postgres/PgRuns.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { PgSyncedAssistants } from "../../src/adapters/postgres/PgSyncedAssistants.ts"
import { PgThreads } from "../../src/adapters/postgres/PgThreads.ts"
import { Signal, Signals } from "../../src/adapters/postgres/Signals.ts"
import { assistantIdOf } from "../../src/domain/Agent.ts"
import { planSync } from "../../src/domain/AgentSync.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { RunOverrides } from "../../src/domain/EffectiveConfig.ts"
import { RunId, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { Assistants, SyncedAssistants } from "../../src/ports/Assistants.ts"
import { RunPolicy } from "../../src/ports/RunPolicy.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { type NewRun, RunLedger, Runs } from "../../src/ports/Runs.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { pgBouncer, pgBouncerMissing } from "../support/PgBouncer.ts"
import { plainConfiguration, plainRequest } from "../support/PlainRuns.ts"
import { checkpointer, checkpointerTables, person } from "../support/PostgresPorts.ts"
import { consumerWorld } from "../support/TestDatabase.ts"

const missing = await pgBouncerMissing()
if (missing !== undefined) console.warn(`Not tested behind a pooler: ${missing}`)

const nord = person(people.member, organizations.kanzleiNord)
const id = (last: number) => ThreadId.make(`00000000-0000-4000-a000-${String(last).padStart(12, "0")}`)
const page = { limit: 100, offset: 0, sort_by: "created_at", sort_order: "asc" } as const
const digest = (text: string) => createHash("sha256").update(text).digest("hex")

/** Server connections, for all clients: those are more. */
const serverConnections = 3

/** A database with agents, and the way to it through a pooler in transaction mode. */
const pooledWorld = Effect.gen(function*() {
  const direct = yield* consumerWorld({ generation: "v2", secondOrganisation: true })
  return { direct, pooler: yield* pgBouncer(direct, serverConnections) }
})

const notAsked = Effect.die("not asked here")

/** Where nobody waits: the line itself has tests of its own. */
const queue = Layer.succeed(RunQueue, {
  replica: "here",
  offer: () => Effect.void,
  withdraw: () => Effect.void,
  missing: () => notAsked,
  stop: () => notAsked,
  work: () => notAsked,
  held: notAsked
})

const policy = Layer.succeed(RunPolicy, {
  overrides: RunOverrides.Safe(),
  maxAttempts: 3,
  timeoutSeconds: 60,
  concurrentPerTenant: 100,
  waitingPerTenant: 100
})

const newRun = (thread_id: ThreadId): NewRun => ({
  run_id: RunId.make(randomUUID()),
  thread_id,
  assistant_id: AssistantId.make("any"),
  graph_id: "agent",
  assistant_version: 1,
  tenant: organizations.kanzleiNord,
  home: null,
  traceparent: null,
  configured_ms: 0,
  metadata: {},
  request: { ...plainRequest, input: { messages: [] }, timeout_seconds: 60 },
  configuration: plainConfiguration,
  multitask_strategy: "reject",
  after_seconds: 0
})

const atEnd = () => Effect.void
const done = RunOutcome.Completed({ interrupts: {}, waiting: false })

/** The ports of a process whose DATABASE_URL leads to the pooler. */
const ports = (url: Redacted.Redacted<string>, directUrl: Redacted.Redacted<string>) =>
  Layer.fresh(
    Layer.mergeAll(
      PgStorage({ alsoMigrate: checkpointerTables(url) }),
      PgAgentSource,
      PgAssistants,
      PgSyncedAssistants,
      PgThreads,
      PgRuns,
      PgRunLedger,
      Signals.layer({ directUrl })
    ).pipe(Layer.provide([queue, policy]), Layer.provideMerge(databaseLayer({ url, poolSize: 10, pooled: true })))
  )

const sync = Effect.gen(function*() {
  const source = yield* AgentSource
  const synced = yield* SyncedAssistants
  yield* source.exclusively(Effect.gen(function*() {
    const found = yield* source.list(SyncScope.All())
    const stored = yield* synced.stored(SyncScope.All(), found.map(assistantIdOf))
    const plan = planSync({ agents: found, assistants: stored, digest, graphs: ["agent"] })
    yield* synced.apply(plan)
    yield* source.writeBack(plan.writeBack)
  }))
})

const atOnce = <A, E, R>(count: number, work: (n: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: count }, (_, n) => n), work, { concurrency: "unbounded" })

const listens = Effect.flatMap(
  Signals,
  ({ listening }) =>
    listening.pipe(
      Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("20 millis") }),
      Effect.timeout("60 seconds")
    )
)

describe.skipIf(missing !== undefined)("Behind a pooler in transaction mode", () => {
  it.live("migrations, syncs, searches, runs and transactions work, with more clients than connections", () =>
    Effect.gen(function*() {
      const { direct, pooler } = yield* pooledWorld
      const replica = Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const threads = yield* Threads
        const assistants = yield* Assistants
        const runs = yield* Runs
        const ledger = yield* RunLedger
        yield* (yield* Storage).awaitReady
        yield* atOnce(3, () => sync)
        assert.isAbove(yield* assistants.count({}, nord), 0)
        // Both replicas make the same threads: whoever comes second finds it there.
        yield* atOnce(40, (n) =>
          Effect.gen(function*() {
            yield* threads.create(id(n), { n }, nord).pipe(Effect.catchTag("ThreadExists", () => Effect.void))
            const { items } = yield* threads.search({ ...page, metadata: { n } }, nord)
            assert.deepStrictEqual(items.map(({ thread_id }) => thread_id), [id(n)])
            assert.isAbove((yield* assistants.search(page, nord)).total, 0)
            const backend = sql<{ pid: number }>`select pg_backend_pid() as pid`
            const [first, second] = yield* sql.withTransaction(Effect.all([backend, backend]))
            assert.deepStrictEqual(first, second, "one transaction is on one connection")
            const own = ThreadId.make(randomUUID())
            yield* threads.create(own, {}, nord)
            const run = yield* runs.create(newRun(own), nord, atEnd)
            const claimed = yield* ledger.claim(run)
            assert.deepStrictEqual(Option.map(claimed, ({ status }) => status), Option.some("running"))
            assert.deepStrictEqual(
              yield* ledger.settle({ ...run, attempt: 1 }, done, nothingNoted, atEnd),
              Option.some(done)
            )
          }))
        const [open] = yield* sql<{ connections: number }>`
          select count(*)::int as connections from pg_stat_activity
          where datname = current_database() and application_name in ('throughline', 'throughline checkpoints')`
        return { made: yield* threads.count({}, nord), connections: open?.connections ?? Infinity }
      })
      const seen = yield* atOnce(2, () => Effect.provide(replica, ports(pooler.url, direct)))
      assert.strictEqual(
        Math.max(...seen.map(({ made }) => made)),
        120,
        "threads: 40 of both, and 40 of each with a run"
      )
      assert.isAtMost(Math.max(...seen.map(({ connections }) => connections)), serverConnections, "for 20 clients")
    }))

  it.live("checkpoints are kept", () =>
    Effect.gen(function*() {
      const { pooler } = yield* pooledWorld
      const threads = Effect.andThen(Storage, ({ awaitReady }) => awaitReady)
      yield* Effect.provide(threads, ports(pooler.url, pooler.url))
      yield* atOnce(10, (n) =>
        Effect.gen(function*() {
          const saver = yield* checkpointer(pooler.url)
          const config = { configurable: { thread_id: id(n), checkpoint_ns: "" } }
          const metadata = { source: "loop" as const, step: 0, parents: {}, thread_id: id(n) }
          const checkpoint = { ...emptyCheckpoint(), channel_values: { n }, channel_versions: { n: 1 } }
          yield* Effect.promise(() => saver.put(config, checkpoint, metadata, { n: 1 }))
          const found = yield* Effect.promise(() => saver.getTuple(config))
          assert.deepStrictEqual(found?.checkpoint.channel_values, { n })
        }))
    }))

  it.live("a statement that was given up leaves its connection to others", () =>
    Effect.gen(function*() {
      const { direct, pooler } = yield* pooledWorld
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* (yield* Storage).awaitReady
        const sleepers = yield* Effect.forkScoped(atOnce(serverConnections, () => sql`select pg_sleep(60)`))
        yield* Effect.sleep("300 millis")
        yield* Fiber.interrupt(sleepers)
        const [row] = yield* sql`select 1 as one`.pipe(Effect.timeout("30 seconds"))
        assert.deepStrictEqual(row, { one: 1 })
      }).pipe(Effect.provide(ports(pooler.url, direct)))
    }))

  it.live("signals are told through it and heard past it", () =>
    Effect.gen(function*() {
      const { direct, pooler } = yield* pooledWorld
      const context = () => Layer.build(ports(pooler.url, direct))
      const [one, other] = [yield* context(), yield* context()]
      const heard = yield* Effect.flatMap(Signals, ({ subscribe }) => subscribe).pipe(Effect.provide(other))
      yield* Effect.provide(listens, one)
      yield* Effect.provide(listens, other)
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { tell } = yield* Signals
        yield* sql.withTransaction(Effect.andThen(sql`select 1`, tell([Signal.Wake()])))
      }).pipe(Effect.provide(one))
      const next = PubSub.take(heard).pipe(
        Effect.repeat({ while: ({ _tag }) => _tag === "Listening" }),
        Effect.timeout("30 seconds")
      )
      assert.deepStrictEqual(yield* next, Signal.Wake())
    }))

  it.live("signals don't count as heard where LISTEN goes through it, and the log says what to do", () =>
    Effect.gen(function*() {
      const { pooler } = yield* pooledWorld
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (logLevel === "Warn") logged.push(String(message))
      })
      const parts = yield* Layer.build(ports(pooler.url, pooler.url).pipe(Layer.provide(Logger.layer([logger]))))
      const { listening, tell } = yield* Effect.provide(Signals, parts)
      yield* Effect.provide(Effect.flatMap(Storage, ({ awaitReady }) => awaitReady), parts)
      const isHeard: Array<boolean> = []
      for (let n = 0; n < 50; n++) {
        yield* tell([Signal.Wake()])
        isHeard.push(yield* listening)
        yield* Effect.sleep("200 millis")
      }
      assert.notInclude(isHeard, true)
      assert.lengthOf(logged, 1, logged.join("\n"))
      assert.include(logged[0], "DATABASE_DIRECT_URL")
    }))
})
