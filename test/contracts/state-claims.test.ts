import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint"
import { Effect, Exit, Option } from "effect"
import { randomUUID } from "node:crypto"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import { type StateClaim, StateClaimLost } from "../../src/domain/Thread.ts"
import { StateClaims } from "../../src/ports/StateClaims.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { claim, create, newRun, nord, settle, sued, thread, threadNow, withRuns, withThread } from "./run-world.ts"

const onThread = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  withRuns(Effect.andThen(withThread, work).pipe(Effect.provide(Checkpointer.layer(), { local: true })))

const fresh = (): StateClaim => ({ thread_id: thread, token: randomUUID() })
const take = Effect.fnUntraced(function*(wanted: StateClaim, principal = nord) {
  return yield* (yield* StateClaims).take(wanted, principal)
})
const conclude = Effect.fnUntraced(function*(held: StateClaim) {
  const waiting = { task: [{ value: "sure?" }] }
  yield* (yield* StateClaims).conclude(held, { graph_id: "agent", status: "interrupted", interrupts: waiting })
})

/** Writes a checkpoint under a claim, as an update does. */
const write = Effect.fnUntraced(function*(held: StateClaim) {
  const saver = (yield* (yield* Checkpointer).saver).forState(held)
  const config = { configurable: { thread_id: thread, checkpoint_ns: "" } }
  return yield* Effect.tryPromise({
    try: () => saver.put(config, emptyCheckpoint(), { source: "update", step: 0, parents: {} }, {}),
    catch: (error) => error
  })
})

const checkpoints = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql`
    select owner_id from langgraph_server.checkpoints where thread_id = ${thread}::text`
  return rows.length
})

describe("StateClaims", () => {
  it.live("let one write at a time, whose words are then told on the thread", () =>
    onThread(Effect.gen(function*() {
      const claims = yield* StateClaims
      const [first, second] = [fresh(), fresh()]
      yield* take(first)
      assert.strictEqual((yield* Effect.flip(take(second)))._tag, "StateClaimHeld")
      yield* write(first)
      assert.instanceOf(yield* Effect.flip(write(second)), StateClaimLost)
      assert.strictEqual(yield* checkpoints, 1)
      yield* conclude(first)
      assert.deepStrictEqual(yield* threadNow, {
        graph_id: "agent",
        status: "interrupted",
        interrupts: { task: [{ value: "sure?" }] }
      })
      assert.instanceOf(yield* Effect.flip(write(first)), StateClaimLost)
      yield* take(second)
      yield* claims.release(second)
      yield* take(fresh())
    })))

  it.live("are given to the thread's owner alone", () =>
    onThread(Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(take(fresh(), sued)))._tag, "ThreadNotFound")
      yield* take(fresh())
    })))

  it.live("are refused while a run is active, and not for one that is for later", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1, "enqueue", { after_seconds: 3600 }))
      const early = fresh()
      yield* take(early)
      yield* (yield* StateClaims).release(early)
      yield* create(newRun(2))
      assert.strictEqual((yield* Effect.flip(take(fresh())))._tag, "ThreadBusy")
      yield* claim(2)
      assert.strictEqual((yield* Effect.flip(take(fresh())))._tag, "ThreadBusy")
      yield* settle(2, 1)
      yield* take(fresh())
    })))

  it.live("are void as soon as a run starts: nothing is written that it has not read", () =>
    onThread(Effect.gen(function*() {
      const held = fresh()
      yield* take(held)
      yield* create(newRun(1))
      // It has not begun to read.
      yield* write(held)
      yield* claim(1)
      assert.instanceOf(yield* Effect.flip(write(held)), StateClaimLost)
      yield* conclude(held)
      assert.deepStrictEqual(yield* threadNow, { graph_id: "agent", status: "busy", interrupts: {} })
      assert.strictEqual(yield* checkpoints, 1)
    })))

  it.live("are void when their thread goes", () =>
    onThread(Effect.gen(function*() {
      const held = fresh()
      yield* take(held)
      yield* (yield* Threads).delete(thread, nord)
      assert.instanceOf(yield* Effect.flip(write(held)), StateClaimLost)
      assert.strictEqual(yield* checkpoints, 0)
    })))

  it.live("tell a run that waits what was open, without taking its place", () =>
    onThread(Effect.gen(function*() {
      const held = fresh()
      yield* take(held)
      yield* create(newRun(1))
      yield* conclude(held)
      assert.deepStrictEqual((yield* threadNow).status, "busy")
      assert.deepStrictEqual((yield* threadNow).interrupts, { task: [{ value: "sure?" }] })
    })))

  it.live("lapse with the process that held them, and what it left untold is found", () =>
    onThread(Effect.gen(function*() {
      const claims = yield* StateClaims
      const sql = yield* PgClient.PgClient
      const lost = fresh()
      yield* take(lost)
      assert.deepStrictEqual(yield* claims.abandoned(10), [])
      yield* sql`update langgraph_server.threads set state_claimed_at = now() - interval '1 minute'`
      assert.deepStrictEqual(yield* claims.abandoned(10), [{ ...lost, graph_id: null }])
      const next = fresh()
      yield* take(next)
      assert.instanceOf(yield* Effect.flip(write(lost)), StateClaimLost)
      yield* conclude(lost)
      assert.strictEqual((yield* threadNow).status, "idle")
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(write(next))))
      assert.isTrue(Option.isSome(yield* (yield* Threads).find(thread, nord)))
    })))
})
