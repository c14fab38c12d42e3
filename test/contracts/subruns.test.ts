import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type RunClaim, RunOutcome } from "../../src/domain/Run.ts"
import { RunLedger, Runs } from "../../src/ports/Runs.ts"
import { type NewSubrun, Subruns } from "../../src/ports/Subruns.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { checkpoint, checkpointsLeft } from "./run-rows.ts"
import {
  atEnd,
  cancel,
  claim,
  create,
  done,
  ends,
  inLine,
  newRun,
  newThread,
  nord,
  runId,
  runNow,
  settle,
  sued,
  thread,
  withRuns,
  withThread
} from "./run-world.ts"

const parent: RunClaim = { run_id: runId(1), attempt: 1 }

/** A subrun of the first run, on a thread of its own unless said otherwise. */
const newSubrun = (last: number, call: string, of: Partial<NewSubrun["parent"]> = {}): NewSubrun => {
  const { after_seconds: _, home: __, ...run } = newRun(last)
  const line = [AssistantId.make("caller")]
  const within = { run_id: parent.run_id, thread_id: thread, call, line, ...of }
  return { ...run, thread_id: newThread(), parent: within, thread_metadata: { parent_run_id: within.run_id } }
}

const begin = Effect.fnUntraced(function*(subrun: NewSubrun, claim: RunClaim = parent) {
  return yield* (yield* Subruns).begin(subrun, claim, nord)
})

/** With a run that has been taken up. */
const underWay = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  withRuns(Effect.gen(function*() {
    yield* withThread
    yield* create(newRun(1))
    yield* claim(1)
    return yield* work
  }))

const settled = Effect.fnUntraced(function*(claim: RunClaim, outcome: RunOutcome = done) {
  return yield* (yield* RunLedger).settle(claim, outcome, null, yield* atEnd)
})

describe("Subruns", () => {
  it.live("begins a run that is taken up already, on a thread of its own, in nobody's line", () =>
    underWay(Effect.gen(function*() {
      const runs = yield* Runs
      const wanted = newSubrun(2, "step/call")
      const before = yield* inLine
      const subrun = Option.getOrThrow(yield* begin(wanted))
      assert.deepInclude(subrun, { status: "running", attempt: 1, lost: 0, parent: wanted.parent, owner: nord.userId })
      assert.deepStrictEqual(Option.getOrThrow(yield* runs.find(wanted.thread_id, runId(2), nord)), subrun)
      assert.isTrue(Option.isNone(yield* runs.find(wanted.thread_id, runId(2), sued)))
      assert.deepStrictEqual(yield* inLine, before)
      const found = Option.getOrThrow(yield* (yield* Threads).find(wanted.thread_id, nord))
      assert.deepInclude(found, { status: "busy", metadata: { parent_run_id: runId(1) }, graph_id: "agent" })
      const listed = { run_id: runId(2), thread_id: wanted.thread_id, assistant_id: wanted.assistant_id }
      assert.deepStrictEqual(yield* (yield* Subruns).of(runId(1), nord), [{ ...listed, status: "running" }])
      assert.isEmpty(yield* (yield* Subruns).of(runId(1), sued))

      assert.isTrue(Option.isSome(yield* settled(subrun)))
      assert.deepStrictEqual(yield* ends, ["2 Completed"])
      assert.deepStrictEqual(Option.getOrThrow(yield* (yield* Threads).find(wanted.thread_id, nord)).status, "idle")
      assert.strictEqual((yield* runNow(1)).status, "running", "its parent goes on")
    })))

  it.live("begins nothing for a worker whose run is another's, has ended or is gone", () =>
    underWay(Effect.gen(function*() {
      assert.isTrue(Option.isNone(yield* begin(newSubrun(2, "a"), { ...parent, attempt: 0 })))
      yield* claim(1)
      assert.isTrue(Option.isNone(yield* begin(newSubrun(3, "b"))))
      const second = { ...parent, attempt: 2 }
      assert.isTrue(Option.isSome(yield* begin(newSubrun(4, "c"), second)))
      yield* settle(1, 2)
      assert.isTrue(Option.isNone(yield* begin(newSubrun(5, "d"), second)))
      yield* (yield* Threads).delete(thread, nord)
      assert.isTrue(Option.isNone(yield* begin(newSubrun(6, "e"), second)))
    })))

  it.live("finds what an earlier attempt began for a call, and goes on with it; the one before writes nothing more", () =>
    underWay(Effect.gen(function*() {
      const subruns = yield* Subruns
      const first = Option.getOrThrow(yield* begin(newSubrun(2, "step/call\0")))
      yield* claim(1)
      const second = { ...parent, attempt: 2 }
      assert.isTrue(Option.isNone(yield* subruns.begun(second, "another call")))
      const found = Option.getOrThrow(yield* subruns.begun(second, "step/call\0"))
      assert.strictEqual(found.run_id, first.run_id)
      assert.isTrue(Option.isNone(yield* subruns.resume(first.run_id, parent)), "the lost worker does not")
      const resumed = Option.getOrThrow(yield* subruns.resume(first.run_id, second))
      assert.deepInclude(resumed, { attempt: 2, lost: 0, status: "running" })
      assert.isTrue(Option.isNone(yield* settled(first)))
      assert.isTrue(Option.isSome(yield* settled(resumed)))
      assert.isTrue(Option.isNone(yield* subruns.resume(first.run_id, second)), "it has ended")
    })))

  it.live("knows all that run below a run, for whoever holds it, and those that nobody goes on with", () =>
    underWay(Effect.gen(function*() {
      const subruns = yield* Subruns
      const child = Option.getOrThrow(yield* begin(newSubrun(2, "a")))
      yield* begin(newSubrun(3, "b"))
      const below = { run_id: child.run_id, thread_id: child.thread_id }
      yield* begin(newSubrun(4, "c", below), child)
      const running = Effect.map(subruns.running(parent), (claims) => claims.map(({ run_id }) => run_id).sort())
      assert.deepStrictEqual(yield* running, [runId(2), runId(3), runId(4)])
      assert.isEmpty(yield* subruns.running({ ...parent, attempt: 2 }))
      yield* settled({ run_id: runId(3), attempt: 1 })
      assert.deepStrictEqual(yield* running, [runId(2), runId(4)])
      assert.isEmpty(yield* subruns.orphans(10))
      yield* settle(1, 1)
      assert.deepStrictEqual(yield* subruns.orphans(10), [{ run_id: runId(2), attempt: 1 }])
      yield* settled(child)
      assert.deepStrictEqual(yield* subruns.orphans(10), [{ run_id: runId(4), attempt: 1 }])
    })))

  it.live("goes with its parent's thread, and with a run that leaves no trace or is deleted; nothing of it stays", () =>
    underWay(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const left = Effect.map(
        sql<{ readonly id: string }>`select id::text as id from langgraph_server.threads`,
        (rows) => rows.length
      )
      const subrun = Option.getOrThrow(yield* begin(newSubrun(2, "a")))
      yield* checkpoint(subrun.thread_id, "one", subrun.run_id)
      yield* cancel(1, "rollback")
      yield* settle(1, 1)
      assert.strictEqual(yield* left, 1)
      assert.deepStrictEqual(yield* checkpointsLeft(subrun.thread_id), [])

      yield* create(newRun(5))
      yield* claim(5)
      const of = { run_id: runId(5) }
      const second = Option.getOrThrow(yield* begin(newSubrun(6, "a", of), { run_id: runId(5), attempt: 1 }))
      yield* settled(second)
      yield* settle(5, 1)
      assert.isTrue(yield* (yield* Runs).delete(thread, runId(5), nord))
      assert.strictEqual(yield* left, 1)

      yield* create(newRun(7))
      yield* claim(7)
      const third = newSubrun(8, "a", { run_id: runId(7) })
      yield* begin(third, { run_id: runId(7), attempt: 1 })
      yield* begin(newSubrun(9, "a", { run_id: runId(8), thread_id: third.thread_id }), {
        run_id: runId(8),
        attempt: 1
      })
      yield* (yield* Threads).delete(thread, nord)
      assert.strictEqual(yield* left, 0)
    })))

  it.live("keeps its thread out of lists, unless it is asked for", () =>
    underWay(Effect.gen(function*() {
      const threads = yield* Threads
      const wanted = newSubrun(2, "a")
      yield* begin(wanted)
      const page = { limit: 10, offset: 0, sort_by: "created_at", sort_order: "desc" } as const
      const found = (filter: object) =>
        Effect.map(threads.search({ ...page, ...filter }, nord), ({ items, total }) => {
          assert.strictEqual(total, items.length)
          return items.map(({ thread_id }) => thread_id)
        })
      assert.deepStrictEqual(yield* found({}), [thread])
      assert.strictEqual(yield* threads.count({}, nord), 1)
      assert.deepStrictEqual(yield* found({ metadata: { parent_run_id: runId(1) } }), [wanted.thread_id])
      assert.deepStrictEqual(yield* found({ ids: [wanted.thread_id] }), [wanted.thread_id])
      assert.strictEqual(yield* threads.count({ metadata: { parent_run_id: runId(1) } }, nord), 1)
    })))
})
