import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Result } from "effect"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type MultitaskStrategy, type Run, RunId, RunOutcome } from "../../src/domain/Run.ts"
import { ThreadId, type ThreadStatus } from "../../src/domain/Thread.ts"
import { type NewRun, RunLedger, Runs } from "../../src/ports/Runs.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { inWorld, person } from "../support/PostgresPorts.ts"

/** Nobody stands in line here. */
const inLine = () => Effect.void

const nord = person(people.member, organizations.kanzleiNord)
const colleague = person(people.admin, organizations.kanzleiNord)
const sued = person(people.otherOrganisation, organizations.immobilienSued)

const thread = ThreadId.make("00000000-0000-4000-a000-000000000001")
const other = ThreadId.make("00000000-0000-4000-a000-000000000002")
const runId = (last: number) => RunId.make(`01900000-0000-7000-8000-${String(last).padStart(12, "0")}`)

const newRun = (
  last: number,
  multitask_strategy: MultitaskStrategy = "reject",
  rest: Partial<NewRun> = {}
): NewRun => ({
  run_id: runId(last),
  thread_id: thread,
  assistant_id: AssistantId.make("an assistant that is not there"),
  graph_id: "agent",
  assistant_version: 3,
  metadata: { list: [["a"], ["b"]] },
  request: {
    input: { messages: [{ role: "user", content: "Gu\0ten Tag" }] },
    command: null,
    checkpoint: { checkpoint_id: "c", checkpoint_ns: "" },
    stream_mode: ["values", "messages-tuple"],
    stream_subgraphs: false,
    stream_resumable: true,
    interrupt_before: "*",
    interrupt_after: ["tools"],
    temporary: false
  },
  configuration: {
    configurable: { model_name: "openai:gpt-4o", stop: [["x"]] },
    origins: { model_name: "assistant", stop: "request" },
    dropped: [{ key: "base_url", from: "request", reason: "locked" }],
    recursion_limit: 25,
    tags: ["t"],
    metadata: {},
    context: {}
  },
  multitask_strategy,
  ...rest
})

const temporary = (last: number, thread_id: ThreadId) => {
  const run = newRun(last, "reject", { thread_id })
  return { ...run, request: { ...run.request, temporary: true } }
}

const done = RunOutcome.Completed({ interrupts: {}, waiting: false })
const waiting = RunOutcome.Completed({ interrupts: { task: [{ value: "sure?" }] }, waiting: true })
const failed = RunOutcome.Failed({ failure: { error: "ModelError", message: "no\0pe" } })

const withThreads = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  inWorld(Effect.gen(function*() {
    const threads = yield* Threads
    yield* threads.create(thread, {}, nord)
    yield* threads.create(other, {}, sued)
    return yield* work
  }))

const threadNow = Effect.gen(function*() {
  const { graph_id, interrupts, status } = Option.getOrThrow(yield* (yield* Threads).find(thread, nord))
  return { graph_id, interrupts, status }
})

const runNow = (last: number) =>
  Effect.flatMap(Runs, (runs) => runs.find(thread, runId(last), nord)).pipe(Effect.map(Option.getOrThrow))

/** A checkpoint with a write and a blob of its own, which also refers to a blob that all share. */
const checkpoint = Effect.fnUntraced(function*(of: ThreadId, name: string, run: RunId | null) {
  const sql = yield* PgClient.PgClient
  const versions = { channel_versions: { messages: name, shared: "1" } }
  yield* sql`
    insert into langgraph_server.checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
    values (${of}::text, '', ${name}, ${sql.json(versions)}, ${sql.json({ run_id: run })})`
  yield* sql`
    insert into langgraph_server.checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, blob)
    values (${of}::text, '', ${name}, 'task', 0, 'messages', '')`
  yield* sql`
    insert into langgraph_server.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type)
    values (${of}::text, '', 'messages', ${name}, 'empty'), (${of}::text, '', 'shared', '1', 'empty')
    on conflict do nothing`
})

const checkpointsLeft = Effect.fnUntraced(function*(of: ThreadId) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly name: string }>`
    select 'checkpoint ' || checkpoint_id as name from langgraph_server.checkpoints where thread_id = ${of}::text
    union all
    select 'write ' || checkpoint_id from langgraph_server.checkpoint_writes where thread_id = ${of}::text
    union all
    select 'blob ' || version from langgraph_server.checkpoint_blobs where thread_id = ${of}::text
    order by 1`
  return rows.map(({ name }) => name)
})

describe("Runs", () => {
  it.effect("keep what they were made of, and belong to the thread's owner", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const { admission, run } = yield* runs.create(newRun(1), nord, inLine)
      assert.strictEqual(admission._tag, "Accepted")
      const { request, ...rest } = newRun(1)
      assert.deepInclude(run, {
        ...rest,
        owner: nord.userId,
        status: "pending",
        attempt: 0,
        tools: null,
        failure: null
      })
      assert.deepStrictEqual(run.request, { ...request, input: { messages: [{ role: "user", content: "Guten Tag" }] } })
      assert.deepStrictEqual(yield* runs.find(thread, runId(1), nord), Option.some(run))
      assert.deepStrictEqual(yield* threadNow, { graph_id: "agent", interrupts: {}, status: "busy" })

      for (const principal of [colleague, sued]) {
        assert.isTrue(Option.isNone(yield* runs.find(thread, runId(1), principal)))
        assert.deepStrictEqual(yield* runs.list(thread, { limit: 10, offset: 0 }, principal), [])
        assert.isFalse(yield* runs.delete(thread, runId(1), principal))
        assert.strictEqual((yield* Effect.flip(runs.create(newRun(2), principal, inLine)))._tag, "ThreadNotFound")
      }
      assert.isTrue(Option.isNone(yield* runs.find(other, runId(1), sued)))
      assert.isTrue(Option.isNone(yield* runs.find(other, runId(1), nord)))
    })))

  it.effect("are admitted by the multitask rule", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      yield* runs.create(newRun(1), nord, inLine)
      assert.strictEqual((yield* Effect.flip(runs.create(newRun(2), nord, inLine)))._tag, "ThreadBusy")
      assert.strictEqual((yield* runs.create(newRun(3, "enqueue"), nord, inLine)).admission._tag, "Accepted")
      assert.deepStrictEqual((yield* runs.create(newRun(4, "interrupt"), nord, inLine)).admission, {
        _tag: "AcceptedAfter",
        stop: [runId(1), runId(3)],
        action: "interrupt"
      })
      assert.deepInclude((yield* runs.create(newRun(5, "rollback"), nord, inLine)).admission, {
        stop: [runId(1), runId(3), runId(4)],
        action: "rollback"
      })
      const listed = yield* runs.list(thread, { limit: 10, offset: 0 }, nord)
      assert.deepStrictEqual(listed.map(({ run_id }) => run_id), [5, 4, 3, 1].map(runId))
      assert.deepStrictEqual((yield* runs.list(thread, { limit: 1, offset: 1 }, nord)).map((run) => run.run_id), [
        runId(4)
      ])
      assert.deepStrictEqual(yield* runs.list(thread, { limit: 9, offset: 0, status: "success" }, nord), [])
    })))

  it.effect("that answer a question need one that is open, by what the thread is once it is locked", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const sql = yield* PgClient.PgClient
      const answer = (n: number) => {
        const run = newRun(n, "enqueue")
        return runs.create({ ...run, request: { ...run.request, command: { resume: "yes" } } }, nord, inLine)
      }
      const make = (status: ThreadStatus) =>
        sql`update langgraph_server.threads set status = ${status} where id = ${thread}`
      for (const status of ["idle", "busy"] as const) {
        yield* make(status)
        assert.strictEqual((yield* Effect.flip(answer(1)))._tag, "NothingToResume")
      }
      assert.lengthOf(yield* runs.list(thread, { limit: 9, offset: 0 }, nord), 0)
      for (const [n, status] of [[1, "interrupted"], [2, "error"]] as const) {
        yield* make(status)
        assert.strictEqual((yield* answer(n)).admission._tag, "Accepted")
      }
    })))

  it.effect("are one of many that come at once, where only one is let in", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const results = yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => index),
        (index) => Effect.result(runs.create(newRun(index), nord, inLine)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(results.filter(Result.isSuccess).length, 1)
      assert.isTrue(results.filter(Result.isFailure).every(({ failure }) => failure._tag === "ThreadBusy"))
    })))

  it.effect("can be deleted when they are finished", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      assert.isFalse(yield* runs.delete(thread, runId(1), nord))
      yield* ledger.settle(runId(1), 0, RunOutcome.Cancelled())
      assert.isTrue(yield* runs.delete(thread, runId(1), nord))
      assert.isTrue(Option.isNone(yield* runs.find(thread, runId(1), nord)))
    })))
})

describe("RunLedger", () => {
  it.effect("gives a run to one worker, and takes its end once, from the attempt that is the latest", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      const claims = yield* Effect.forEach([1, 2, 3], () => ledger.claim(runId(1)), { concurrency: "unbounded" })
      const claimed = claims.filter(Option.isSome).map(({ value }): Partial<Run> => value)
      assert.strictEqual(claimed.length, 1)
      assert.deepInclude(claimed[0], { status: "running", attempt: 1 })

      const report = { servers: [{ name: "legal", url: "http://legal/mcp", tools: ["a"], error: null }] }
      yield* ledger.noteTools(runId(1), 0, { servers: [] })
      yield* ledger.noteTools(runId(1), 1, report)
      assert.isFalse(yield* ledger.settle(runId(1), 0, failed))
      assert.isTrue(yield* ledger.settle(runId(1), 1, waiting))
      assert.isFalse(yield* ledger.settle(runId(1), 1, failed))
      assert.deepInclude(yield* runNow(1), { status: "success", tools: report, failure: null })
      assert.deepStrictEqual(yield* threadNow, {
        graph_id: "agent",
        interrupts: { task: [{ value: "sure?" }] },
        status: "interrupted"
      })

      yield* runs.create(newRun(2, "reject", { graph_id: "second" }), nord, inLine)
      assert.strictEqual((yield* threadNow).graph_id, "agent")
      yield* ledger.claim(runId(2))
      assert.deepStrictEqual(yield* threadNow, { graph_id: "second", interrupts: {}, status: "busy" })
      const shown = Option.getOrThrow(yield* (yield* Threads).find(thread, nord)).metadata
      assert.deepStrictEqual(shown, { graph_id: "second", assistant_id: newRun(2).assistant_id })
      assert.isTrue(yield* ledger.settle(runId(2), 1, failed))
      assert.deepInclude(yield* runNow(2), { status: "error", failure: { error: "ModelError", message: "nope" } })
      assert.strictEqual((yield* threadNow).status, "error")
      assert.isTrue(Option.isNone(yield* ledger.claim(runId(2))))
      assert.isTrue(Option.isNone(yield* ledger.claim(runId(9))))
    })))

  it.effect("leaves a thread busy for as long as another run is active on it", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      yield* runs.create(newRun(2, "enqueue"), nord, inLine)
      yield* ledger.claim(runId(1))
      yield* ledger.settle(runId(1), 1, done)
      assert.strictEqual((yield* threadNow).status, "busy")
      yield* ledger.claim(runId(2))
      yield* ledger.settle(runId(2), 1, done)
      assert.strictEqual((yield* threadNow).status, "idle")
    })))

  it.effect("never says idle of a thread that a new run has just come to", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      for (let last = 1; last <= 20; last += 2) {
        yield* runs.create(newRun(last, "enqueue"), nord, inLine)
        yield* ledger.claim(runId(last))
        yield* Effect.all([
          ledger.settle(runId(last), 1, done),
          runs.create(newRun(last + 1, "enqueue"), nord, inLine)
        ], { concurrency: 2 })
        assert.strictEqual((yield* threadNow).status, "busy")
        yield* ledger.settle(runId(last + 1), 0, RunOutcome.Cancelled())
        assert.strictEqual((yield* threadNow).status, "idle")
      }
    })))

  it.effect("undoes a run: its row, its checkpoints, and what only they refer to", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      yield* ledger.claim(runId(1))
      yield* checkpoint(thread, "before", null)
      yield* checkpoint(thread, "during", runId(1))
      yield* checkpoint(other, "during", runId(1))
      yield* ledger.settle(runId(1), 1, RunOutcome.Cancelled())
      yield* ledger.rollback(runId(1))
      yield* ledger.rollback(runId(1))
      assert.isTrue(Option.isNone(yield* runs.find(thread, runId(1), nord)))
      assert.deepStrictEqual(yield* checkpointsLeft(thread), [
        "blob 1",
        "blob before",
        "checkpoint before",
        "write before"
      ])
      assert.strictEqual((yield* checkpointsLeft(other)).length, 4)
      assert.strictEqual((yield* threadNow).status, "idle")
    })))

  it.effect("says which of the runs in somebody's hands have ended by others'", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      yield* runs.create(newRun(2, "enqueue"), nord, inLine)
      const uncommitted = runId(3)
      const held = [runId(1), runId(2), uncommitted]
      assert.deepStrictEqual(yield* ledger.renew(held), [])
      yield* ledger.settle(runId(1), 0, RunOutcome.Cancelled())
      assert.deepStrictEqual(yield* ledger.renew(held), [runId(1)])
      assert.deepStrictEqual(yield* ledger.renew([]), [])
    })))

  it.effect("ends what a dead process left, and drops stateless runs with their threads", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      yield* ledger.claim(runId(1))
      yield* runs.create(newRun(2, "enqueue"), nord, inLine)
      yield* runs.create(temporary(3, other), sued, inLine)
      yield* checkpoint(other, "c", runId(3))
      assert.strictEqual(yield* ledger.settleOrphans({ error: "ServerRestarted", message: "gone" }, Duration.zero), 3)
      assert.strictEqual(yield* ledger.settleOrphans({ error: "ServerRestarted", message: "gone" }, Duration.zero), 0)
      assert.deepInclude(yield* runNow(1), { status: "error", failure: { error: "ServerRestarted", message: "gone" } })
      assert.deepInclude(yield* runNow(2), { status: "error" })
      assert.strictEqual((yield* threadNow).status, "error")
      assert.isTrue(Option.isNone(yield* (yield* Threads).find(other, sued)))
      assert.deepStrictEqual(yield* checkpointsLeft(other), [])
    })))

  it.effect("sweeps up what a run wrote to a thread that was deleted under it, and nothing else", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const threads = yield* Threads
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      yield* runs.create({ ...newRun(2), multitask_strategy: "enqueue" }, nord, inLine)
      yield* ledger.claim(runId(1))
      yield* checkpoint(thread, "a", runId(1))
      const written = yield* checkpointsLeft(thread)
      yield* ledger.sweepThread(thread)
      assert.deepStrictEqual(yield* checkpointsLeft(thread), written)
      const active = Option.getOrThrow(yield* threads.delete(thread, nord))
      assert.sameMembers([...active], [runId(1), runId(2)])
      yield* checkpoint(thread, "b", runId(1))
      assert.isFalse(yield* ledger.settle(runId(1), 1, done))
      yield* ledger.sweepThread(thread)
      assert.deepStrictEqual(yield* checkpointsLeft(thread), [])
    })))

  it.effect("drops a stateless run's thread with everything on it", () =>
    withThreads(Effect.gen(function*() {
      const runs = yield* Runs
      const ledger = yield* RunLedger
      yield* runs.create(newRun(1), nord, inLine)
      yield* checkpoint(thread, "c", runId(1))
      yield* ledger.dropThread(thread)
      assert.deepStrictEqual(yield* checkpointsLeft(thread), [])
      assert.isTrue(Option.isNone(yield* ledger.claim(runId(1))))
      assert.isFalse(yield* ledger.settle(runId(1), 0, done))
    })))
})
