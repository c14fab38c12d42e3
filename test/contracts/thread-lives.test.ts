import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint"
import { Effect, Layer, Option } from "effect"
import { randomUUID } from "node:crypto"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import { settleAbandoned } from "../../src/app/usecases/SettleUpdates.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { AgentGraphs } from "../../src/ports/AgentGraphs.ts"
import { StateClaims } from "../../src/ports/StateClaims.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { claim, create, newRun, nord, settle, sued, thread, threadNow, withRuns } from "./run-world.ts"

const id = (last: number) => ThreadId.make(`00000000-0000-4000-a000-${String(last).padStart(12, "0")}`)

/** Checkpoints of a thread, one after the other, each with a value of its own; answers with their ids. */
const remember = Effect.fnUntraced(function*(
  thread_id: ThreadId,
  namespace: string,
  count: number,
  metadata: object = {}
) {
  const saver = yield* (yield* Checkpointer).saver
  const ids: Array<string> = []
  yield* Effect.promise(async () => {
    let config: { readonly configurable?: Record<string, unknown> } = {
      configurable: { thread_id, checkpoint_ns: namespace }
    }
    for (let step = 0; step < count; step++) {
      const version = step + 1
      const checkpoint = {
        ...emptyCheckpoint(),
        channel_values: { log: `${namespace}${step}` },
        channel_versions: { log: version }
      }
      const told = { source: "loop" as const, step, parents: {}, ...metadata }
      config = await saver.put(config, checkpoint, told, { log: version })
      await saver.putWrites(config, [["log", "written"]], "task")
      ids.push(checkpoint.id)
    }
  })
  return ids
})

const left = Effect.fnUntraced(function*(thread_id: ThreadId) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ readonly checkpoints: number; readonly writes: number; readonly blobs: number }>`
    select
      (select count(*)::int from langgraph_server.checkpoints where thread_id = ${thread_id}::text) as checkpoints,
      (select count(*)::int from langgraph_server.checkpoint_writes where thread_id = ${thread_id}::text) as writes,
      (select count(*)::int from langgraph_server.checkpoint_blobs where thread_id = ${thread_id}::text) as blobs`
  return row
})

const inHouse = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  withRuns(Effect.provide(work, Checkpointer.layer(), { local: true }))

describe("Threads", () => {
  it.live("are pruned to their latest state: of themselves, of what waits in them, of what has a memory of its own", () =>
    inHouse(Effect.gen(function*() {
      const threads = yield* Threads
      yield* threads.create(id(1), {}, nord)
      yield* threads.create(id(2), {}, sued)
      const [, , last = ""] = yield* remember(id(1), "", 3)
      yield* remember(id(1), "sub:old", 2, { parents: { "": "gone" } })
      yield* remember(id(1), "sub:now", 2, { parents: { "": last } })
      yield* remember(id(1), "memory", 2, { parents: { "": "gone" } })
      yield* remember(id(2), "", 3)
      assert.strictEqual(yield* threads.prune([id(1), id(2), id(3)], "keep_latest", nord), 1)
      assert.deepStrictEqual(yield* left(id(1)), { checkpoints: 3, writes: 3, blobs: 3 })
      assert.deepStrictEqual(yield* left(id(2)), { checkpoints: 3, writes: 3, blobs: 3 })
      const saver = yield* (yield* Checkpointer).saver
      const place = { configurable: { thread_id: id(1), checkpoint_ns: "" } }
      const tuple = yield* Effect.promise(() => saver.getTuple(place))
      assert.strictEqual(tuple?.checkpoint.id, last)
      assert.deepStrictEqual(tuple?.checkpoint.channel_values, { log: "2" })
    })))

  it.live("keep everything where a state is kept as what has changed", () =>
    inHouse(Effect.gen(function*() {
      const threads = yield* Threads
      yield* threads.create(id(1), {}, nord)
      yield* remember(id(1), "", 3, { counters_since_delta_snapshot: { log: 2 } })
      yield* threads.prune([id(1)], "keep_latest", nord)
      assert.deepStrictEqual(yield* left(id(1)), { checkpoints: 3, writes: 3, blobs: 3 })
    })))

  it.live("are an assistant's where nothing else ran on them, and their owner asks", () =>
    inHouse(Effect.gen(function*() {
      const threads = yield* Threads
      const [one, other] = [AssistantId.make("one"), AssistantId.make("other")]
      const ran = [[id(1), [one, one], nord], [id(2), [one, other], nord], [id(3), [one], sued], [
        id(4),
        [],
        nord
      ]] as const
      let last = 0
      for (const [thread_id, assistants, owner] of ran) {
        yield* threads.create(thread_id, {}, owner)
        for (const assistant_id of assistants) {
          yield* create(newRun(++last, "reject", { thread_id, assistant_id }), owner)
          yield* claim(last, thread_id)
          yield* settle(last, 1)
        }
      }
      assert.deepStrictEqual(yield* threads.ranOn(one, nord), [id(1)])
      assert.deepStrictEqual(yield* threads.ranOn(one, sued), [id(3)])
      assert.deepStrictEqual(yield* threads.ranOn(other, nord), [])
    })))

  it.live("have the time that they are given last, and a copy has it too", () =>
    inHouse(Effect.gen(function*() {
      const threads = yield* Threads
      const day = { minutes: 1440, strategy: "keep_latest" } as const
      assert.deepStrictEqual((yield* threads.create(id(1), {}, nord, { minutes: 0.5, strategy: "delete" })).ttl, {
        minutes: 0.5,
        strategy: "delete"
      })
      assert.deepStrictEqual(Option.getOrThrow(yield* threads.patch(id(1), {}, nord, day)).ttl, day)
      assert.deepStrictEqual(Option.getOrThrow(yield* threads.patch(id(1), { a: 1 }, nord)).ttl, day)
      assert.deepStrictEqual(Option.getOrThrow(yield* threads.copy(id(1), id(2), nord)).ttl, day)
    })))

  it.live("are told what an update has come to whose process was lost before it could", () =>
    inHouse(Effect.gen(function*() {
      const threads = yield* Threads
      const claims = yield* StateClaims
      const sql = yield* PgClient.PgClient
      yield* threads.create(thread, { graph_id: "agent" }, nord)
      yield* claims.take({ thread_id: thread, token: randomUUID() }, nord)
      const tasks = [{ id: "task", interrupts: [{ value: "sure?" }] }]
      const state = { values: {}, next: ["ask"], tasks, metadata: {}, created_at: null }
      const graphs = Layer.mock(AgentGraphs, {
        names: [],
        defaults: () => ({}),
        state: () => Effect.succeed({ ...state, checkpoint: null, parent_checkpoint: null })
      })
      assert.strictEqual(yield* Effect.provide(settleAbandoned, graphs), 0)
      yield* sql`update langgraph_server.threads set state_claimed_at = now() - interval '1 minute'`
      assert.strictEqual(yield* Effect.provide(settleAbandoned, graphs), 1)
      assert.deepStrictEqual(yield* threadNow, {
        graph_id: "agent",
        status: "interrupted",
        interrupts: { task: [{ value: "sure?" }] }
      })
      assert.strictEqual(yield* Effect.provide(settleAbandoned, graphs), 0)
    })))
})
