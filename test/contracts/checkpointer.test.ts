import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { HumanMessage } from "@langchain/core/messages"
import { Annotation, Send, StateGraph } from "@langchain/langgraph"
import { type BaseCheckpointSaver, type CheckpointTuple, emptyCheckpoint, ERROR } from "@langchain/langgraph-checkpoint"
import { Deferred, Effect, Fiber, type Redacted, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { type Ask, asking } from "../../src/adapters/langgraph/CheckpointDatabase.ts"
import { Saver } from "../../src/adapters/langgraph/Saver.ts"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { RunOvertaken } from "../../src/domain/Run.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { gate } from "../support/Gate.ts"
import { checkpointer, checkpointerTables } from "../support/PostgresPorts.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { claimed, migrated } from "./checkpointed-runs.ts"

/** A database of one's own with all tables. */
const onDatabase = <A, E, R>(work: (url: Redacted.Redacted<string>) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(freshDatabase, (url) => Effect.provide(work(url), migrated(url, 8)))

/** Ours, and how many statements it has asked for. */
const counting = Effect.map(asking("15 seconds"), (ask) => {
  const asked = { statements: 0 }
  const counted: Ask = (statement) => {
    asked.statements += 1
    return ask(statement)
  }
  return { saver: new Saver(counted), asked }
})

const messages = Annotation<Array<unknown>>({ reducer: (left, right) => [...left, ...right], default: () => [] })

/** Two steps, the second of two tasks; all kinds of values. */
const conversation = (saver: BaseCheckpointSaver) =>
  new StateGraph(Annotation.Root({ messages }))
    .addNode("fan", () => ({ messages: [new HumanMessage({ content: "Guten Tag \0 §", id: "h1" })] }))
    .addNode("task", (state: object) => ({ messages: [state, new Set([1]), new Uint8Array([0, 255])] }))
    .addEdge("__start__", "fan")
    .addConditionalEdges("fan", () => [new Send("task", { part: 1 }), new Send("task", { part: 2 })])
    .compile({ checkpointer: saver })

const converse = (saver: BaseCheckpointSaver, thread: string) =>
  conversation(saver).invoke({ messages: ["first"] }, {
    configurable: { thread_id: thread },
    // With the id of the run before it would go on with that one.
    metadata: { run_id: randomUUID(), topic: "Miete" }
  })

const history = async (saver: BaseCheckpointSaver, thread: string) => {
  const tuples: Array<CheckpointTuple> = []
  for await (const tuple of saver.list({ configurable: { thread_id: thread } })) tuples.push(tuple)
  return tuples
}

/** Without differences that nobody can see: a missing key and one that is undefined. */
const comparable = (tuples: ReadonlyArray<CheckpointTuple>) =>
  tuples.map(({ parentConfig, pendingWrites = [], ...rest }) => ({
    ...rest,
    parent: parentConfig?.configurable?.["checkpoint_id"] ?? null,
    writes: pendingWrites
  }))

const place = (thread: string, checkpoint?: string) => ({
  configurable: {
    thread_id: thread,
    checkpoint_ns: "",
    ...(checkpoint === undefined ? {} : { checkpoint_id: checkpoint })
  }
})

const metadata = { source: "loop" as const, step: 0, parents: {} }

const put = (saver: Saver, thread: string, value: unknown = "value", id: string = randomUUID()) =>
  saver.put(
    place(thread),
    { ...emptyCheckpoint(), id, channel_values: { messages: value }, channel_versions: { messages: 1.5 } },
    metadata,
    { messages: 1.5 }
  )

const rowsOf = Effect.fnUntraced(function*(thread: string) {
  const sql = yield* PgClient.PgClient
  return yield* sql<{ readonly of: string; readonly owner_id: string | null }>`
    select 'checkpoint' as of, owner_id from langgraph_server.checkpoints where thread_id = ${thread}
    union all
    select 'blob', owner_id from langgraph_server.checkpoint_blobs where thread_id = ${thread}
    union all
    select 'write', owner_id from langgraph_server.checkpoint_writes where thread_id = ${thread}`
})

/** Until some statement waits for a lock. */
const waitsForLock = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`
    select pid
    from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.pipe(
    Effect.repeat({ until: (waiting) => waiting.length > 0, schedule: Schedule.spaced("10 millis") })
  )
})

const ids = () => ({ thread: randomUUID(), run: randomUUID() })

describe("The checkpointer", () => {
  it.live("reads what LangGraph's PostgresSaver wrote, and the other way round", () =>
    onDatabase((url) =>
      Effect.gen(function*() {
        const theirs = yield* checkpointer(url)
        const { saver: ours } = yield* counting
        for (const writer of [theirs, ours]) {
          const { thread } = ids()
          yield* Effect.promise(async () => {
            await converse(writer, thread)
            const [read, readByThem] = [await history(ours, thread), await history(theirs, thread)]
            assert.strictEqual(read.length, 4)
            assert.deepStrictEqual(comparable(read), comparable(readByThem))
            assert.isAbove(read.flatMap(({ pendingWrites = [] }) => pendingWrites).length, 4)
            const [latest, latestOfTheirs] = [
              await ours.getTuple(place(thread)),
              await theirs.getTuple(place(thread))
            ]
            assert.deepStrictEqual(latest?.checkpoint, latestOfTheirs?.checkpoint)
            // Either goes on where the other stopped.
            const other = writer === ours ? theirs : ours
            const state = await converse(other, thread)
            assert.strictEqual(state.messages.length, 16)
          })
        }
      })
    ))

  it.live("has tables in which PostgresSaver finds nothing left to do, also where it had made them", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      yield* checkpointerTables(url)
      const { thread } = ids()
      yield* Effect.gen(function*() {
        const saver = yield* checkpointer(url)
        yield* Effect.promise(() => converse(saver, thread))
      })
      yield* Effect.gen(function*() {
        yield* checkpointerTables(url)
        const { saver } = yield* counting
        assert.strictEqual((yield* Effect.promise(() => history(saver, thread))).length, 4)
        const sql = yield* PgClient.PgClient
        const done = yield* sql`select v from langgraph_server.checkpoint_migrations order by v`
        assert.deepStrictEqual(done.map(({ v }) => v), [0, 1, 2, 3, 4])
        const columns = yield* sql`
          select table_name from information_schema.columns
          where table_schema = 'langgraph_server' and column_name = 'owner_id' and table_name like 'checkpoint%'`
        assert.strictEqual(columns.length, 3)
      }).pipe(Effect.provide(migrated(url)))
    }))

  it.live("writes a step's tasks and its checkpoint in one statement", () =>
    onDatabase(() =>
      Effect.gen(function*() {
        const { asked, saver } = yield* counting
        const { run, thread } = ids()
        yield* claimed({ thread, run })
        yield* Effect.promise(() => converse(saver.forRun({ runId: run, attempt: 1 }), thread))
        // One reading; then the input, the start, the first step and the second.
        assert.strictEqual(asked.statements, 5)
        const rows = yield* rowsOf(thread)
        assert.deepStrictEqual([...new Set(rows.map(({ owner_id }) => owner_id))], ["user-1"])
        asked.statements = 0
        const before = yield* Effect.promise(() => put(saver, thread))
        yield* Effect.promise(() =>
          Promise.all([
            saver.putWrites(before, [["messages", 1], ["messages", 2]], "b"),
            saver.putWrites(before, [["messages", 3]], "a"),
            saver.putWrites(before, [[ERROR, new Error("first")]], "b"),
            saver.putWrites(before, [[ERROR, new Error("last")]], "b"),
            saver.putWrites(before, [["messages", "too late"]], "a"),
            put(saver, thread, "next")
          ])
        )
        assert.strictEqual(asked.statements, 2)
        const tuple = yield* Effect.promise(() => saver.getTuple(before))
        assert.deepStrictEqual(tuple?.pendingWrites, [
          ["a", "messages", 3],
          ["b", ERROR, { name: "Error", message: "last" }],
          ["b", "messages", 1],
          ["b", "messages", 2]
        ])
      })
    ))

  it.live("writes nothing for a claim that another has overtaken while it waited", () =>
    onDatabase(() =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { asked, saver } = yield* counting
        const { run, thread } = ids()
        yield* claimed({ thread, run })
        const first = saver.forRun({ runId: run, attempt: 1 })
        const kept = yield* Effect.promise(() => put(first, thread))
        const before = yield* rowsOf(thread)
        const held = yield* Deferred.make<void>(), commit = yield* Deferred.make<void>()
        const claim = yield* sql`
          update langgraph_server.runs set attempt = attempt + 1 where id = ${run}::uuid`.pipe(
          Effect.andThen(Deferred.succeed(held, undefined)),
          Effect.andThen(Deferred.await(commit)),
          sql.withTransaction,
          Effect.forkChild
        )
        yield* Deferred.await(held)
        const late = Promise.allSettled([put(first, thread), first.putWrites(kept, [["messages", 1]], "task")])
        yield* waitsForLock
        yield* Deferred.succeed(commit, undefined)
        yield* Fiber.join(claim)
        const settled = yield* Effect.promise(() => late)
        for (const result of settled) {
          assert.instanceOf(result.status === "rejected" ? result.reason : undefined, RunOvertaken)
        }
        assert.deepStrictEqual(yield* rowsOf(thread), before)
        // It does not even ask any more.
        asked.statements = 0
        for (const write of [() => put(first, thread), () => first.settled()]) {
          assert.instanceOf(yield* Effect.promise(() => write().then(() => undefined, (error) => error)), RunOvertaken)
        }
        assert.strictEqual(asked.statements, 0)
        yield* Effect.promise(() => put(saver.forRun({ runId: run, attempt: 2 }), thread))
        assert.isAbove((yield* rowsOf(thread)).length, before.length)
        // Of a run that has ended, or of none, there is nothing to write either.
        yield* sql`update langgraph_server.runs set status = 'success' where id = ${run}::uuid`
        for (const claim of [{ runId: run, attempt: 2 }, { runId: randomUUID(), attempt: 1 }]) {
          const late = put(saver.forRun(claim), thread).then(() => undefined, (error) => error)
          assert.instanceOf(yield* Effect.promise(() => late), RunOvertaken)
        }
      })
    ))

  it.live("lets no claim pass a write that is under way", () =>
    onDatabase(() =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { saver } = yield* counting
        const { run, thread } = ids()
        yield* claimed({ thread, run })
        const checkpoint = randomUUID()
        const held = yield* Deferred.make<void>(), release = yield* Deferred.make<void>()
        // A row under way with the same key keeps the write waiting after it has passed the fence.
        const obstacle = yield* sql`
          insert into langgraph_server.checkpoints (thread_id, checkpoint_id, checkpoint) values (${thread}, ${checkpoint}, '{}')`
          .pipe(
            Effect.andThen(Deferred.succeed(held, undefined)),
            Effect.andThen(Deferred.await(release)),
            Effect.andThen(Effect.fail("rolled back")),
            sql.withTransaction,
            Effect.ignore,
            Effect.forkChild
          )
        yield* Deferred.await(held)
        const writing = put(saver.forRun({ runId: run, attempt: 1 }), thread, "value", checkpoint)
        yield* waitsForLock
        const order: Array<string> = []
        const claim = yield* sql`
          update langgraph_server.runs set attempt = attempt + 1 where id = ${run}::uuid`.pipe(
          Effect.tap(() => Effect.sync(() => order.push("claimed"))),
          Effect.forkChild
        )
        yield* Effect.sleep("200 millis")
        assert.deepStrictEqual(order, [])
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(obstacle)
        yield* Effect.promise(() => writing)
        yield* Fiber.join(claim)
        assert.strictEqual((yield* rowsOf(thread)).length, 2)
      })
    ))

  it.live("waits for a database that goes and comes back, and says so when it does not", () =>
    Effect.gen(function*() {
      const real = yield* freshDatabase
      const { close, open, url } = yield* gate(real)
      yield* Effect.void.pipe(Effect.provide(migrated(real)))
      yield* Effect.gen(function*() {
        const patient = new Saver(yield* asking("15 seconds")), impatient = new Saver(yield* asking("300 millis"))
        const { thread } = ids()
        yield* Effect.promise(() => put(patient, thread))
        yield* close
        const writing = put(patient, thread), reading = patient.getTuple(place(thread))
        const gone = put(impatient, thread).then(() => undefined, (error) => error)
        assert.instanceOf(yield* Effect.promise(() => gone), StorageUnavailable)
        yield* Effect.sleep("3500 millis")
        yield* open
        const [, tuple] = yield* Effect.promise(() => Promise.all([writing, reading]))
        assert.strictEqual(tuple?.checkpoint.channel_values["messages"], "value")
        // A failure of one does not stay with those that write for nobody.
        yield* Effect.promise(() => put(impatient, thread))
        assert.strictEqual((yield* Effect.promise(() => history(patient, thread))).length, 3)
      }).pipe(Effect.provide(databaseLayer({ url, poolSize: 4 })))
    }))

  it.live("keeps what jsonb refuses out of it, and nothing else", () =>
    onDatabase(() =>
      Effect.gen(function*() {
        const { saver } = yield* counting
        const { thread } = ids()
        const odd = { words: "a\0b \ud800 \\u0000 ü", [`k\0`]: "\\\\\0" }
        const tuple = yield* Effect.promise(async () => {
          const kept = await saver.put(
            { ...place(thread), metadata: { run_id: "run-1", odd } },
            { ...emptyCheckpoint(), channel_values: { text: odd }, channel_versions: { text: 1 } },
            metadata,
            { text: 1 }
          )
          return saver.getTuple(kept)
        })
        assert.deepStrictEqual(tuple?.checkpoint.channel_values["text"], odd)
        const about: object = { ...metadata, run_id: "run-1", odd: { words: "ab \ufffd \\u0000 ü", k: "\\\\" } }
        assert.deepStrictEqual({ ...tuple?.metadata }, about)
      })
    ))
})
