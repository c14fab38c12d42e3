import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { type RunClaim, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import { type AtEnd, RunLedger, Runs } from "../../src/ports/Runs.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { checkpoint, checkpointsLeft, plantRows, rowsOf } from "./run-rows.ts"
import {
  atEnd,
  cancel,
  claim,
  create,
  done,
  ends,
  failed,
  inLine,
  newRun,
  nord,
  runId,
  runNow,
  settle,
  stops,
  thread,
  threadNow,
  waiting,
  withRuns,
  withThread
} from "./run-world.ts"

const onThread = <A, E, R>(work: Effect.Effect<A, E, R>) => withRuns(Effect.andThen(withThread, work))

const release = Effect.fnUntraced(function*(last: number, attempt: number) {
  yield* (yield* RunLedger).release({ run_id: runId(last), attempt }, nothingNoted)
})

describe("RunLedger", () => {
  it.live("hands a run to a worker, and takes its end once, from the attempt that is the latest", () =>
    onThread(Effect.gen(function*() {
      const ledger = yield* RunLedger
      yield* create(newRun(1))
      const claimed = Option.getOrThrow(yield* claim(1))
      assert.deepInclude(claimed, { status: "running", attempt: 1, lost: 0 })
      assert.isNotNull(claimed.started_at)
      assert.deepStrictEqual(yield* runNow(1), claimed)

      const report = { servers: [{ name: "legal", url: "http://legal/mcp", tools: ["a"], error: null, ms: 7 }] }
      yield* ledger.note({ run_id: runId(1), attempt: 1 }, { ...nothingNoted, tools: report })
      yield* ledger.note({ run_id: runId(1), attempt: 0 }, { ...nothingNoted, tools: { servers: [] } })
      assert.isTrue(Option.isNone(yield* settle(1, 0, failed)))
      assert.deepStrictEqual(Option.getOrThrow(yield* settle(1, 1, waiting)), waiting)
      assert.isTrue(Option.isNone(yield* settle(1, 1, failed)))
      yield* ledger.note({ run_id: runId(1), attempt: 1 }, { ...nothingNoted, tools: { servers: [] } })
      assert.deepInclude(yield* runNow(1), { status: "success", tools: report, failure: null })
      assert.deepStrictEqual(yield* threadNow, {
        graph_id: "agent",
        interrupts: { task: [{ value: "sure?" }] },
        status: "interrupted"
      })

      yield* create(newRun(2, "reject", { graph_id: "second" }))
      assert.strictEqual((yield* threadNow).graph_id, "agent")
      yield* claim(2)
      assert.deepStrictEqual(yield* threadNow, { graph_id: "second", interrupts: {}, status: "busy" })
      const shown = Option.getOrThrow(yield* (yield* Threads).find(thread, nord)).metadata
      assert.deepStrictEqual(shown, { graph_id: "second", assistant_id: newRun(2).assistant_id })
      yield* settle(2, 1, failed)
      assert.deepInclude(yield* runNow(2), { status: "error", failure: { error: "ModelError", message: "nope" } })
      assert.strictEqual((yield* threadNow).status, "error")
      assert.deepStrictEqual(yield* ends, ["1 Completed", "2 Failed"])

      for (const last of [2, 9]) assert.isTrue(Option.isNone(yield* claim(last)))
    })))

  it.live("makes a run that ended a run that was stopped, if somebody wanted it stopped", () =>
    onThread(Effect.gen(function*() {
      for (const [last, action] of [[1, "interrupt"], [2, "rollback"]] as const) {
        yield* create(newRun(last))
        yield* claim(last)
        yield* cancel(last, action)
        assert.deepStrictEqual(
          Option.getOrThrow(yield* settle(last, 1, waiting)),
          RunOutcome.Cancelled({ action })
        )
        assert.deepStrictEqual(yield* threadNow, { graph_id: "agent", interrupts: {}, status: "idle" })
      }
      assert.deepInclude(yield* runNow(1), { status: "interrupted" })
      assert.isTrue(Option.isNone(yield* (yield* Runs).find(thread, runId(2), nord)))
      assert.deepStrictEqual(yield* ends, ["1 Cancelled interrupt", "2 Cancelled rollback"])
    })))

  it.live("counts an attempt as lost when the run is taken up again before it ended", () =>
    onThread(Effect.gen(function*() {
      const ledger = yield* RunLedger
      yield* create(newRun(1))
      assert.strictEqual(yield* ledger.losses(runId(1)), 0)
      const first = Option.getOrThrow(yield* claim(1))
      assert.strictEqual(yield* ledger.losses(runId(1)), 1)
      const second = Option.getOrThrow(yield* claim(1))
      assert.deepInclude(second, { attempt: 2, lost: 1, started_at: first.started_at })
      assert.strictEqual(yield* ledger.losses(runId(1)), 2)

      yield* ledger.note(first, { ...nothingNoted, tools: { servers: [] } })
      yield* ledger.release(first, nothingNoted)
      assert.isTrue(Option.isNone(yield* settle(1, 1)))
      assert.deepInclude(yield* runNow(1), { status: "running", attempt: 2, tools: null })
      assert.isTrue(Option.isSome(yield* settle(1, 2)))
      assert.deepStrictEqual(yield* ends, ["1 Completed"])
      assert.strictEqual(yield* ledger.losses(runId(9)), 0)
    })))

  it.live("takes a run back that is to go on elsewhere: not lost, in its place, its thread still busy", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      yield* create(newRun(2, "enqueue"))
      yield* claim(1)
      yield* release(1, 1)
      assert.deepInclude(yield* runNow(1), { status: "pending", attempt: 1, lost: 0 })
      assert.deepStrictEqual([yield* inLine, (yield* threadNow).status], [[1], "busy"])
      yield* release(1, 1)
      assert.isTrue(Option.isNone(yield* settle(1, 1)))
      assert.isTrue(Option.isNone(yield* claim(2)))
      assert.deepInclude(Option.getOrThrow(yield* claim(1)), { attempt: 2, lost: 0 })
      yield* release(1, 1)
      assert.deepInclude(yield* runNow(1), { status: "running" })
    })))

  it.live("ends at once what was handed back and is cancelled, with what it had written", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      yield* claim(1)
      yield* checkpoint(thread, "during", runId(1))
      yield* release(1, 1)
      yield* cancel(1, "rollback")
      assert.deepStrictEqual([yield* ends, yield* inLine, yield* checkpointsLeft(thread)], [
        ["1 Cancelled rollback"],
        [],
        []
      ])
      assert.deepStrictEqual(yield* threadNow, { graph_id: "agent", interrupts: {}, status: "idle" })
    })))

  it.live("withdraws a run whose turn it is not; whoever ends before it puts it in line again", () =>
    onThread(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* create(newRun(1, "reject", { after_seconds: 60 }))
      yield* create(newRun(2))
      yield* claim(2)
      yield* sql`update langgraph_server.runs set run_at = now() where id = ${runId(1)}`
      assert.isTrue(Option.isNone(yield* claim(1)))
      assert.deepStrictEqual(yield* inLine, [2])
      yield* settle(2, 1)
      assert.deepStrictEqual(yield* inLine, [1])
      assert.isTrue(Option.isSome(yield* claim(1)))
    })))

  it.live("offers the one before a run whose turn it is not, should nobody have", () =>
    onThread(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* create(newRun(1))
      yield* create(newRun(2, "enqueue"))
      yield* sql`update langgraph_server.runs set offered_at = null`
      yield* sql`update test_queue.jobs set run_id = ${runId(2)}`
      assert.isTrue(Option.isNone(yield* claim(2)))
      assert.deepStrictEqual(yield* inLine, [1])
    })))

  it.live("lets a run be settled by one of those who claimed it at once", () =>
    onThread(Effect.gen(function*() {
      yield* create(newRun(1))
      const claims = yield* Effect.forEach([1, 2, 3], () => claim(1), { concurrency: "unbounded" })
      const held = claims.map((claimed): RunClaim => Option.getOrThrow(claimed))
      assert.sameMembers(held.map(({ attempt }) => attempt), [1, 2, 3])
      const settled = yield* Effect.forEach(held, ({ attempt }) => settle(1, attempt), { concurrency: "unbounded" })
      assert.deepStrictEqual(settled.filter(Option.isSome).length, 1)
      assert.deepStrictEqual(yield* ends, ["1 Completed"])
    })))

  it.live("changes nothing where the end can't be told: neither run, thread, checkpoints nor the line", () =>
    onThread(Effect.gen(function*() {
      const ledger = yield* RunLedger
      const tell = yield* atEnd
      const untold: AtEnd = (run, outcome) => Effect.andThen(tell(run, outcome), Effect.fail(new StorageUnavailable()))
      yield* create(newRun(1))
      yield* create(newRun(2, "enqueue"))
      yield* claim(1)
      yield* checkpoint(thread, "during", runId(1))
      const now = Effect.all([runNow(1), runNow(2), threadNow, inLine, checkpointsLeft(thread)])
      const before = yield* now
      for (const outcome of [done, failed, RunOutcome.Cancelled({ action: "rollback" })]) {
        const refused = yield* Effect.flip(
          ledger.settle({ run_id: runId(1), attempt: 1 }, outcome, nothingNoted, untold)
        )
        assert.instanceOf(refused, StorageUnavailable)
        const died = yield* Effect.exit(
          ledger.settle({ run_id: runId(1), attempt: 1 }, outcome, nothingNoted, () => Effect.die("crash"))
        )
        assert.strictEqual(died._tag, "Failure")
      }
      assert.deepStrictEqual(yield* now, before)
      assert.deepStrictEqual(yield* ends, [])
      assert.isTrue(Option.isSome(yield* settle(1, 1)))
      assert.deepStrictEqual([yield* inLine, yield* ends], [[2], ["1 Completed"]])
    })))

  it.live("never says idle of a thread that a new run has just come to", () =>
    onThread(Effect.gen(function*() {
      for (let last = 1; last <= 20; last += 2) {
        yield* create(newRun(last, "enqueue"))
        yield* claim(last)
        yield* Effect.all([settle(last, 1), create(newRun(last + 1, "enqueue"))], { concurrency: 2 })
        assert.deepStrictEqual([(yield* threadNow).status, yield* inLine], ["busy", [last + 1]])
        yield* cancel(last + 1)
        assert.deepStrictEqual([(yield* threadNow).status, yield* inLine], ["idle", []])
      }
    })))

  it.live("drops a stateless run's thread with everything on it but the log that is about to be read", () =>
    onThread(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const stateless = { request: { temporary: true } }
      yield* create(newRun(1, "reject", stateless))
      yield* create(newRun(2, "enqueue", { tenant: "another" }))
      yield* create(newRun(3, "enqueue", { after_seconds: 60 }))
      yield* claim(1)
      yield* plantRows(thread, runId(1))
      yield* sql`update langgraph_server.run_events set run_id = ${runId(2)}`
      yield* plantRows(thread, runId(1)).pipe(Effect.ignore)
      const logs = yield* sql`select from langgraph_server.run_events where run_id = ${runId(1)}`
      yield* settle(1, 1, done, { threadStays: false })
      const { "langgraph_server.run_events": log, ...rest } = yield* rowsOf([thread, runId(1), runId(2), runId(3)])
      assert.isTrue(Object.values(rest).every((rows) => rows === 0), JSON.stringify(rest))
      assert.strictEqual(log, logs.length)
      assert.deepStrictEqual([yield* inLine, yield* stops], [[], ["2 interrupt", "3 interrupt"]])
      assert.deepStrictEqual(yield* ends, ["1 Completed"])

      yield* withThread
      yield* create(newRun(4, "reject", stateless))
      yield* cancel(4)
      assert.isTrue(Option.isNone(yield* (yield* Threads).find(thread, nord)))
      assert.deepStrictEqual(yield* ends, ["1 Completed", "4 Cancelled interrupt"])
    })))

  it.live("says who is to be stopped, and who is active yet", () =>
    onThread(Effect.gen(function*() {
      const ledger = yield* RunLedger
      for (const last of [1, 2, 3]) yield* create(newRun(last, "enqueue"))
      const all = [1, 2, 3, 9].map(runId)
      yield* claim(1)
      assert.deepStrictEqual(yield* ledger.stopRequests(all), [])
      yield* cancel(1, "rollback")
      yield* cancel(2)
      assert.deepStrictEqual(yield* ledger.stopRequests(all), [{ run_id: runId(1), action: "rollback" }])
      assert.sameMembers([...(yield* ledger.stillActive(all))], [runId(1), runId(3)])
      assert.deepStrictEqual([yield* ledger.stopRequests([]), yield* ledger.stillActive([])], [[], []])
    })))
})
