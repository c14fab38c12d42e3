import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule } from "effect"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PgAssistants } from "../../src/adapters/postgres/PgAssistants.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { Assistants } from "../../src/ports/Assistants.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { gate } from "../support/Gate.ts"
import { person, postgresLayer } from "../support/PostgresPorts.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { withRuns } from "./run-world.ts"

const nobody = person("nobody")
const emptyContent = { graph_id: "agent", name: "x", description: null, config: {}, context: {}, metadata: {} }
const anyId = AssistantId.make("any")
const threadId = ThreadId.make("00000000-0000-4000-a000-000000000001")

describe("Storage", () => {
  it.live("waits for a database that is away at the start, and finds it when it comes", () =>
    Effect.gen(function*() {
      const real = yield* freshDatabase
      const { close, open, url } = yield* gate(real)
      yield* close
      yield* Effect.gen(function*() {
        const { awaitReady, ready } = yield* Storage
        const assistants = yield* Assistants
        assert.isFalse(yield* ready)
        assert.strictEqual((yield* Effect.flip(assistants.find(anyId, nobody)))._tag, "StorageUnavailable")
        yield* open
        yield* awaitReady
        assert.isTrue(yield* ready)
        assert.strictEqual(yield* assistants.count({}, nobody), 0)
        // And when it goes and comes back later.
        yield* close
        assert.isFalse(yield* ready)
        assert.strictEqual((yield* Effect.flip(assistants.count({}, nobody)))._tag, "StorageUnavailable")
        yield* open
        assert.strictEqual(yield* assistants.count({}, nobody), 0)
        assert.isTrue(yield* ready)
      }).pipe(Effect.provide(postgresLayer({ url, poolSize: 3, alsoMigrate: Effect.void })))
    }))

  it.live("can be migrated by several replicas at once, and again", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const start = Storage.pipe(
        Effect.flatMap((storage) => storage.awaitReady),
        Effect.provide(Layer.fresh(postgresLayer({ url, poolSize: 2, alsoMigrate: Effect.void })))
      )
      yield* Effect.forEach(Array.from({ length: 5 }), () => start, { concurrency: "unbounded" })
      yield* start
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const tables = yield* sql`select schemaname from pg_tables where schemaname in ('public', 'langgraph_server')`
        assert.deepStrictEqual([...new Set(tables.map(({ schemaname }) => schemaname))], ["langgraph_server"])
        const done = yield* sql`select name from langgraph_server.migrations order by migration_id`
        assert.deepStrictEqual(done.map(({ name }) => name), [
          "assistants",
          "threads_and_runs",
          "run_renewal",
          "version_audience",
          "checkpoints",
          "durable_runs",
          "run_events",
          "untouched_threads",
          "contact",
          "store",
          "crons",
          "thread_lives",
          "thread_runs",
          "run_records",
          "agent_watch",
          "subruns",
          "agent_sightings"
        ])
      }).pipe(Effect.provide(databaseLayer({ url, poolSize: 1 })))
    }))

  it.live("tries again after a migration that failed, however it failed", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      let attempts = 0
      const alsoMigrate = Effect.suspend(() => {
        attempts += 1
        return attempts === 1 ? Effect.fail("not yet") : attempts === 2 ? Effect.die("nor now") : Effect.void
      })
      yield* Storage.pipe(
        Effect.flatMap((storage) => storage.awaitReady),
        Effect.provide(postgresLayer({ url, poolSize: 1, alsoMigrate }))
      )
      assert.strictEqual(attempts, 3)
    }))

  it.live("tells of tables that are not there yet as of a database that is away", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const failure = Assistants.pipe(
        Effect.flatMap((assistants) => assistants.create(anyId, emptyContent, nobody)),
        Effect.flip,
        Effect.provide(PgAssistants.pipe(Layer.provide(databaseLayer({ url, poolSize: 1 }))))
      )
      assert.strictEqual((yield* failure)._tag, "StorageUnavailable")
    }))

  it.live("a connection that the server ends, in a transaction or not, is no defect", () =>
    withRuns(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const threads = yield* Threads
      yield* threads.create(threadId, {}, nobody)
      const terminate = sql`
        select pg_terminate_backend(pid)
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      const locked = yield* Deferred.make<void>()
      const holder = yield* sql`select from langgraph_server.threads for update`.pipe(
        Effect.andThen(Deferred.succeed(locked, undefined)),
        Effect.andThen(Effect.never),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(locked)
      const waiting = yield* Effect.forkChild(Effect.flip(threads.delete(threadId, nobody)))
      yield* terminate.pipe(
        Effect.repeat({ until: (ended) => ended.length > 0, schedule: Schedule.spaced("20 millis") })
      )
      const blocked = yield* Fiber.join(waiting)
      yield* Fiber.interrupt(holder)
      assert.strictEqual(blocked._tag, "StorageUnavailable")
      assert.isTrue(yield* threads.delete(threadId, nobody))
    })))
})
