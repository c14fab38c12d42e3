import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { RunLedger } from "../../src/ports/Runs.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { cancel, claim, create, inLine, jobs, newRun, newThread, nord, runId, settle, withRuns } from "./run-world.ts"

/** A run of a tenant on a thread of its own. */
const runOf = Effect.fnUntraced(function*(tenant: string, last: number) {
  const thread_id = newThread()
  yield* (yield* Threads).create(thread_id, {}, nord)
  yield* create(newRun(last, "enqueue", { thread_id, tenant }))
  return thread_id
})

const turns = Effect.map(
  jobs,
  (offers) => Object.fromEntries(offers.map(({ run_id, turn }) => [Number(run_id.slice(-12)), turn]))
)

const offerForgotten = Effect.flatMap(RunLedger, (ledger) => ledger.offerForgotten)

/** Lets time pass for whatever has been offered or is due. */
const age = Effect.fnUntraced(function*(seconds: number) {
  const sql = yield* PgClient.PgClient
  yield* sql`
    update langgraph_server.runs
    set
      run_at = run_at - make_interval(secs => ${seconds}),
      offered_at = offered_at - make_interval(secs => ${seconds})`
})

describe("the line of runs", () => {
  it.live("lets tenants take turns, however many of one came before", () =>
    withRuns(Effect.gen(function*() {
      for (let last = 1; last <= 5; last++) yield* runOf("a", last)
      yield* runOf("b", 6)
      yield* runOf("b", 7)
      assert.deepStrictEqual(yield* turns, { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 1, 7: 2 })
      assert.deepStrictEqual(yield* inLine, [1, 6, 2, 7, 3, 4, 5])
    })))

  it.live("starts who comes anew with the turn that it is now, not with those that have passed", () =>
    withRuns(Effect.gen(function*() {
      const threads = []
      for (let last = 1; last <= 4; last++) threads.push(yield* runOf("a", last))
      for (const [index, thread] of threads.slice(0, 2).entries()) yield* claim(index + 1, thread)
      yield* runOf("b", 5)
      assert.deepInclude(yield* turns, { 3: 3, 4: 4, 5: 3 })
    })))

  it.live("has another tenant's first before all but the first of 1,000 that wait", () =>
    withRuns(
      Effect.gen(function*() {
        yield* Effect.forEach(Array.from({ length: 1000 }, (_, index) => index + 1), (last) => runOf("a", last), {
          concurrency: 6,
          discard: true
        })
        yield* runOf("b", 2000)
        const line = yield* inLine
        const all = yield* jobs
        const ahead = all.filter(({ turn }) => turn <= 1)
        assert.isAtMost(line.indexOf(2000), ahead.length - 1)
        // Those that came at the very same time may have the same turn, no more of them than there are connections.
        assert.isAtMost(ahead.length, 7)
      }),
      { concurrentPerTenant: 2000 }
    ), 240_000)

  it.live("holds back what is over a tenant's share until one of its runs ends, in their order", () =>
    withRuns(
      Effect.gen(function*() {
        const threads = new Map<number, Effect.Success<ReturnType<typeof runOf>>>()
        for (let last = 1; last <= 6; last++) threads.set(last, yield* runOf("a", last))
        yield* runOf("b", 7)
        assert.deepStrictEqual(yield* inLine, [1, 7, 2])
        yield* claim(1, threads.get(1))
        assert.sameMembers(yield* inLine, [1, 2, 7])
        yield* settle(1, 1)
        assert.sameMembers(yield* inLine, [2, 3, 7])
        yield* cancel(2)
        assert.sameMembers(yield* inLine, [3, 4, 7])
        yield* cancel(5)
        assert.sameMembers(yield* inLine, [3, 4, 7])
        yield* claim(4, threads.get(4))
        yield* cancel(4, "rollback")
        yield* settle(4, 1)
        assert.sameMembers(yield* inLine, [3, 6, 7])
        yield* cancel(7)
        assert.sameMembers(yield* inLine, [3, 6])
      }),
      { concurrentPerTenant: 2 }
    ))

  it.live("counts against the share what is in line and due, of a thread its first only", () =>
    withRuns(
      Effect.gen(function*() {
        const thread_id = yield* runOf("a", 1)
        yield* create(newRun(2, "enqueue", { thread_id, tenant: "a" }))
        yield* create(newRun(3, "enqueue", { thread_id, tenant: "a", after_seconds: 60 }))
        yield* runOf("a", 4)
        yield* runOf("a", 5)
        assert.deepStrictEqual(yield* inLine, [3, 1, 4])
        yield* claim(1, thread_id)
        yield* settle(1, 1)
        // Who waits longest goes first: it became its thread's first just now, and came before the one held back.
        assert.deepStrictEqual((yield* inLine).toSorted(), [2, 3, 4])
      }),
      { concurrentPerTenant: 2 }
    ))

  it.live("is given back what it has forgotten, or was never given", () =>
    withRuns(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const [, second, third] = [yield* runOf("a", 1), yield* runOf("a", 2), yield* runOf("a", 3)]
      yield* runOf("a", 4)
      yield* create(newRun(5, "enqueue", { thread_id: third, after_seconds: 3600 }))
      yield* claim(2, second)
      yield* sql`delete from test_queue.jobs where run_id = any(${[runId(1), runId(2)]}::uuid[])`
      yield* sql`delete from test_queue.jobs where run_id = ${runId(3)}`
      yield* sql`update langgraph_server.runs set offered_at = null where id = ${runId(3)}`
      // Whoever is just about to be put in line is not forgotten.
      assert.strictEqual(yield* offerForgotten, 0)
      yield* age(31)
      assert.strictEqual(yield* offerForgotten, 3)
      assert.sameMembers(yield* inLine, [1, 2, 3, 4, 5])
      assert.strictEqual(yield* offerForgotten, 0)
      assert.isTrue(Option.isSome(yield* claim(1, (yield* jobs).find(({ run_id }) => run_id === runId(1))?.thread_id)))
    })))

  it.live("is given what was held back while the share had room", () =>
    withRuns(
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const first = yield* runOf("a", 1)
        yield* runOf("a", 2)
        yield* runOf("a", 3)
        yield* runOf("b", 4)
        yield* age(31)
        assert.strictEqual(yield* offerForgotten, 0)
        // As if the end of the first had not seen the others come.
        yield* sql`update langgraph_server.runs set held_back = false where tenant = 'a' and status = 'pending'`
        yield* claim(1, first)
        yield* settle(1, 1)
        yield* sql`update langgraph_server.runs set held_back = true where id = any(${[runId(2), runId(3)]}::uuid[])`
        assert.deepStrictEqual(yield* inLine, [4])
        assert.strictEqual(yield* offerForgotten, 1)
        assert.sameMembers(yield* inLine, [2, 4])
        assert.strictEqual(yield* offerForgotten, 0)
      }),
      { concurrentPerTenant: 1 }
    ))

  it.live("is given a due run though another of its thread, for much later, is in line", () =>
    withRuns(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const thread_id = yield* runOf("a", 1)
      yield* create(newRun(2, "enqueue", { thread_id, after_seconds: 3600 }))
      yield* sql`delete from test_queue.jobs where run_id = ${runId(1)}`
      yield* sql`update langgraph_server.runs set offered_at = null where id = ${runId(1)}`
      yield* age(31)
      assert.strictEqual(yield* offerForgotten, 1)
      assert.sameMembers(yield* inLine, [1, 2])
    })))
})
