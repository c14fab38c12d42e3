import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Option, type Redacted, Ref } from "effect"
import { randomUUID } from "node:crypto"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { housekeepingQueues } from "../../src/adapters/postgres/HousekeepingQueue.ts"
import { PgHousekeeping } from "../../src/adapters/postgres/PgHousekeeping.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { type Chores, housekeeping, round } from "../../src/app/Housekeeping.ts"
import { Housekeeping } from "../../src/ports/Housekeeping.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { checkpointerTables } from "../support/PostgresPorts.ts"
import { supervisedEngine } from "../support/SupervisedEngine.ts"
import { freshDatabase } from "../support/TestDatabase.ts"

/** Threads that go have no run to come: there is nothing to take back. */
const noQueue = Layer.succeed(RunQueue, {
  replica: "here",
  offer: () => Effect.die("nothing is offered"),
  withdraw: () => Effect.die("nothing is withdrawn"),
  missing: () => Effect.succeed([]),
  stop: () => Effect.die("nothing is stopped"),
  work: () => Effect.void,
  held: Effect.succeed([])
})

/** Every round due at once, but for those of the same second. */
const replica = (url: Redacted.Redacted<string>, roundEverySeconds = 1) =>
  PgHousekeeping({ roundEverySeconds }).pipe(
    Layer.provide(noQueue),
    Layer.provideMerge(supervisedEngine(url, housekeepingQueues)),
    Layer.fresh
  )

const migrated = Effect.gen(function*() {
  const url = yield* freshDatabase
  yield* Storage.pipe(
    Effect.flatMap(({ awaitReady }) => awaitReady),
    Effect.provide(
      PgStorage({ alsoMigrate: checkpointerTables(url) }).pipe(Layer.provide(databaseLayer({ url, poolSize: 2 })))
    )
  )
  return url
})

const inHouse = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(migrated, (url) => Effect.provide(work, replica(url)))

/** Every table of ours that knows threads, by the catalogue: also those that nobody thought of here. */
const tablesOfThreads = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly name: string; readonly key: string }>`
    select c.table_name as name, c.column_name as key
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'langgraph_server'
      and t.table_type = 'BASE TABLE'
      and (c.column_name = 'thread_id' or c.table_name = 'threads' and c.column_name = 'id')
    order by c.table_name`
  return rows
})

/** How many rows each of them has of a thread. */
const rowsOf = Effect.fnUntraced(function*(thread: string) {
  const sql = yield* PgClient.PgClient
  const counts: Record<string, number> = {}
  for (const { key, name } of yield* tablesOfThreads) {
    const [row] = yield* sql<{ readonly count: number }>`
      select count(*)::int as count from langgraph_server.${sql(name)} where ${sql(key)}::text = ${thread}`
    counts[name] = row?.count ?? 0
  }
  return counts
})

interface Given {
  readonly days: number
  readonly status?: "idle" | "busy" | "interrupted" | "error"
  readonly run?: "success" | "running" | "pending"
  /** Whether its cron goes on. */
  readonly ticks?: boolean
}

/** A thread with something in every table that knows threads. */
const threadWith = Effect.fnUntraced(function*({ days, run = "success", status = "idle", ticks = false }: Given) {
  const sql = yield* PgClient.PgClient
  const id = randomUUID()
  yield* sql`
    insert into langgraph_server.threads (id, owner_id, metadata, status, updated_at)
    values (${id}, 'owner', '{}', ${status}, now() - make_interval(days => ${days}))`
  yield* sql`
    insert into langgraph_server.runs (
      id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, status, metadata, request,
      configuration, multitask_strategy
    )
    values (${randomUUID()}, ${id}, 'a', 'agent', 1, 'owner', 'owner', ${run}, '{}', '{}', '{}', 'enqueue')`
  yield* sql`
    insert into langgraph_server.run_events (
      run_id, first_id, last_id, attempt, thread_id, owner_id, events, log_bytes, ended
    )
    values (${randomUUID()}, 0, 0, 1, ${id}, 'owner', '[]', 2, true)`
  yield* sql`
    insert into langgraph_server.crons (
      id, owner_id, assistant_id, thread_id, schedule, enabled, run, metadata, next_run_at
    )
    values (
      ${randomUUID()}, 'owner', 'a', ${id}, '0 0 1 1 *', ${ticks}, '{}', '{}',
      case when ${ticks}::boolean then now() + interval '1 month' end
    )`
  yield* sql`
    insert into langgraph_server.checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
    values (${id}::text, '', 'c', '{}', '{}')`
  yield* sql`
    insert into langgraph_server.checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, blob)
    values (${id}::text, '', 'c', 'task', 0, 'messages', '')`
  yield* sql`
    insert into langgraph_server.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type)
    values (${id}::text, '', 'messages', '1', 'empty')`
  return id
})

const month = Duration.days(30)

/** A round of which somebody looks at a part only. */
const nothing: Chores = {
  forgetOldEvents: Effect.void,
  settleUpdates: Effect.void,
  renewMeanings: Effect.void,
  sweepEvery: Option.none(),
  threadDays: Option.none()
}

describe("Housekeeping", () => {
  it.live("is done by one replica, however many ask, and not again before it is due", () =>
    Effect.gen(function*() {
      const url = yield* migrated
      const done = yield* Ref.make(0)
      const asks = Housekeeping.pipe(
        Effect.flatMap(({ inTurn }) => Effect.forEach([1, 2, 3], () => inTurn(Ref.update(done, (count) => count + 1)))),
        Effect.provide(replica(url, 3600))
      )
      const answers = yield* Effect.all([asks, asks, asks], { concurrency: "unbounded" })
      assert.strictEqual(yield* Ref.get(done), 1)
      assert.lengthOf(answers.flat().filter(Option.isSome), 1)
    }))

  it.live("comes again when it is due, after a round that failed as well", () =>
    inHouse(Effect.gen(function*() {
      const { inTurn } = yield* Housekeeping
      const next = <A, E>(round: Effect.Effect<A, E>) =>
        Effect.repeat(Effect.sleep("100 millis").pipe(Effect.andThen(inTurn(round))), { until: Option.isSome }).pipe(
          Effect.timeout("60 seconds")
        )
      assert.strictEqual(yield* Effect.flip(next(Effect.fail("broken"))), "broken")
      assert.deepStrictEqual(yield* next(Effect.succeed("first")), Option.some("first"))
      assert.deepStrictEqual(yield* next(Effect.succeed("second")), Option.some("second"))
    })))

  it.live("is not begun elsewhere while it goes on", () =>
    Effect.gen(function*() {
      const url = yield* migrated
      const end = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const ask = <A>(round: Effect.Effect<A>) =>
        Housekeeping.pipe(Effect.flatMap(({ inTurn }) => inTurn(round)), Effect.provide(replica(url)))
      const first = yield* Effect.forkChild(
        ask(Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(end)))
      )
      yield* Deferred.await(begun)
      yield* Effect.sleep("1500 millis")
      assert.deepStrictEqual(yield* ask(Effect.succeed("second")), Option.none())
      yield* Deferred.succeed(end, undefined)
      assert.isTrue(Option.isSome(yield* Fiber.join(first)))
    }))

  it.live("deletes all that is left of threads nobody has touched for long, in every table that knows threads", () =>
    inHouse(Effect.gen(function*() {
      const { removeUntouchedThreads } = yield* Housekeeping
      const old = [
        yield* threadWith({ days: 31 }),
        yield* threadWith({ days: 300, status: "interrupted" }),
        yield* threadWith({ days: 31, status: "error" })
      ]
      const before = yield* rowsOf(old[0] ?? "")
      for (const [table, count] of Object.entries(before)) {
        assert.isAbove(count, 0, `this test puts nothing in ${table}`)
      }
      assert.strictEqual(yield* removeUntouchedThreads(month, 100), 3)
      for (const thread of old) {
        assert.deepStrictEqual(yield* rowsOf(thread), Object.fromEntries(Object.keys(before).map((name) => [name, 0])))
      }
    })))

  it.live("leaves threads alone that are young, busy, or have a run or a tick to come", () =>
    inHouse(Effect.gen(function*() {
      const { removeUntouchedThreads } = yield* Housekeeping
      const kept = [
        yield* threadWith({ days: 29 }),
        yield* threadWith({ days: 31, status: "busy", run: "running" }),
        yield* threadWith({ days: 31, run: "running" }),
        yield* threadWith({ days: 31, run: "pending" }),
        yield* threadWith({ days: 31, ticks: true })
      ]
      const before = yield* Effect.forEach(kept, rowsOf)
      assert.strictEqual(yield* removeUntouchedThreads(month, 100), 0)
      assert.deepStrictEqual(yield* Effect.forEach(kept, rowsOf), before)
    })))

  it.live("deletes threads in batches, waits for nobody who uses one, and has the index for it", () =>
    inHouse(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { removeUntouchedThreads } = yield* Housekeeping
      yield* sql`
        insert into langgraph_server.threads (id, owner_id, metadata, updated_at)
        select gen_random_uuid(), 'owner', '{}', now() - interval '31 days' from generate_series(1, 250)`
      assert.strictEqual(yield* removeUntouchedThreads(month, 100), 100)
      const held = yield* Deferred.make<void>()
      const release = yield* Deferred.make<void>()
      const user = yield* Effect.forkChild(sql.withTransaction(
        sql`select id from langgraph_server.threads order by updated_at limit 1 for update`.pipe(
          Effect.andThen(Deferred.succeed(held, undefined)),
          Effect.andThen(Deferred.await(release))
        )
      ))
      yield* Deferred.await(held)
      assert.strictEqual(yield* removeUntouchedThreads(month, 200).pipe(Effect.timeout("30 seconds")), 149)
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(user)
      assert.strictEqual(yield* removeUntouchedThreads(month, 200), 1)
      const indexes = yield* sql`select from pg_indexes where indexname = 'threads_updated'`
      assert.lengthOf(indexes, 1)
    })))

  it.live("ends the threads whose own time is over, each as it says, and no other", () =>
    inHouse(Effect.gen(function*() {
      const { endDueThreads } = yield* Housekeeping
      const sql = yield* PgClient.PgClient
      const give = (id: string, minutes: number, strategy: "delete" | "keep_latest") =>
        sql`update langgraph_server.threads set ttl_minutes = ${minutes}, ttl_strategy = ${strategy} where id = ${id}`
      const day = 24 * 60
      const over = yield* threadWith({ days: 2 })
      const kept = yield* threadWith({ days: 2 })
      const running = yield* threadWith({ days: 2, run: "running" })
      const young = yield* threadWith({ days: 2 })
      const withoutEnd = yield* threadWith({ days: 2 })
      yield* give(over, day, "delete")
      yield* give(kept, 0.5, "keep_latest")
      yield* give(running, day, "delete")
      yield* give(young, 3 * day, "delete")
      assert.strictEqual(yield* endDueThreads(100), 2)
      assert.isTrue(Object.values(yield* rowsOf(over)).every((rows) => rows === 0))
      for (const id of [kept, running, young, withoutEnd]) assert.strictEqual((yield* rowsOf(id))["threads"], 1)
      // What is pruned stays as it is until somebody does something with it.
      assert.strictEqual(yield* endDueThreads(100), 0)
      yield* sql`update langgraph_server.threads set updated_at = now() where id = ${kept}`
      assert.strictEqual(yield* endDueThreads(100), 0)
      yield* sql`
        update langgraph_server.threads
        set updated_at = now() - interval '1 hour', pruned_at = now() - interval '2 hours'
        where id = ${kept}`
      assert.strictEqual(yield* endDueThreads(100), 1)
    })))

  it.live("sweeps items of the store whose time is over, and waits for nobody who writes one", () =>
    inHouse(Effect.gen(function*() {
      const { removeExpiredItems } = yield* Housekeeping
      const sql = yield* PgClient.PgClient
      yield* sql`
        insert into langgraph_server.store (user_id, namespace, key, value, ttl_minutes, expires_at)
        select
          'owner', array['ns'], 'k' || n, '{}', 1,
          case when n < 10 then now() - make_interval(mins => n) when n < 15 then now() + interval '1 hour' end
        from generate_series(0, 19) as n`
      const left = Effect.map(sql`select key from langgraph_server.store`, (rows) => rows.length)
      const written = yield* Deferred.make<void>()
      const writer = yield* sql`select from langgraph_server.store where key = 'k9' for update`.pipe(
        Effect.andThen(Deferred.succeed(written, undefined)),
        Effect.andThen(Effect.never),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(written)
      assert.deepStrictEqual([yield* removeExpiredItems(4), yield* removeExpiredItems(100)], [4, 5])
      assert.strictEqual(yield* left, 11)
      yield* Fiber.interrupt(writer)
      yield* round(nothing)
      assert.strictEqual(yield* left, 10)
    })))

  it.live("sweeps as often as the operator wants instead, and goes on after a failure", () =>
    inHouse(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const real = yield* Housekeeping
      const put = sql`
        insert into langgraph_server.store (user_id, namespace, key, value, ttl_minutes, expires_at)
        values ('owner', array['ns'], 'k', '{}', 1, now() - interval '1 minute')`
      const left = Effect.map(sql`select key from langgraph_server.store`, (rows) => rows.length)
      const sweepEvery = Option.some(Duration.millis(50))
      yield* put
      yield* round({ ...nothing, sweepEvery })
      assert.strictEqual(yield* left, 1)

      const failures = yield* Ref.make(2)
      const failing = Housekeeping.of({
        ...real,
        removeExpiredItems: (batch) =>
          Effect.flatMap(
            Ref.getAndUpdate(failures, (count) => count - 1),
            (count) => count > 0 ? Effect.fail(new StorageUnavailable()) : real.removeExpiredItems(batch)
          )
      })
      const goes = Effect.repeat(Effect.delay(left, "20 millis"), { until: (count) => count === 0 }).pipe(
        Effect.timeout("20 seconds")
      )
      const storage = Storage.of({
        ready: Effect.succeed(true),
        awaitReady: Effect.void,
        listening: Effect.succeed(true)
      })
      yield* Effect.gen(function*() {
        yield* goes
        yield* put
        yield* goes
      }).pipe(
        Effect.provide(housekeeping({ ...nothing, sweepEvery })),
        Effect.provideService(Housekeeping, failing),
        Effect.provideService(Storage, storage)
      )
      assert.isBelow(yield* Ref.get(failures), 0)
    })))

  it.live("does each of its chores though another fails: threads, replicas, logs", () =>
    inHouse(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const old = yield* threadWith({ days: 8 })
      const young = yield* threadWith({ days: 6 })
      yield* sql`
        insert into langgraph_server.replicas (id, renewed_at)
        values ('gone', now() - interval '2 hours'), ('here', now() - interval '10 seconds')`
      const settled = yield* Ref.make(0)
      const settleUpdates = Ref.update(settled, (count) => count + 1)
      yield* round({ ...nothing, forgetOldEvents: Effect.die("broken"), settleUpdates, threadDays: Option.some(7) })
      const rows = yield* sql<{ readonly id: string }>`select id from langgraph_server.replicas`
      assert.deepStrictEqual(rows.map(({ id }) => id), ["here"])
      assert.strictEqual((yield* rowsOf(old))["threads"], 0)
      assert.strictEqual((yield* rowsOf(young))["threads"], 1)
      yield* round({ ...nothing, settleUpdates })
      assert.strictEqual(yield* Ref.get(settled), 2)
      assert.strictEqual((yield* rowsOf(young))["threads"], 1)
    })))
})
