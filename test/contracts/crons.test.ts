import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { randomUUID } from "node:crypto"
import { PgAssistants } from "../../src/adapters/postgres/PgAssistants.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type Cron, CronId, cronsPerPerson } from "../../src/domain/Cron.ts"
import { RunId } from "../../src/domain/Run.ts"
import { Assistants } from "../../src/ports/Assistants.ts"
import { CronLedger, Crons, type CronSearch } from "../../src/ports/Crons.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { after, createCron, cronReplica, makeDue, withCrons, written } from "./cron-world.ts"
import { create, newRun, newThread, nord, runDatabase, sued, thread } from "./run-world.ts"

const search: CronSearch = { limit: 10, offset: 0, sort_by: "created_at", sort_order: "asc" }

const look = Effect.flatMap(CronLedger, (ledger) => ledger.look(20))
const find = Effect.fnUntraced(function*({ cron_id }: Cron, principal = nord) {
  return yield* (yield* Crons).find(cron_id, principal)
})

/** A run on a thread of its own, as a tick makes one. */
const fresh = Effect.gen(function*() {
  const threads = yield* Threads
  const thread_id = newThread()
  yield* threads.create(thread_id, {}, nord)
  return yield* create({ ...newRun(1), run_id: RunId.make(randomUUID()), thread_id })
})

const runs = Effect.flatMap(PgClient.PgClient, (sql) =>
  sql<{ run_id: string; thread_id: string }>`
  select id::text as run_id, thread_id::text as thread_id from langgraph_server.runs`)

describe("Crons", () => {
  it.live("keeps what it is given, and shows it to its owner alone", () =>
    withCrons(Effect.gen(function*() {
      const crons = yield* Crons
      const cron = yield* createCron({ end_time: new Date("2100-05-01T00:00:00Z"), last_error: "x", refusals: 3 })
      const { created_at, cron_id, last_run_id, last_tick, owner, updated_at: _, ...rest } = cron
      assert.deepStrictEqual(
        rest,
        written({ end_time: new Date("2100-05-01T00:00:00Z"), last_error: "x", refusals: 3 })
      )
      assert.deepStrictEqual([owner, last_run_id, last_tick], [nord.userId, null, null])
      assert.isBelow(Math.abs(created_at.getTime() - Date.now()), 60_000)
      assert.deepStrictEqual(yield* find(cron), Option.some(cron))

      assert.isTrue(Option.isNone(yield* find(cron, sued)))
      assert.deepStrictEqual(yield* crons.search(search, sued), { items: [], total: 0 })
      assert.strictEqual(yield* crons.count({}, sued), 0)
      assert.isTrue(Option.isNone(yield* crons.update(cron_id, Effect.succeed, sued)))
      assert.isFalse(yield* crons.delete(cron_id, sued))
      assert.deepStrictEqual(yield* find(cron), Option.some(cron))
      assert.isTrue(yield* crons.delete(cron_id, nord))
      assert.isFalse(yield* crons.delete(cron_id, nord))
      assert.isTrue(Option.isNone(yield* find(cron)))
    })))

  it.live("searches, sorts and counts", () =>
    withCrons(Effect.gen(function*() {
      const crons = yield* Crons
      const threads = yield* Threads
      yield* threads.create(thread, {}, nord)
      const on = (hour: number) => new Date(Date.UTC(2100, 0, 1, hour))
      const made = [
        yield* createCron({ assistant_id: AssistantId.make("b"), next_run_date: on(3), metadata: { team: "x" } }),
        yield* createCron({ assistant_id: AssistantId.make("a"), thread_id: thread, next_run_date: on(1) }),
        yield* createCron({ assistant_id: AssistantId.make("c"), enabled: false, next_run_date: null }),
        yield* createCron({ assistant_id: AssistantId.make("a"), next_run_date: on(2) })
      ]
      yield* createCron({ assistant_id: AssistantId.make("a") }, sued)
      const found = Effect.fnUntraced(function*(query: Partial<CronSearch>) {
        const { items, total } = yield* crons.search({ ...search, ...query }, nord)
        assert.strictEqual(yield* crons.count(query, nord), total)
        return items.map(({ cron_id }) => made.findIndex((one) => one.cron_id === cron_id)).join()
      })
      assert.strictEqual(yield* found({}), "0,1,2,3")
      assert.strictEqual(yield* found({ sort_order: "desc" }), "3,2,1,0")
      assert.strictEqual(yield* found({ sort_by: "next_run_date" }), "1,3,0,2")
      assert.match(yield* found({ sort_by: "assistant_id" }), /^(1,3|3,1),0,2$/)
      assert.strictEqual(yield* found({ assistant_id: "a" }), "1,3")
      assert.strictEqual(yield* found({ thread_id: thread }), "1")
      assert.strictEqual(yield* found({ enabled: false }), "2")
      assert.strictEqual(yield* found({ metadata: { team: "x" } }), "0")
      assert.strictEqual(yield* found({ metadata: { list: [["b"]] } }), "1,2,3")
      assert.strictEqual(yield* found({ limit: 2, offset: 1 }), "1,2")
      assert.strictEqual((yield* crons.search({ ...search, limit: 2, offset: 9 }, nord)).total, 4)
    })))

  it.live("is on a thread of its owner's, and goes with it", () =>
    withCrons(Effect.gen(function*() {
      const threads = yield* Threads
      assert.strictEqual((yield* Effect.flip(createCron({ thread_id: thread })))._tag, "ThreadNotFound")
      yield* threads.create(thread, {}, sued)
      assert.strictEqual((yield* Effect.flip(createCron({ thread_id: thread })))._tag, "ThreadNotFound")
      const cron = yield* createCron({ thread_id: thread }, sued)
      const other = yield* createCron({}, sued)
      assert.isTrue(yield* threads.delete(thread, sued))
      assert.isTrue(Option.isNone(yield* find(cron, sued)))
      assert.isTrue(Option.isSome(yield* find(other, sued)))
    })))

  it.live("stops with its assistant, and says so", () =>
    withCrons(
      Effect.gen(function*() {
        const assistants = yield* Assistants
        const content = { graph_id: "agent", name: "x", description: null, config: {}, context: {}, metadata: {} }
        const { assistant_id } = yield* assistants.create(AssistantId.make("mine"), content, nord)
        const cron = yield* createCron({ assistant_id })
        const other = yield* createCron()
        yield* makeDue()
        const { due } = yield* look
        assert.isTrue(yield* assistants.delete(assistant_id, nord))
        const { enabled, last_error, next_run_date } = Option.getOrThrow(yield* find(cron))
        assert.deepStrictEqual([enabled, next_run_date, last_error], [
          false,
          null,
          "Disabled: its assistant was deleted"
        ])
        assert.isTrue(Option.getOrThrow(yield* find(other)).enabled)
        const seen = due.find((one) => one.cron.cron_id === cron.cron_id)
        const ticked = seen === undefined ? assert.fail() : (yield* CronLedger).tick(seen, after(cron), Effect.void)
        assert.isTrue(Option.isNone(yield* ticked), "a tick that was seen before")
      }).pipe(Effect.provide(PgAssistants))
    ))

  it.live("writes what a change makes of it, or nothing", () =>
    withCrons(Effect.gen(function*() {
      const crons = yield* Crons
      const cron = yield* createCron()
      const refused = crons.update(cron.cron_id, () => Effect.fail("no" as const), nord)
      assert.strictEqual(yield* Effect.flip(refused), "no")
      assert.deepStrictEqual(yield* find(cron), Option.some(cron))
      const change = { schedule: "* * * * *", timezone: null, enabled: false, next_run_date: null, metadata: {} }
      const updated = yield* crons.update(cron.cron_id, (present) => Effect.succeed({ ...present, ...change }), nord)
      const { updated_at, ...rest } = Option.getOrThrow(updated)
      assert.deepStrictEqual({ ...rest, updated_at: cron.updated_at }, { ...cron, ...change })
      assert.isAbove(updated_at.getTime(), cron.updated_at.getTime() - 1)
    })))

  it.live("has no more than so many of one person", () =>
    withCrons(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* createCron()
      yield* sql`
        insert into langgraph_server.crons
          (id, owner_id, assistant_id, schedule, enabled, on_run_completed, run, metadata)
        select gen_random_uuid(), c.owner_id, c.assistant_id, c.schedule, false, 'delete', c.run, c.metadata
        from langgraph_server.crons c, generate_series(1, ${cronsPerPerson - 2})`
      yield* createCron()
      assert.strictEqual((yield* Effect.flip(createCron()))._tag, "TooManyCrons")
      yield* createCron({}, sued)
    })))
})

describe("CronLedger", () => {
  it.live("finds what is due, and when to look again", () =>
    withCrons(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      assert.deepStrictEqual(yield* look, { due: [], nextIn: Option.none() })
      const cron = yield* createCron()
      yield* createCron({ enabled: false, next_run_date: null })
      yield* makeDue(3600)
      const late = yield* createCron()
      yield* makeDue(5)
      yield* sql`update langgraph_server.crons set next_run_at = next_run_at - interval '1 day' where id = ${cron.cron_id}`
      yield* createCron({ next_run_date: new Date(Date.now() + 60_000) })
      const { due, nextIn } = yield* look
      assert.deepStrictEqual(due.map((one) => one.cron.cron_id), [cron.cron_id, late.cron_id], "the longest due first")
      const seconds = Duration.toSeconds(Option.getOrThrow(nextIn))
      assert.isTrue(seconds > 50 && seconds <= 60, `in ${seconds} s`)
      assert.strictEqual((yield* (yield* CronLedger).look(1)).due.length, 1)
    })))

  it.live("a tick and its run are there together, or neither is", () =>
    withCrons(Effect.gen(function*() {
      const ledger = yield* CronLedger
      const sql = yield* PgClient.PgClient
      const cron = yield* createCron()
      yield* makeDue()
      const [seen] = (yield* look).due
      if (seen === undefined) return assert.fail("it is due")
      const failing = ledger.tick(seen, after(cron), Effect.andThen(fresh, Effect.fail("no" as const)))
      assert.strictEqual(yield* Effect.flip(failing), "no")
      assert.lengthOf(yield* runs, 0)
      assert.lengthOf(yield* sql`select from langgraph_server.threads`, 0)
      assert.lengthOf((yield* look).due, 1)

      const run = Option.getOrThrow(
        yield* ledger.tick(seen, after(cron, { last_run_id: RunId.make(randomUUID()) }), fresh)
      )
      assert.deepStrictEqual((yield* runs).map(({ run_id }) => run_id), [run.run_id])
      assert.lengthOf((yield* look).due, 0)
      assert.isTrue(Option.isNone(yield* ledger.tick(seen, after(cron), fresh)), "it has been taken")
      assert.lengthOf(yield* runs, 1)
    })))

  it.live("a cron that was changed or deleted since the look does not tick", () =>
    withCrons(Effect.gen(function*() {
      const crons = yield* Crons
      const ledger = yield* CronLedger
      const changed = yield* createCron()
      const gone = yield* createCron()
      yield* makeDue()
      const { due } = yield* look
      yield* crons.update(changed.cron_id, Effect.succeed, nord)
      yield* crons.delete(gone.cron_id, nord)
      const ticked = yield* Effect.forEach(due, (seen) => ledger.tick(seen, after(seen.cron), fresh))
      assert.deepStrictEqual(ticked.map(Option.isNone), [true, true])
      assert.lengthOf(yield* runs, 0)
    })))

  it.live("ticks while its thread is deleted: one of the two comes first, and nobody waits in a circle", () =>
    withCrons(Effect.gen(function*() {
      const ledger = yield* CronLedger
      const threads = yield* Threads
      for (let round = 0; round < 20; round++) {
        const thread_id = newThread()
        yield* threads.create(thread_id, {}, nord)
        const cron = yield* createCron({ thread_id })
        yield* makeDue()
        const [seen] = (yield* look).due
        if (seen === undefined) return assert.fail("it is due")
        const run = create({ ...newRun(1), run_id: RunId.make(randomUUID()), thread_id })
        const [, removed] = yield* Effect.all([
          Effect.catchTag(ledger.tick(seen, after(cron), run), "ThreadNotFound", () => Effect.succeedNone),
          threads.delete(thread_id, nord)
        ], { concurrency: "unbounded" })
        assert.isTrue(removed)
        assert.isTrue(Option.isNone(yield* find(cron)))
      }
      assert.lengthOf(yield* runs, 0)
    })))

  it.live("whoever is at a tick keeps nobody from the others", () =>
    withCrons(Effect.gen(function*() {
      const ledger = yield* CronLedger
      yield* createCron()
      yield* createCron()
      yield* makeDue()
      const [first, second] = (yield* look).due
      if (first === undefined || second === undefined) return assert.fail("both are due")
      const begun = yield* Deferred.make<void>()
      const slow = Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
      const busy = yield* Effect.forkChild(ledger.tick(first, after(first.cron), slow))
      yield* Deferred.await(begun)
      assert.isTrue(Option.isNone(yield* ledger.tick(first, after(first.cron), fresh)), "it is in somebody's hands")
      assert.isTrue(Option.isSome(yield* ledger.tick(second, after(second.cron), fresh)))
      yield* Fiber.interrupt(busy)
      assert.isTrue(Option.isSome(yield* ledger.tick(first, after(first.cron), fresh)), "nobody has it any more")
      assert.lengthOf(yield* runs, 2)
    })))

  it.live("200 ticks and ten replicas that see them all: a run for each, and one only", () =>
    Effect.gen(function*() {
      const url = yield* runDatabase
      const ticker = Effect.gen(function*() {
        const ledger = yield* CronLedger
        for (;;) {
          const { due } = yield* ledger.look(200)
          if (due.length === 0) return
          yield* Effect.forEach(due, (seen) => ledger.tick(seen, after(seen.cron), fresh), { concurrency: 4 })
        }
      })
      yield* Effect.gen(function*() {
        const crons = yield* Effect.forEach(Array.from({ length: 200 }), () => createCron(), { concurrency: 4 })
        yield* makeDue()
        yield* Effect.forEach(
          Array.from({ length: 10 }),
          () => Effect.provide(ticker, Layer.fresh(cronReplica(url)), { local: true }),
          { concurrency: "unbounded" }
        )
        const made = yield* runs
        assert.lengthOf(made, 200)
        assert.lengthOf([...new Set(made.map(({ thread_id }) => thread_id))], 200)
        const sql = yield* PgClient.PgClient
        const [threads] = yield* sql`select count(*)::int as count from langgraph_server.threads`
        assert.deepStrictEqual(threads, { count: 200 }, "whoever came too late has left no thread")
        const revisions = yield* sql<
          { id: string }
        >`select id::text as id from langgraph_server.crons where revision = 1`
        assert.sameMembers(revisions.map(({ id }) => CronId.make(id)), crons.map(({ cron_id }) => cron_id))
      }).pipe(Effect.provide(cronReplica(url), { local: true }))
    }), 240_000)
})
