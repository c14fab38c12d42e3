import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule } from "effect"
import { AssistantId } from "../../src/domain/Assistant.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { RunId } from "../../src/domain/Run.ts"
import { maxLabels } from "../../src/domain/StoreItem.ts"
import { Store } from "../../src/ports/Store.ts"
import {
  asking,
  find,
  keysOf,
  listed,
  organizations,
  put,
  putOf,
  remove,
  running,
  valueAt,
  withStore
} from "./store-world.ts"

const { nord, sued } = organizations
const member = asking("member", { nord: "member" })
const colleague = asking("colleague", { nord: "member" })
const admin = asking("admin", { nord: "admin" })
const stranger = asking("stranger", { sued: "owner" })
const both = asking("both", { nord: "admin", sued: "admin" })
const nobody = asking("nobody")

const failureOf = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.flip(work)

describe("Store", () => {
  it.live("gives back what was put, and the newest of it", () =>
    withStore(Effect.gen(function*() {
      const value = { text: "§ 1", list: [[1], [2]], nested: { n: null }, nul: "a\0b" }
      yield* put(member, ["notes", "today"], "k", value)
      const [first] = yield* find(member, [])
      assert.deepInclude(first, {
        namespace: ["notes", "today"],
        key: "k",
        value: { ...value, nul: "ab" },
        score: null
      })
      yield* put(member, ["notes", "today"], "k", { text: "§ 2" })
      const [second] = yield* find(member, [])
      assert.deepStrictEqual(second?.value, { text: "§ 2" })
      assert.deepStrictEqual(second?.created_at, first?.created_at)
      assert.isTrue((second?.updated_at ?? 0) > (first?.updated_at ?? 0))
      assert.isUndefined(yield* valueAt(member, ["notes"], "k"))
      yield* remove(member, ["notes", "today"], "k")
      yield* remove(member, ["notes", "today"], "k")
      assert.isUndefined(yield* valueAt(member, ["notes", "today"], "k"))
      assert.deepStrictEqual(yield* listed(member), [])
    })))

  it.live("keeps a person's own from everybody else, the admins of their organisation among them", () =>
    withStore(Effect.gen(function*() {
      yield* put(member, ["notes"], "k", { mine: true })
      for (const other of [colleague, admin, stranger, both, nobody]) {
        assert.isUndefined(yield* valueAt(other, ["notes"], "k"))
        assert.deepStrictEqual(yield* find(other, []), [])
        assert.deepStrictEqual(yield* listed(other), [])
        yield* remove(other, ["notes"], "k")
        yield* put(other, ["notes"], "k", { theirs: true })
      }
      assert.deepStrictEqual(yield* valueAt(member, ["notes"], "k"), { mine: true })
    })))

  it.live("shares with an organisation what its admins write", () =>
    withStore(Effect.gen(function*() {
      yield* put(admin, ["shared", "rules"], "tone", { formal: true })
      assert.deepStrictEqual(yield* valueAt(member, ["shared", "rules"], "tone"), { formal: true })
      assert.deepStrictEqual(yield* valueAt(member, ["shared", nord, "rules"], "tone"), { formal: true })
      assert.deepStrictEqual(yield* listed(member), [["shared", "rules"]])
      for (const refused of [member, running(member, nord), nobody]) {
        const failure = yield* failureOf(put(refused, ["shared", "rules"], "tone", {}))
        assert.strictEqual(failure._tag, "StoreReadOnly")
        assert.strictEqual((yield* failureOf(remove(refused, ["shared", "rules"], "tone")))._tag, "StoreReadOnly")
      }
      for (const blind of [stranger, nobody, running(both, sued)]) {
        assert.isUndefined(yield* valueAt(blind, ["shared", "rules"], "tone"))
        assert.isUndefined(yield* valueAt(blind, ["shared", nord, "rules"], "tone"))
        assert.deepStrictEqual(yield* find(blind, ["shared"]), [])
      }
      yield* put(running(admin, nord), ["shared", "rules"], "tone", { formal: false })
      assert.deepStrictEqual(yield* valueAt(member, ["shared", "rules"], "tone"), { formal: false })
    })))

  it.live("has a person of several organisations say with which of them", () =>
    withStore(Effect.gen(function*() {
      yield* put(both, ["shared", nord, "rules"], "k", { of: "nord" })
      yield* put(both, ["shared", sued, "rules"], "k", { of: "sued" })
      const names = [["shared", nord, "rules"], ["shared", sued, "rules"]]
      assert.deepStrictEqual(yield* listed(both), names)
      assert.deepStrictEqual((yield* find(both, ["shared"])).map(({ namespace }) => [...namespace]), names)
      assert.deepStrictEqual(yield* valueAt(member, ["shared", "rules"], "k"), { of: "nord" })
      assert.deepStrictEqual(yield* valueAt(running(both, sued), ["shared", "rules"], "k"), { of: "sued" })
      for (
        const unclear of [
          put(both, ["shared", "rules"], "k", {}),
          remove(both, ["shared", "rules"], "k"),
          valueAt(both, ["shared", "rules"], "k"),
          find(both, ["shared", "rules"])
        ]
      ) {
        const failure = yield* failureOf(Effect.asVoid(unclear))
        assert.strictEqual(failure._tag, "InvalidStoreItem")
        assert.include(failure.message, "organisation")
      }
    })))

  it.live("is one for a graph and its person: what either puts, both have", () =>
    withStore(Effect.gen(function*() {
      const run = running(member, nord)
      yield* put(run, ["memories"], "by the graph", { n: 1 })
      yield* put(member, ["memories"], "by the person", { n: 2 })
      for (const either of [run, member]) {
        assert.deepStrictEqual(yield* keysOf(either, ["memories"]), ["by the graph", "by the person"])
      }
      yield* put(member, ["memories"], "by the graph", { n: 3 })
      assert.deepStrictEqual(yield* valueAt(run, ["memories"], "by the graph"), { n: 3 })
      yield* put(run, ["memories"], "by the person", { n: 4 })
      assert.deepStrictEqual(yield* valueAt(member, ["memories"], "by the person"), { n: 4 })
      assert.lengthOf(yield* find(member, []), 2)
      yield* remove(member, ["memories"], "by the person")
      assert.isUndefined(yield* valueAt(run, ["memories"], "by the person"))
    })))

  it.live("keeps what one organisation's agent noted of a person from another organisation's", () =>
    withStore(Effect.gen(function*() {
      yield* put(running(both, nord), ["memories"], "client", { of: "nord" })
      assert.isUndefined(yield* valueAt(running(both, sued), ["memories"], "client"))
      yield* put(running(both, sued), ["memories"], "client", { of: "sued" })
      assert.deepStrictEqual(yield* valueAt(running(both, nord), ["memories"], "client"), { of: "nord" })
      // Themselves they have both, the newer first in line; and changing it does not hand it on.
      assert.deepStrictEqual(yield* valueAt(both, ["memories"], "client"), { of: "sued" })
      assert.lengthOf(yield* find(both, ["memories"]), 1)
      yield* put(both, ["memories"], "client", { of: "sued, changed" })
      assert.deepStrictEqual(yield* valueAt(running(both, nord), ["memories"], "client"), { of: "nord" })
      assert.deepStrictEqual(yield* valueAt(running(both, sued), ["memories"], "client"), { of: "sued, changed" })
      // Whoever leaves an organisation leaves that behind.
      const left = asking("both", { sued: "admin" })
      assert.lengthOf(yield* find(left, []), 1)
      yield* remove(both, ["memories"], "client")
      assert.deepStrictEqual(yield* find(both, []), [])
    })))

  it.live("finds by prefix and filter, a page at a time and in a stable order", () =>
    withStore(Effect.gen(function*() {
      const store = yield* Store
      const items = Array.from(
        { length: 25 },
        (_, n) =>
          putOf(["docs", n % 2 === 0 ? "even" : "odd"], `k${n}`, {
            n,
            tags: [n % 3],
            meta: { lang: n % 5 === 0 ? "de" : "en" }
          })
      )
      for (const item of items) yield* store.write([item], member)
      yield* put(member, ["docsother"], "other", { n: 1 })
      yield* put(member, ["docs"], "text", { n: "7", meta: null })

      assert.lengthOf(yield* find(member, ["docs"]), 26)
      assert.lengthOf(yield* find(member, ["docs", "even"]), 13)
      assert.deepStrictEqual(yield* find(member, ["docs", "even", "k0"]), [])
      const found = (filter: JsonObject) => Effect.map(keysOf(member, ["docs"], { filter }), (keys) => keys.length)
      for (
        const [filter, count] of [
          [{ n: 3 }, 1],
          [{ n: { $gt: 20 } }, 4],
          [{ n: { $gte: 20, $lt: 22 } }, 2],
          [{ n: { $lte: 0 } }, 1],
          [{ n: { $ne: 3 } }, 25],
          [{ n: { $eq: "7" } }, 1],
          [{ n: { $in: [1, 2, 99] } }, 2],
          [{ n: { $nin: [1, 2, 99] } }, 24],
          [{ meta: { lang: "de" } }, 5],
          [{ meta: { lang: { $ne: "en" } } }, 6],
          [{ meta: null }, 1],
          [{ tags: [1] }, 8],
          [{ n: { $gt: "6" } }, 1],
          [{ "n') or true --": 1 }, 0],
          [{}, 26]
        ] as const
      ) assert.strictEqual(yield* found(filter), count, JSON.stringify(filter))

      const pages = yield* Effect.forEach([0, 10, 20, 30], (offset) => keysOf(member, ["docs"], { limit: 10, offset }))
      assert.deepStrictEqual(pages.flat(), [...items.map(({ key }) => key), "text"])
      const unknown = yield* failureOf(find(member, [], { filter: { n: { $regex: "1" } } }))
      assert.strictEqual(unknown._tag, "InvalidStoreItem")
    })))

  it.live("lists namespaces by prefix, suffix and depth; a star is any one label", () =>
    withStore(Effect.gen(function*() {
      for (const path of ["a/b/c", "a/b/d", "a/x/c", "b/b/c", "a", "*/b/c"]) {
        yield* put(member, path.split("/"), "k", {})
      }
      const paths = (query: Parameters<typeof listed>[1]) =>
        Effect.map(listed(member, query), (found) => found.map((labels) => labels.join("/")))
      assert.deepStrictEqual(yield* paths({}), ["*/b/c", "a", "a/b/c", "a/b/d", "a/x/c", "b/b/c"])
      assert.deepStrictEqual(yield* paths({ prefix: ["a"] }), ["a", "a/b/c", "a/b/d", "a/x/c"])
      assert.deepStrictEqual(yield* paths({ prefix: ["a", "*", "c"] }), ["a/b/c", "a/x/c"])
      assert.deepStrictEqual(yield* paths({ suffix: ["b", "c"] }), ["*/b/c", "a/b/c", "b/b/c"])
      assert.deepStrictEqual(yield* paths({ suffix: ["b", "*"], prefix: ["a"] }), ["a/b/c", "a/b/d"])
      assert.deepStrictEqual(yield* paths({ maxDepth: 1 }), ["*", "a", "b"])
      assert.deepStrictEqual(yield* paths({ maxDepth: 2, prefix: ["a"] }), ["a", "a/b", "a/x"])
      assert.deepStrictEqual(yield* paths({ limit: 2, offset: 1 }), ["a", "a/b/c"])
      assert.deepStrictEqual(yield* paths({ prefix: ["a", "b", "c", "d"] }), [])
    })))

  it.live("lets go of what has had its time, unless it is asked for", () =>
    withStore(
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const later = (minutes: number) =>
          sql`update langgraph_server.store set expires_at = expires_at - make_interval(mins => ${minutes}::int)`
        yield* put(member, ["t"], "default", { n: 1 })
        yield* put(member, ["t"], "longer", { n: 2 }, { ttl: 60 })
        yield* put(member, ["t"], "for ever", { n: 3 }, { ttl: null })
        yield* later(9)
        assert.lengthOf(yield* find(member, ["t"], { refresh: false }), 3)
        yield* later(2)
        assert.deepStrictEqual(yield* keysOf(member, ["t"]), ["longer", "for ever"])
        assert.isUndefined(yield* valueAt(member, ["t"], "default"))
        // The search has given it its hour anew; a look that is told not to, does not.
        yield* later(59)
        const store = yield* Store
        yield* store.get({ namespace: ["t"], key: "longer" }, false, member)
        yield* later(2)
        assert.deepStrictEqual(yield* keysOf(member, ["t"]), ["for ever"])
        assert.deepStrictEqual(yield* listed(member), [["t"]])
        // Put again, it is new.
        yield* put(member, ["t"], "default", { n: 4 })
        assert.deepStrictEqual(yield* keysOf(member, ["t"]), ["for ever", "default"])
      }),
      { ttl: { default_ttl: 10, refresh_on_read: true } }
    ))

  it.live("refuses what can't be kept, and keeps nothing of what came with it", () =>
    withStore(Effect.gen(function*() {
      const store = yield* Store
      const good = putOf(["a"], "good", {})
      for (
        const wrong of [
          putOf([], "k", {}),
          putOf(["a.b"], "k", {}),
          putOf(["a", ""], "k", {}),
          putOf(Array(maxLabels + 1).fill("a"), "k", {}),
          putOf(["a"], "", {}),
          putOf(["a"], "k\0", {}),
          putOf(["a"], "k".repeat(513), {}),
          putOf(["a"], "k", { text: "x".repeat(1_048_577) }),
          putOf(["shared", nord, nord], "k", {})
        ]
      ) {
        const failure = yield* failureOf(store.write([good, wrong], admin))
        assert.strictEqual(failure._tag, "InvalidStoreItem")
      }
      assert.strictEqual(
        (yield* failureOf(store.write([good, putOf(["shared"], "k", {})], member)))._tag,
        "StoreReadOnly"
      )
      assert.deepStrictEqual(yield* find(member, []), [])
      assert.deepStrictEqual(yield* find(admin, []), [])
      // The largest of each fit into the index together.
      const long = Array.from({ length: maxLabels }, (_, at) => `${at % 10}`.repeat(32))
      yield* put(member, long, "k".repeat(512), { text: "x".repeat(1_000_000) })
      assert.lengthOf(yield* find(member, long), 1)
    })))

  it.live("takes many writes to one item at once, and keeps one of them", () =>
    withStore(Effect.gen(function*() {
      const numbers = Array.from({ length: 20 }, (_, n) => n)
      yield* Effect.forEach(numbers, (n) => put(n % 2 === 0 ? member : running(member, nord), ["a"], "k", { n }), {
        concurrency: "unbounded"
      })
      assert.lengthOf(yield* find(member, []), 1)
      const store = yield* Store
      const batches = [["x", "y", "z"], ["z", "y", "x"]].map((keys) => keys.map((key) => putOf(["b"], key, {})))
      yield* Effect.forEach([...batches, ...batches, ...batches], (batch) => store.write(batch, member), {
        concurrency: "unbounded"
      })
      assert.lengthOf(yield* find(member, ["b"]), 3)
    })))

  it.live("says what query needs where it has no embedding model", () =>
    withStore(Effect.gen(function*() {
      const failure = yield* failureOf(find(member, [], { query: "laws" }))
      assert.strictEqual(failure._tag, "InvalidStoreItem")
      assert.include(failure.message, "store.index")
    })))
})

describe("a run's writes to the store", () => {
  const run = RunId.make("01900000-0000-7000-8000-000000000001")
  const writer = (attempt: number) => ({ claim: { run_id: run, attempt }, assistant: AssistantId.make("assistant") })

  const runningRun = Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const thread = "00000000-0000-4000-a000-000000000001"
    yield* sql`insert into langgraph_server.threads (id, owner_id, metadata) values (${thread}, 'member', '{}')`
    yield* sql`
      insert into langgraph_server.runs (
        id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, status, attempt, metadata, request,
        configuration, multitask_strategy
      )
      values (${run}, ${thread}, 'assistant', 'agent', 1, 'member', 'member', 'running', 1, '{}', '{}', '{}', 'enqueue')`
  })

  it.live("are void once another worker has taken it over", () =>
    withStore(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { writeInRun } = yield* Store
      yield* runningRun
      yield* writeInRun([putOf(["a"], "k", { by: 1 })], member, writer(1))
      const [row] = yield* sql`select user_id, organization_id, assistant_id from langgraph_server.store`
      assert.deepStrictEqual({ ...row }, { user_id: "member", organization_id: null, assistant_id: "assistant" })
      yield* sql`update langgraph_server.runs set attempt = 2`
      const overtaken = yield* failureOf(writeInRun([putOf(["a"], "k", { by: 1, late: true })], member, writer(1)))
      assert.strictEqual(overtaken._tag, "RunOvertaken")
      assert.deepStrictEqual(yield* valueAt(member, ["a"], "k"), { by: 1 })
      yield* writeInRun([putOf(["a"], "k", { by: 2 })], member, writer(2))
      yield* sql`update langgraph_server.runs set status = 'success'`
      const ended = yield* failureOf(writeInRun([{ _tag: "Delete", namespace: ["a"], key: "k" }], member, writer(2)))
      assert.strictEqual(ended._tag, "RunOvertaken")
      assert.deepStrictEqual(yield* valueAt(member, ["a"], "k"), { by: 2 })
    })))

  it.live("are there before the next claim or never", () =>
    withStore(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { writeInRun } = yield* Store
      yield* runningRun
      const taken = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const takeover = yield* sql`update langgraph_server.runs set attempt = 2`.pipe(
        Effect.andThen(Deferred.succeed(taken, undefined)),
        Effect.andThen(Deferred.await(go)),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(taken)
      const late = yield* Effect.forkChild(failureOf(writeInRun([putOf(["a"], "k", {})], member, writer(1))))
      yield* sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.pipe(
        Effect.repeat({ until: (waiting) => waiting.length > 0, schedule: Schedule.spaced("20 millis") })
      )
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(takeover)
      assert.strictEqual((yield* Fiber.join(late))._tag, "RunOvertaken")
      assert.isUndefined(yield* valueAt(member, ["a"], "k"))
    })))
})
