import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import type { ThreadStatus } from "../../src/domain/Thread.ts"
import { Runs } from "../../src/ports/Runs.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { person } from "../support/PostgresPorts.ts"
import { checkpoint, checkpointsLeft, plantRows } from "./run-rows.ts"
import {
  atEnd,
  cancel,
  claim,
  create,
  ends,
  inLine,
  jobs,
  newRun,
  newThread,
  nord,
  runId,
  runNow,
  settle,
  stops,
  sued,
  thread,
  threadNow,
  waiting,
  withRuns,
  withThread
} from "./run-world.ts"

const colleague = person("a colleague")

const onThread = <A, E, R>(work: Effect.Effect<A, E, R>, limits = {}) =>
  withRuns(Effect.andThen(withThread, work), limits)

const make = Effect.fnUntraced(function*(status: ThreadStatus) {
  const sql = yield* PgClient.PgClient
  yield* sql`update langgraph_server.threads set status = ${status} where id = ${thread}`
})

const answer = (last: number, rest = {}) =>
  create(newRun(last, "enqueue", { ...rest, request: { command: { resume: "yes" } } }))

describe("Runs", () => {
  it.live("keep what they were made of, and belong to the thread's owner", () =>
    onThread(Effect.gen(function*() {
      const runs = yield* Runs
      const other = newThread()
      yield* (yield* Threads).create(other, {}, sued)
      const run = yield* create(newRun(1, "reject", { home: "here", traceparent: "00-a-b-01" }))
      const { after_seconds: _, configured_ms: __, request, ...rest } = newRun(1, "reject", {
        home: "here",
        traceparent: "00-a-b-01"
      })
      assert.deepInclude(run, {
        ...rest,
        owner: nord.userId,
        status: "pending",
        attempt: 0,
        lost: 0,
        started_at: null,
        cancel_requested: null,
        tools: null,
        failure: null
      })
      assert.deepStrictEqual(run.request, { ...request, input: { messages: [{ role: "user", content: "Guten Tag" }] } })
      assert.deepStrictEqual(yield* runs.find(thread, runId(1), nord), Option.some(run))
      assert.deepStrictEqual(yield* threadNow, { graph_id: "agent", interrupts: {}, status: "busy" })
      assert.deepStrictEqual(yield* jobs, [
        { run_id: runId(1), thread_id: thread, run_at: run.run_at, turn: 1, home: "here" }
      ])

      for (const principal of [colleague, sued]) {
        assert.isTrue(Option.isNone(yield* runs.find(thread, runId(1), principal)))
        assert.deepStrictEqual(yield* runs.list(thread, { limit: 10, offset: 0 }, principal), [])
        assert.deepStrictEqual(yield* runs.active({ threadId: thread }, principal), [])
        assert.isFalse(yield* runs.delete(thread, runId(1), principal))
        assert.strictEqual((yield* Effect.flip(create(newRun(2), principal)))._tag, "ThreadNotFound")
        yield* cancel(1, "rollback", principal)
      }
      assert.isTrue(Option.isNone(yield* runs.find(other, runId(1), sued)))
      assert.isTrue(Option.isNone(yield* runs.find(other, runId(1), nord)))
      assert.deepStrictEqual(yield* runNow(1), run)
      assert.deepStrictEqual(yield* ends, [])
    })))

  it.live("are listed the newest first, and those that are active also by id and status", () =>
    onThread(Effect.gen(function*() {
      const runs = yield* Runs
      for (const last of [1, 2, 3]) yield* create(newRun(last, "enqueue"))
      yield* claim(1)
      const ids = (last: ReadonlyArray<number>) => last.map(runId)
      const listed = yield* runs.list(thread, { limit: 10, offset: 0 }, nord)
      assert.deepStrictEqual(listed.map(({ run_id }) => run_id), ids([3, 2, 1]))
      assert.deepStrictEqual((yield* runs.list(thread, { limit: 1, offset: 1 }, nord)).map((r) => r.run_id), ids([2]))
      assert.deepStrictEqual(yield* runs.list(thread, { limit: 9, offset: 0, status: "success" }, nord), [])
      assert.deepStrictEqual(yield* runs.active({}, nord), ids([1, 2, 3]))
      assert.deepStrictEqual(yield* runs.active({ threadId: thread, status: "pending" }, nord), ids([2, 3]))
      assert.deepStrictEqual(yield* runs.active({ runIds: ids([1, 3, 9]), status: "running" }, nord), ids([1]))
      yield* settle(1, 1)
      assert.deepStrictEqual(yield* runs.active({ threadId: thread }, nord), ids([2, 3]))
    })))

  it.live("that may not run beside others are refused, and change nothing", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      const refused = yield* Effect.flip(create(newRun(2)))
      assert.strictEqual(refused._tag, "ThreadBusy")
      assert.lengthOf(yield* (yield* Runs).list(thread, { limit: 9, offset: 0 }, nord), 1)
      assert.deepStrictEqual(yield* inLine, [1])
    })))

  it.live("wait for the one before them: only the first of a thread is in line", () =>
    onThread(Effect.gen(function*() {
      for (const last of [1, 2, 3]) yield* create(newRun(last, "enqueue"))
      assert.deepStrictEqual(yield* inLine, [1])
      yield* claim(1)
      yield* settle(1, 1)
      assert.deepStrictEqual(yield* inLine, [2])
      assert.strictEqual((yield* threadNow).status, "busy")
      assert.deepStrictEqual(yield* ends, ["1 Completed"])
    })))

  it.live("that interrupt end what waits at once, and have what runs stopped by its worker", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1, "enqueue"))
      yield* claim(1)
      yield* create(newRun(2, "enqueue"))
      yield* create(newRun(3, "interrupt"))
      assert.deepInclude(yield* runNow(1), { status: "running", cancel_requested: "interrupt" })
      assert.deepInclude(yield* runNow(2), { status: "interrupted" })
      assert.deepStrictEqual([yield* stops, yield* ends, yield* inLine], [["1 interrupt"], ["2 Cancelled interrupt"], [
        1
      ]])
      assert.deepStrictEqual(Option.getOrThrow(yield* settle(1, 1)), { _tag: "Cancelled", action: "interrupt" })
      assert.deepStrictEqual(yield* inLine, [3])
      assert.deepStrictEqual(yield* threadNow, { graph_id: "agent", interrupts: {}, status: "busy" })
    })))

  it.live("that roll back leave no trace of those before them, whatever was asked for earlier", () =>
    onThread(Effect.gen(function*() {
      yield* checkpoint(thread, "before", null)
      yield* create(newRun(1, "enqueue"))
      yield* claim(1)
      yield* checkpoint(thread, "during", runId(1))
      yield* create(newRun(2, "interrupt"))
      yield* create(newRun(3, "rollback"))
      yield* create(newRun(4, "interrupt"))
      assert.deepInclude(yield* runNow(1), { status: "running", cancel_requested: "rollback" })
      assert.deepStrictEqual(Option.getOrThrow(yield* settle(1, 1)), { _tag: "Cancelled", action: "rollback" })
      const listed = yield* (yield* Runs).list(thread, { limit: 9, offset: 0 }, nord)
      assert.deepStrictEqual(listed.map(({ run_id, status }) => [run_id, status]), [
        [runId(4), "pending"],
        [runId(3), "interrupted"]
      ])
      assert.deepStrictEqual(yield* checkpointsLeft(thread), [
        "blob 1",
        "blob before",
        "checkpoint before",
        "write before"
      ])
      assert.deepStrictEqual(yield* inLine, [4])
    })))

  it.live("that answer a question need one that is open, by what the thread is once it is locked", () =>
    onThread(Effect.gen(function*() {
      for (const status of ["idle", "busy"] as const) {
        yield* make(status)
        assert.strictEqual((yield* Effect.flip(answer(1)))._tag, "NothingToResume")
      }
      assert.lengthOf(yield* (yield* Runs).list(thread, { limit: 9, offset: 0 }, nord), 0)
      for (const [n, status] of [[1, "interrupted"], [2, "error"]] as const) {
        yield* make(status)
        assert.strictEqual((yield* answer(n)).status, "pending")
        assert.strictEqual((yield* Effect.flip(answer(9)))._tag, "NothingToResume")
      }
    })))

  it.live("that are taken back before they started leave the question open", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      yield* claim(1)
      yield* settle(1, 1, waiting)
      const open = { graph_id: "agent", interrupts: { task: [{ value: "sure?" }] }, status: "interrupted" } as const
      yield* answer(2)
      yield* cancel(2)
      assert.deepStrictEqual(yield* threadNow, open)
      yield* create(newRun(3, "enqueue", { after_seconds: 60 }))
      yield* cancel(3, "rollback")
      assert.deepStrictEqual(yield* threadNow, open)
      yield* make("error")
      yield* create(newRun(4, "enqueue", { after_seconds: 60 }))
      yield* cancel(4)
      assert.strictEqual((yield* threadNow).status, "error")
    })))

  it.live("are one of many that come at once, where only one is let in", () =>
    onThread(Effect.gen(function*() {
      const results = yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => index),
        (index) => Effect.result(create(newRun(index))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(results.filter(Result.isSuccess).length, 1)
      assert.isTrue(results.filter(Result.isFailure).every(({ failure }) => failure._tag === "ThreadBusy"))
      assert.lengthOf(yield* jobs, 1)
    })))

  it.live("for later keep nobody from the thread before they are due, and are in line at once", () =>
    onThread(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const before = Date.now()
      const later = yield* create(newRun(1, "reject", { after_seconds: 60 }))
      assert.closeTo(later.run_at.getTime() - before, 60_000, 5_000)
      assert.deepStrictEqual((yield* jobs).map(({ run_at, turn }) => ({ run_at, turn })), [
        { run_at: later.run_at, turn: 0 }
      ])
      assert.strictEqual((yield* threadNow).status, "idle")
      yield* create(newRun(2, "reject"))
      assert.deepStrictEqual(yield* inLine, [1, 2])
      yield* claim(2)
      yield* settle(2, 1)
      assert.strictEqual((yield* threadNow).status, "idle")

      yield* sql`update langgraph_server.runs set run_at = now() where id = ${runId(1)}`
      assert.strictEqual((yield* Effect.flip(create(newRun(3))))._tag, "ThreadBusy")
      yield* create(newRun(4, "enqueue"))
      assert.deepStrictEqual(yield* inLine, [1])
      yield* claim(1)
      yield* settle(1, 1)
      assert.deepStrictEqual(yield* inLine, [4])
    })))

  it.live("of a tenant that has too many waiting are refused, and nobody else's", () =>
    onThread(
      Effect.gen(function*() {
        for (const last of [1, 2]) yield* create(newRun(last, "enqueue"))
        const refused = yield* Effect.flip(create(newRun(3, "enqueue")))
        assert.deepInclude(refused, { _tag: "TooManyRuns", limit: 2 })
        assert.lengthOf(yield* (yield* Runs).list(thread, { limit: 9, offset: 0 }, nord), 2)
        yield* create(newRun(4, "enqueue", { tenant: "another" }))
        yield* claim(1)
        yield* create(newRun(5, "enqueue"))
      }),
      { waitingPerTenant: 2 }
    ))

  it.live("that wait end as soon as they are cancelled, those that run are told to stop", () =>
    onThread(Effect.gen(function*() {
      for (const last of [1, 2, 3]) yield* create(newRun(last, "enqueue"))
      yield* cancel(1)
      assert.deepInclude(yield* runNow(1), { status: "interrupted", attempt: 0 })
      assert.deepStrictEqual([yield* ends, yield* inLine, yield* stops], [["1 Cancelled interrupt"], [2], []])
      assert.strictEqual((yield* threadNow).status, "busy")
      yield* claim(2)
      yield* cancel(2)
      assert.deepInclude(yield* runNow(2), { status: "running", cancel_requested: "interrupt" })
      assert.deepStrictEqual([yield* ends, yield* inLine], [["1 Cancelled interrupt"], [2]])
      yield* cancel(2, "rollback")
      yield* cancel(2, "interrupt")
      assert.deepInclude(yield* runNow(2), { cancel_requested: "rollback" })
      assert.deepStrictEqual(yield* stops, ["2 interrupt", "2 interrupt", "2 rollback"])
      yield* cancel(3, "rollback")
      yield* settle(2, 1)
      assert.lengthOf(yield* (yield* Runs).list(thread, { limit: 9, offset: 0 }, nord), 1)
      assert.deepStrictEqual([yield* inLine, (yield* threadNow).status], [[], "idle"])
      yield* cancel(1)
      yield* cancel(9)
      assert.deepStrictEqual(yield* ends, ["1 Cancelled interrupt", "2 Cancelled rollback", "3 Cancelled rollback"])
    })))

  it.live("stay as they are where their end can't be told", () =>
    onThread(Effect.gen(function*() {
      const runs = yield* Runs
      const untold = Effect.fnUntraced(function*(...told: Parameters<Effect.Success<typeof atEnd>>) {
        yield* (yield* atEnd)(...told)
        return yield* new StorageUnavailable()
      })
      const sql = yield* PgClient.PgClient
      const never = (...told: Parameters<Effect.Success<typeof atEnd>>) =>
        Effect.provideService(untold(...told), PgClient.PgClient, sql)
      yield* create(newRun(1, "enqueue"))
      yield* create(newRun(2, "enqueue"))
      const before = [yield* runNow(1), yield* runNow(2), yield* threadNow, yield* inLine]
      yield* Effect.flip(runs.cancel(runId(1), "interrupt", nord, never))
      yield* Effect.flip(runs.cancel(runId(1), "rollback", nord, never))
      yield* Effect.flip(runs.create(newRun(3, "interrupt"), nord, never))
      assert.deepStrictEqual([yield* runNow(1), yield* runNow(2), yield* threadNow, yield* inLine], before)
      assert.deepStrictEqual(yield* ends, [])
    })))

  it.live("can be deleted when they are finished, with their logs", () =>
    onThread(Effect.gen(function*() {
      const runs = yield* Runs
      const sql = yield* PgClient.PgClient
      yield* create(newRun(1))
      yield* plantRows(thread, runId(1))
      assert.isFalse(yield* runs.delete(thread, runId(1), nord))
      yield* cancel(1)
      assert.isTrue(yield* runs.delete(thread, runId(1), nord))
      assert.isTrue(Option.isNone(yield* runs.find(thread, runId(1), nord)))
      assert.lengthOf(yield* sql`select from langgraph_server.run_events`, 0)
    })))
})
