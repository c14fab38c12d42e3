import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type AttemptSteps, type NotedStep, nothingNoted, stepsOf } from "../../src/domain/RunRecord.ts"
import { RunLedger, Runs } from "../../src/ports/Runs.ts"
import { Threads } from "../../src/ports/Threads.ts"
import {
  atEnd,
  cancel,
  claim,
  create,
  done,
  failed,
  newRun,
  newThread,
  nord,
  runId,
  settle,
  sued,
  thread,
  withRuns,
  withThread
} from "./run-world.ts"

const onThread = <A, E, R>(work: Effect.Effect<A, E, R>) => withRuns(Effect.andThen(withThread, work))

const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 }
const model = (name: string, ms: number | null): NotedStep => ({
  kind: "model",
  name,
  started_at: new Date("2027-01-01T00:00:00.123Z"),
  ms,
  usage,
  error: "no\0pe",
  subrun: { run_id: "r", thread_id: "t" }
})
const noted = (...steps: ReadonlyArray<NotedStep>): AttemptSteps => ({ steps, left_out: 1, usage })

const recorded = (last: number, principal = nord) =>
  Effect.flatMap(Runs, (runs) => runs.record(thread, runId(last), principal))
const timesOf = (last: number) => Effect.map(recorded(last), (found) => Option.getOrThrow(found).times)
const kinds = (last: number) =>
  Effect.map(
    timesOf(last),
    (times) =>
      stepsOf(times).map(({ attempt, kind, ms, name }) =>
        `${attempt} ${kind}${name && ` ${name}`}${ms === null ? " …" : ""}`
      )
  )

describe("records of runs", () => {
  it.live("keep what each attempt noted last, with when it waited by the database's clock", () =>
    onThread(Effect.gen(function*() {
      const ledger = yield* RunLedger
      yield* create(newRun(1, "reject", { configured_ms: 12.34 }))
      assert.deepStrictEqual(yield* kinds(1), ["1 configuration", "1 queue …"])
      const first = Option.getOrThrow(yield* claim(1))
      assert.deepStrictEqual(yield* kinds(1), ["1 configuration", "1 queue"])

      yield* ledger.note(first, noted(model("one", null)))
      yield* ledger.note(first, { ...noted(model("one", 3), model("two", null)), tools: { servers: [] } })
      assert.deepStrictEqual(yield* kinds(1), ["1 configuration", "1 queue", "1 model one", "1 model two …"])

      // Its worker is lost, and wakes again.
      const second = Option.getOrThrow(yield* claim(1))
      yield* ledger.note(first, nothingNoted)
      yield* ledger.release(first, nothingNoted)
      yield* settle(1, 1)
      assert.deepStrictEqual((yield* kinds(1)).slice(2), ["1 model one", "1 model two …", "2 queue"])

      yield* ledger.release(second, noted(model("three", 1)))
      assert.deepStrictEqual((yield* kinds(1)).slice(4), ["2 queue", "2 model three", "3 queue …"])
      yield* claim(1)
      yield* ledger.settle({ run_id: runId(1), attempt: 3 }, done, noted(model("four", 2)), yield* atEnd)
      assert.deepStrictEqual((yield* kinds(1)).slice(4), ["2 queue", "2 model three", "3 queue", "3 model four"])

      const times = yield* timesOf(1)
      assert.strictEqual(times.configured_ms, 12.34)
      const [attempt] = Object.values(times.attempts)
      assert.deepStrictEqual(attempt?.steps[0], { ...model("one", 3), error: "nope" })
      assert.deepStrictEqual([attempt?.left_out, attempt?.usage], [1, usage])
      for (const { queued_at, taken_at } of Object.values(times.attempts)) {
        assert.isAtMost(queued_at.getTime(), taken_at.getTime())
        assert.isBelow(Math.abs(taken_at.getTime() - Date.now()), 60_000)
      }
      const { run } = Option.getOrThrow(yield* recorded(1))
      assert.deepStrictEqual([run.status, run.tools], ["success", { servers: [] }])
    })))

  it.live("are the thread owner's, and go with their run", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      assert.isTrue(Option.isNone(yield* recorded(1, sued)))
      assert.isTrue(Option.isNone(yield* recorded(2)))
      yield* claim(1)
      yield* cancel(1, "rollback")
      yield* settle(1, 1)
      assert.isTrue(Option.isNone(yield* recorded(1)))
    })))

  it.live("of runs from before there were any are empty", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      yield* claim(1)
      yield* settle(1, 1)
      const sql = yield* PgClient.PgClient
      yield* sql`
        update langgraph_server.runs
        set configured_ms = null, steps = default, tools = '{"servers": [{"name": "a", "url": "b", "tools": [], "error": null}]}'`
      assert.deepStrictEqual(yield* kinds(1), [])
      const { run } = Option.getOrThrow(yield* recorded(1))
      assert.deepStrictEqual(run.tools?.servers, [{ name: "a", url: "b", tools: [], error: null, ms: null }])
    })))
})

describe("Runs.search", () => {
  it.live("finds one's runs over all threads, newest first, a page at a time", () =>
    onThread(Effect.gen(function*() {
      const runs = yield* Runs
      const threads = yield* Threads
      const other = newThread(), foreign = newThread()
      yield* threads.create(other, {}, nord)
      yield* threads.create(foreign, {}, sued)
      const assistant_id = AssistantId.make("another")
      yield* create(newRun(1))
      yield* create(newRun(2, "reject", { thread_id: other, assistant_id }))
      yield* create(newRun(3, "enqueue"))
      yield* create(newRun(4, "reject", { thread_id: foreign }), sued)
      yield* claim(1)
      yield* settle(1, 1, failed)
      const search = (query: Partial<Parameters<typeof runs.search>[0]>, principal = nord) =>
        Effect.map(runs.search({ limit: 10, offset: 0, ...query }, principal), ({ items, total }) => [
          items.map(({ run_id }) => Number(run_id.slice(-2))),
          total
        ])
      assert.deepStrictEqual(yield* search({}), [[3, 2, 1], 3])
      assert.deepStrictEqual(yield* search({ limit: 2 }), [[3, 2], 3])
      assert.deepStrictEqual(yield* search({ offset: 2 }), [[1], 3])
      assert.deepStrictEqual(yield* search({ offset: 9 }), [[], 3])
      assert.deepStrictEqual(yield* search({ assistant_id }), [[2], 1])
      assert.deepStrictEqual(yield* search({ status: "pending" }), [[3, 2], 2])
      assert.deepStrictEqual(yield* search({ status: "error", assistant_id: AssistantId.make("no\0body") }), [[], 0])
      assert.deepStrictEqual(yield* search({}, sued), [[4], 1])
    })))

  it.live("goes by an index", () =>
    onThread(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const plan = yield* sql.withTransaction(Effect.andThen(
        sql`set local enable_seqscan = off`,
        sql`
          explain select r.id from langgraph_server.runs r where r.owner_id = 'x' order by r.created_at desc, r.id limit 10`
      ))
      assert.include(JSON.stringify(plan), "runs_owner")
      assert.notInclude(JSON.stringify(plan), "Sort")
    })))
})
