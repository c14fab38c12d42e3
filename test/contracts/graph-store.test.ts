import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Annotation, END, MemorySaver, START, StateGraph } from "@langchain/langgraph"
import { type BaseStore, InMemoryStore } from "@langchain/langgraph-checkpoint"
import { Effect, Layer } from "effect"
import fc from "fast-check"
import { GraphStores } from "../../src/adapters/langgraph/GraphStores.ts"
import { RunId } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { noAgents } from "../../src/ports/AgentCalls.ts"
import type { GraphRun } from "../../src/ports/AgentGraphs.ts"
import { Memberships } from "../../src/ports/Memberships.ts"
import { unwatched } from "../../src/ports/RunSteps.ts"
import { plainRequest } from "../support/PlainRuns.ts"
import { asking, organizations, put, valueAt, withStore } from "./store-world.ts"

const member = asking("member", { nord: "member" })
const runId = RunId.make("01900000-0000-7000-8000-000000000001")
const threadId = ThreadId.make("00000000-0000-4000-a000-000000000001")

/** As `createRun` pins it, with what a caller may have tried to slip in. */
const graphRun = (pinned: Record<string, string>, claimed: Record<string, string> = {}): GraphRun => ({
  graphId: "own",
  runId,
  threadId,
  attempt: 1,
  request: plainRequest,
  configuration: {
    configurable: { ...claimed, ...pinned },
    origins: {
      ...Object.fromEntries(Object.keys(claimed).map((key) => [key, "request" as const])),
      ...Object.fromEntries(Object.keys(pinned).map((key) => [key, "server" as const]))
    },
    dropped: [],
    recursion_limit: 25,
    tags: [],
    metadata: {},
    context: {}
  },
  trusted: false,
  token: null,
  steps: unwatched,
  agents: noAgents
})

const memberships = Layer.succeed(Memberships, {
  principal: (userId) => Effect.succeed({ ...member.principal, userId })
})

const storeOf = (run: GraphRun) => Effect.flatMap(GraphStores, ({ forRun }) => forRun(run))

const withStores = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  withStore(Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql`insert into langgraph_server.threads (id, owner_id, metadata) values (${threadId}, 'member', '{}')`
    yield* sql`
      insert into langgraph_server.runs (
        id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, status, attempt, metadata, request,
        configuration, multitask_strategy
      )
      values (${runId}, ${threadId}, 'a', 'own', 1, 'member', 'member', 'running', 1, '{}', '{}', '{}', 'enqueue')`
    return yield* work.pipe(Effect.provide(Layer.provide(GraphStores.layer, memberships)))
  }))

const ofNord = graphRun({ user_id: "member", supabase_organization_id: organizations.nord, assistant_id: "assistant" })

const label = fc.constantFrom("a", "b", "c", "*")
const namespace = fc.array(label, { minLength: 1, maxLength: 3 })
const prefix = fc.array(label, { maxLength: 3 })
const key = fc.constantFrom("x", "y", "z")
const number = fc.integer({ min: 0, max: 3 })
const filter = fc.oneof(
  fc.constant(undefined),
  number.map((n) => ({ n })),
  fc.tuple(fc.constantFrom("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), number).map(([is, n]) => ({ n: { [is]: n } })),
  fc.array(number, { maxLength: 3 }).map((some) => ({ n: { $in: some } })),
  fc.record({ n: number, text: fc.constantFrom("t0", "t1") })
)
const page = { limit: fc.constantFrom(1, 3, 10), offset: fc.constantFrom(0, 0, 2) }

type Step = (store: BaseStore) => Promise<unknown>

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(namespace, key, number).map(([path, key, n]): Step => (store) =>
      store.put(path, key, { n, text: `t${n}` })
    )
  },
  { weight: 1, arbitrary: fc.tuple(namespace, key).map(([path, key]): Step => (store) => store.delete(path, key)) },
  fc.tuple(namespace, key).map(([path, key]): Step => async (store) => (await store.get(path, key))?.value ?? null),
  fc.tuple(prefix, filter, page.limit, page.offset).map(([path, filter, limit, offset]): Step => async (store) => {
    // In which order LangGraph's finds them, and so what is on which page, depends on how it keeps them.
    const found = await store.search(path, { ...(filter === undefined ? {} : { filter }), limit: 1000 })
    const paged = await store.search(path, { ...(filter === undefined ? {} : { filter }), limit, offset })
    return [found.map(({ key, namespace, value }) => JSON.stringify([namespace, key, value])).sort(), paged.length]
  }),
  // LangGraph's also lists namespaces that have been emptied.
  fc.tuple(prefix, prefix).map(([prefix, suffix]): Step => async (store) => {
    const all = await store.search([], { limit: 1000 })
    const found = (await store.listNamespaces({ prefix, suffix })).map(String)
    return found.filter((name) => all.some(({ namespace }) => String(namespace) === name)).sort()
  })
)

describe("a graph's store", () => {
  it.live("answers as LangGraph's own does, whatever a graph does with it", () =>
    withStores(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const store = yield* storeOf(ofNord)
      const clear = yield* Effect.context()
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
            await Effect.runPromiseWith(clear)(sql`truncate langgraph_server.store cascade`)
            const model = new InMemoryStore()
            for (const take of steps) assert.deepStrictEqual(await take(store), await take(model))
          }),
          { numRuns: 40 }
        )
      )
    })), 60_000)

  it.live("is what a node of a graph reads and writes, and its person sees", () =>
    withStores(Effect.gen(function*() {
      yield* put(member, ["notes"], "before", { text: "by the person" })
      const store = yield* storeOf(ofNord)
      const state = Annotation.Root({ known: Annotation<ReadonlyArray<string>> })
      const graph = new StateGraph(state)
        .addNode("note", async (_, { store }) => {
          await store?.put(["notes"], "during", { text: "by the graph", at: new Date(0), nothing: undefined })
          const found = (await store?.search(["notes"])) ?? []
          return { known: found.map(({ value }) => String(value["text"])) }
        })
        .addEdge(START, "note")
        .addEdge("note", END)
        .compile({ store, checkpointer: new MemorySaver() })
      const { known } = yield* Effect.promise(() => graph.invoke({ known: [] }, { configurable: { thread_id: "t" } }))
      assert.deepStrictEqual(known, ["by the person", "by the graph"])
      assert.deepStrictEqual(yield* valueAt(member, ["notes"], "during"), {
        text: "by the graph",
        at: "1970-01-01T00:00:00.000Z"
      })
    })))

  it.live("is the one of whom the server says it is, not of whom the configuration claims", () =>
    withStores(Effect.gen(function*() {
      yield* put(member, ["notes"], "k", { mine: true })
      const claims = { user_id: "member", supabase_organization_id: organizations.nord }
      const pinned = yield* storeOf(graphRun({ user_id: "stranger" }, claims))
      assert.isNull(yield* Effect.promise(() => pinned.get(["notes"], "k")))
      const foreign = graphRun({ user_id: "member" }, { supabase_organization_id: organizations.sued })
      const store = yield* storeOf(foreign)
      yield* Effect.promise(() => store.put(["notes"], "marked", {}))
      const sql = yield* PgClient.PgClient
      const rows = yield* sql`select organization_id from langgraph_server.store where key = 'marked'`
      assert.deepStrictEqual(rows.map(({ organization_id }) => organization_id), [null])
    })))

  it.live("tells a graph what it may not do, and a worker that it has been overtaken", () =>
    withStores(Effect.gen(function*() {
      const store = yield* storeOf(ofNord)
      const failed = (work: Promise<unknown>) =>
        Effect.promise(() => work.then(() => "nothing", (error: unknown) => error instanceof Error ? error.name : "?"))
      assert.strictEqual(yield* failed(store.put(["shared", "rules"], "k", {})), "StoreReadOnly")
      assert.strictEqual(yield* failed(store.search([], { query: "laws" })), "InvalidStoreItem")
      assert.strictEqual(yield* failed(store.put(["a"], "k\0", {})), "InvalidStoreItem")
      const sql = yield* PgClient.PgClient
      yield* sql`update langgraph_server.runs set attempt = 2`
      assert.strictEqual(yield* failed(store.put(["a"], "k", {})), "RunOvertaken")
      assert.strictEqual(yield* failed(store.delete(["a"], "k")), "RunOvertaken")
    })))
})
