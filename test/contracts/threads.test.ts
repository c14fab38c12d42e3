import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint"
import { Effect, Option, Redacted } from "effect"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { checkpointer, person } from "../support/PostgresPorts.ts"
import { plantRows, rowsOf } from "./run-rows.ts"
import { cancel, claim, create, ends, inLine, newRun, runId, settle, stops, withRuns } from "./run-world.ts"

const nord = person(people.member, organizations.kanzleiNord)
/** Of the same organisation: a thread is its owner's alone all the same. */
const colleague = person(people.admin, organizations.kanzleiNord)
const sued = person(people.otherOrganisation, organizations.immobilienSued)

const id = (last: number) => ThreadId.make(`00000000-0000-4000-a000-${String(last).padStart(12, "0")}`)
const everything = { limit: 100, offset: 0, sort_by: "created_at", sort_order: "asc" } as const

/** A conversation as the checkpointer keeps it. */
const converse = Effect.fnUntraced(function*(thread: ThreadId) {
  const saver = yield* ownCheckpointer
  const values = { messages: ["Guten Tag", { content: "§ 1" }] }
  const checkpoint = { ...emptyCheckpoint(), channel_values: values, channel_versions: { messages: 1 } }
  const config = { configurable: { thread_id: thread, checkpoint_ns: "" } }
  yield* Effect.promise(async () => {
    const metadata = { source: "loop" as const, step: 0, parents: {}, thread_id: thread }
    const kept = await saver.put(config, checkpoint, metadata, { messages: 1 })
    await saver.putWrites(kept, [["messages", "written"]], "task")
  })
  return values
})

const ownCheckpointer = Effect.gen(function*() {
  const { config } = yield* PgClient.PgClient
  return yield* checkpointer(config.url ?? Redacted.make(""))
})

const latest = Effect.fnUntraced(function*(thread: ThreadId) {
  const saver = yield* ownCheckpointer
  return yield* Effect.promise(() => saver.getTuple({ configurable: { thread_id: thread } }))
})

const checkpointRows = Effect.fnUntraced(function*(thread: ThreadId) {
  const rows = yield* rowsOf([thread])
  return Object.entries(rows).reduce((sum, [table, count]) => table.includes(".checkpoint") ? sum + count : sum, 0)
})

describe("Threads", () => {
  it.live("are their owner's alone", () =>
    withRuns(Effect.gen(function*() {
      const threads = yield* Threads
      const created = yield* threads.create(id(1), { topic: "§", list: [[1]] }, nord)
      assert.deepInclude(created, {
        thread_id: id(1),
        owner: nord.userId,
        metadata: { topic: "§", list: [[1]] },
        status: "idle",
        interrupts: {},
        graph_id: null
      })
      assert.deepStrictEqual(yield* threads.find(id(1), nord), Option.some(created))
      for (const other of [colleague, sued]) {
        assert.strictEqual((yield* Effect.flip(threads.create(id(1), {}, other)))._tag, "ThreadExists")
        assert.isTrue(Option.isNone(yield* threads.find(id(1), other)))
        assert.isTrue(Option.isNone(yield* threads.patch(id(1), { mine: true }, other)))
        assert.isTrue(Option.isNone(yield* threads.copy(id(1), id(2), other)))
        assert.isFalse(yield* threads.delete(id(1), other))
        assert.deepStrictEqual(yield* threads.search({ ...everything, ids: [id(1)] }, other), { items: [], total: 0 })
        assert.strictEqual(yield* threads.count({}, other), 0)
      }
      assert.deepStrictEqual(yield* threads.find(id(1), nord), Option.some(created))
    })))

  it.live("merge their metadata key by key", () =>
    withRuns(Effect.gen(function*() {
      const threads = yield* Threads
      yield* threads.create(id(1), { a: 1, b: { c: 1 } }, nord)
      const patched = Option.getOrThrow(yield* threads.patch(id(1), { b: { d: 2 }, e: null, nul: "a\0" }, nord))
      assert.deepStrictEqual(patched.metadata, { a: 1, b: { d: 2 }, e: null, nul: "a" })
    })))

  it.live("are found by what was asked, a page at a time", () =>
    withRuns(Effect.gen(function*() {
      const threads = yield* Threads
      const sql = yield* PgClient.PgClient
      const ids = Array.from({ length: 25 }, (_, index) => id(index))
      yield* Effect.forEach(ids, (thread, index) => threads.create(thread, { even: index % 2 === 0 }, nord))
      yield* threads.create(id(99), { even: true }, sued)
      yield* sql`update langgraph_server.threads set status = 'error', updated_at = created_at where id = ${id(7)}`

      const page = (offset: number) =>
        threads.search({ limit: 10, offset, sort_by: "status", sort_order: "desc" }, nord)
      const pages = yield* Effect.forEach([0, 10, 20, 30], page)
      const found = pages.flatMap(({ items }) => items.map(({ thread_id }) => thread_id))
      assert.deepStrictEqual(found, ids.filter((thread) => thread !== id(7)).concat(id(7)))
      assert.deepStrictEqual(pages.map(({ total }) => total), [25, 25, 25, 25])

      assert.strictEqual(yield* threads.count({ metadata: { even: true } }, nord), 13)
      assert.strictEqual(yield* threads.count({ status: "error" }, nord), 1)
      assert.strictEqual(yield* threads.count({ ids: [id(1), id(99)] }, nord), 1)
      assert.strictEqual(yield* threads.count({ ids: [] }, nord), 0)
    })))

  it.live("leave nothing behind, and nothing of others is touched", () =>
    withRuns(Effect.gen(function*() {
      const threads = yield* Threads
      for (const [thread, owner] of [[id(1), nord], [id(2), sued]] as const) {
        yield* threads.create(thread, {}, owner)
        yield* converse(thread)
      }
      assert.strictEqual(yield* checkpointRows(id(1)), 3)
      assert.isTrue(yield* threads.delete(id(1), nord))
      assert.strictEqual(yield* checkpointRows(id(1)), 0)
      assert.isTrue(Option.isNone(yield* threads.find(id(1), nord)))
      assert.strictEqual(yield* checkpointRows(id(2)), 3)
    })))

  it.live("go with their runs: nothing of them is in any table or in line, and what runs there is stopped", () =>
    withRuns(Effect.gen(function*() {
      const threads = yield* Threads
      for (const [thread, owner, first] of [[id(1), nord, 1], [id(2), sued, 10]] as const) {
        yield* threads.create(thread, {}, owner)
        for (const last of [first, first + 1, first + 2]) {
          yield* create(newRun(last, "enqueue", { thread_id: thread }), owner)
        }
        yield* create(newRun(first + 3, "enqueue", { thread_id: thread, after_seconds: 60 }), owner)
        yield* claim(first, thread)
        yield* settle(first, 1)
        yield* claim(first + 1, thread)
        const planted = yield* plantRows(thread, runId(first + 1))
        assert.includeMembers(planted, [
          "langgraph_server.checkpoints",
          "langgraph_server.checkpoint_blobs",
          "langgraph_server.checkpoint_writes",
          "langgraph_server.run_events"
        ])
      }
      const mine = [id(1), ...[1, 2, 3, 4].map(runId)]
      const theirs = [id(2), ...[10, 11, 12, 13].map(runId)]
      const before = yield* rowsOf(theirs)
      assert.isTrue(Object.values(yield* rowsOf(mine)).every((rows) => rows > 0))
      assert.isTrue(yield* threads.delete(id(1), nord))
      const left = yield* rowsOf(mine)
      assert.isTrue(Object.values(left).every((rows) => rows === 0), JSON.stringify(left))
      assert.deepStrictEqual(yield* rowsOf(theirs), before)
      assert.sameMembers(yield* inLine, [11, 13])
      assert.deepStrictEqual(yield* stops, ["2 interrupt", "3 interrupt", "4 interrupt"])

      // Its worker does not know it yet.
      assert.isTrue(Option.isNone(yield* settle(2, 1)))
      assert.isTrue(Option.isNone(yield* claim(2, id(1))))
      yield* cancel(2)
      assert.deepStrictEqual(yield* rowsOf(mine), left)
      assert.deepStrictEqual(yield* ends, ["1 Completed", "10 Completed"])
    })))

  it.live("can be copied with their whole history", () =>
    withRuns(Effect.gen(function*() {
      const threads = yield* Threads
      const sql = yield* PgClient.PgClient
      yield* threads.create(id(1), { topic: "§" }, nord)
      const values = yield* converse(id(1))
      yield* sql`update langgraph_server.threads set graph_id = 'agent', status = 'busy' where id = ${id(1)}`

      const copied = Option.getOrThrow(yield* threads.copy(id(1), id(2), nord))
      assert.deepInclude(copied, { thread_id: id(2), metadata: { topic: "§" }, graph_id: "agent", status: "idle" })
      const [original, copy] = [yield* latest(id(1)), yield* latest(id(2))]
      assert.deepStrictEqual(copy?.checkpoint, original?.checkpoint)
      assert.deepStrictEqual(copy?.checkpoint.channel_values, values)
      assert.deepStrictEqual(copy?.pendingWrites, original?.pendingWrites)
      assert.deepStrictEqual(copy?.metadata, Object.assign({}, original?.metadata, { thread_id: id(2) }))

      assert.isTrue(yield* threads.delete(id(1), nord))
      assert.strictEqual(yield* checkpointRows(id(2)), 3)
    })))
})
