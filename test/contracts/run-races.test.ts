import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Random, Result } from "effect"
import { randomUUID } from "node:crypto"
import { type MultitaskStrategy, type Run, type RunId, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import { RunLedger, Runs } from "../../src/ports/Runs.ts"
import { Threads } from "../../src/ports/Threads.ts"
import {
  amongst,
  type Behaviour,
  bossQueue,
  deadlocks,
  endsByRun,
  inOrder,
  leftInLine,
  type QueueOn,
  quiet,
  tableQueue,
  twoReplicas,
  Watch,
  work
} from "./run-replicas.ts"
import { checkpointsLeft } from "./run-rows.ts"
import {
  atEnd,
  create,
  done,
  failed,
  newRun,
  newThread,
  nord,
  runId,
  thread,
  threadNow,
  waiting,
  withThread
} from "./run-world.ts"

const many = Array.from({ length: 100 }, (_, index) => index + 1)

/** Any of the numbers, the last one too. */
const range = (from: number, to: number) => Random.nextIntBetween(from, to)

/** A checkpoint as a worker writes it: void if it has been overtaken. */
const write = Effect.fnUntraced(function*({ attempt, run_id, thread_id }: Run) {
  const sql = yield* PgClient.PgClient
  yield* Effect.orDie(sql`
    insert into langgraph_server.checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
    select r.thread_id, '', ${`${run_id} ${randomUUID()}`}, '{"channel_versions":{}}', jsonb_build_object('run_id', r.id)
    from langgraph_server.runs r
    where r.id = ${run_id} and r.thread_id = ${thread_id} and r.attempt = ${attempt} and r.status = 'running'
    for share`)
})

/** 100 at once on one thread, from two replicas that also execute: none ends before all have come, unless stopped. */
const together = Effect.fnUntraced(function*(strategy: MultitaskStrategy, queue: QueueOn) {
  const replicas = yield* twoReplicas({}, queue)
  const [here] = replicas
  return yield* Effect.gen(function*() {
    yield* withThread
    const letGo = yield* Deferred.make<void>()
    const watch = new Watch()
    yield* amongst(
      replicas,
      [1, 2],
      () => work(watch, (run) => Effect.andThen(write(run), Effect.as(Deferred.await(letGo), done)))
    )
    const created = yield* amongst(replicas, many, (last) => Effect.result(create(newRun(last, strategy))))
    const order = yield* inOrder(thread)
    yield* Deferred.succeed(letGo, undefined)
    yield* quiet(watch, 100)
    const accepted = created.filter(Result.isSuccess).map(({ success }) => success.run_id)
    const refused = created.filter(Result.isFailure).map(({ failure }) => failure._tag)
    const ends = yield* endsByRun
    assert.deepStrictEqual([...ends.keys()].toSorted(), accepted.toSorted())
    assert.deepStrictEqual(yield* leftInLine(accepted), [])
    assert.deepStrictEqual([...ends].filter(([, outcomes]) => outcomes.length !== 1), [])
    assert.deepStrictEqual(watch.overlaps, [])
    assert.deepStrictEqual([(yield* threadNow).status, yield* deadlocks], ["idle", 0])
    return { accepted, refused, ends: [...ends.values()].flat(), order, watch, rows: yield* inOrder(thread) }
  }).pipe(Effect.provideContext(here))
})

const rounds = (queue: QueueOn) => {
  it.live("one of 100 is let in where none may run beside another", () =>
    Effect.gen(function*() {
      const { accepted, ends, refused, rows } = yield* together("reject", queue)
      assert.lengthOf(accepted, 1)
      assert.deepStrictEqual(refused, Array.from({ length: 99 }, () => "ThreadBusy"))
      assert.deepStrictEqual([ends, rows.length], [["Completed"], 1])
    }))

  it.live("all of 100 run one after the other, in the order in which they came", () =>
    Effect.gen(function*() {
      const { accepted, ends, rows, watch } = yield* together("enqueue", queue)
      assert.lengthOf(accepted, 100)
      assert.deepStrictEqual(watch.takenUp, rows.map(({ run_id }) => run_id))
      assert.deepStrictEqual(new Set(ends), new Set(["Completed"]))
    }))

  it.live("the last of 100 that interrupt succeeds, and none besides", () =>
    Effect.gen(function*() {
      const { accepted, rows } = yield* together("interrupt", queue)
      assert.lengthOf(accepted, 100)
      assert.deepStrictEqual(rows.map(({ status }) => status), [...many.slice(1).map(() => "interrupted"), "success"])
    }))

  it.live("the last of 100 that roll back is there, and of the others nothing", () =>
    Effect.gen(function*() {
      const { accepted, order, rows } = yield* together("rollback", queue)
      assert.lengthOf(accepted, 100)
      assert.deepStrictEqual(rows.map(({ run_id, status }) => [run_id, status]), [[order.at(-1)?.run_id, "success"]])
    }))
}

/** What happens to runs in life, as chance has it. */
const chance = (calm: () => boolean) => (run: Run): Effect.Effect<Behaviour> =>
  Effect.gen(function*() {
    yield* Effect.sleep(yield* range(0, 15))
    if (calm()) return done
    const dice = yield* range(0, 10)
    if (dice < 4) return done
    if (dice < 5) return failed
    if (dice < 6) return waiting
    if (dice < 7) return RunOutcome.Cancelled({ action: run.attempt % 2 === 0 ? "interrupt" : "rollback" })
    return dice < 9 ? "again" : "dies"
  })

/** Creates, cancels and executes at random on a few threads for some seconds; then everything has to come to its end. */
const storm = Effect.fnUntraced(
  function*(seconds: number, limits: Parameters<typeof twoReplicas>[0], queue: QueueOn) {
    const replicas = yield* twoReplicas(limits, queue)
    return yield* Effect.gen(function*() {
      const threads = Array.from({ length: 5 }, newThread)
      yield* Effect.forEach(threads, (id) => Effect.flatMap(Threads, (all) => all.create(id, {}, nord)))
      const watch = new Watch()
      const accepted: Array<RunId> = []
      let calm = false
      let last = 0
      let forgotten = 0
      yield* amongst(replicas, [1, 2], () => work(watch, chance(() => calm)))
      const pick = <A>(items: ReadonlyArray<A>) =>
        Effect.flatMap(
          range(0, Math.max(0, items.length - 1)),
          (at) => Effect.orDie(Effect.fromOption(Option.fromUndefinedOr(items[at])))
        )

      const act = Effect.gen(function*() {
        const dice = yield* range(0, 9)
        yield* Effect.sleep(yield* range(0, 20))
        if (dice < 7) {
          const strategy = yield* pick<MultitaskStrategy>(["reject", "enqueue", "enqueue", "interrupt", "rollback"])
          const thread_id = yield* pick(threads)
          const after_seconds = dice === 0 ? 0.05 : 0
          const tenant = `tenant ${yield* range(0, 1)}`
          const created = yield* Effect.result(create(newRun(++last, strategy, { thread_id, tenant, after_seconds })))
          if (Result.isSuccess(created)) accepted.push(created.success.run_id)
          else assert.include(["ThreadBusy", "TooManyRuns"], created.failure._tag)
        } else if (accepted.length > 0) {
          const target = yield* pick(accepted.slice(-20))
          const action = yield* pick(["interrupt", "rollback"] as const)
          yield* (yield* Runs).cancel(target, action, nord, yield* atEnd)
        }
      })
      // For longer, where a machine that is busy has not let much happen by then.
      const begun = performance.now()
      const goesOn = () => {
        const passed = (performance.now() - begun) / 1000
        return passed < seconds || passed < 60 && (accepted.length <= 30 || watch.late === 0)
      }
      const actors = yield* Effect.forkChild(
        amongst(replicas, many.slice(0, 8), () => Effect.repeat(act, { while: goesOn }))
      )
      const looking = yield* Effect.forkChild(
        Effect.forever(
          Effect.sleep("500 millis").pipe(
            Effect.andThen(Effect.flatMap(RunLedger, (ledger) => ledger.offerForgotten)),
            Effect.tap((count) => Effect.sync(() => (forgotten += count)))
          )
        )
      )
      yield* Fiber.join(actors)
      calm = true
      yield* quiet(watch, 100)
      yield* Fiber.interrupt(looking)
      const ends = yield* endsByRun
      assert.deepStrictEqual([...ends.keys()].toSorted(), accepted.toSorted())
      assert.deepStrictEqual([...ends].filter(([, outcomes]) => outcomes.length !== 1), [])
      assert.deepStrictEqual(watch.overlaps, [])
      assert.strictEqual(yield* deadlocks, 0)
      for (const id of threads) {
        const { status } = yield* Effect.flatMap(
          Effect.flatMap(Threads, (all) => all.find(id, nord)),
          (found) => Effect.fromOption(found)
        )
        assert.notStrictEqual(status, "busy")
      }
      return { accepted: accepted.length, takenUp: watch.takenUp.length, late: watch.late, forgotten }
    }).pipe(Effect.provideContext(replicas[0]))
  }
)

describe.each([["a table", tableQueue], ["pg-boss", bossQueue]] as const)(
  "runs of two replicas, in line in %s",
  (_, queue) => {
    rounds(queue)

    it.live(
      "each end once in a storm, one of a thread at a time, and nobody is forgotten",
      () =>
        Effect.gen(function*() {
          const { forgotten, ...counts } = yield* storm(4, {}, queue)
          yield* Effect.logInfo("storm", counts)
          assert.strictEqual(forgotten, 0)
          assert.isAbove(counts.accepted, 30)
          assert.isAbove(counts.late, 0)
        }),
      240_000
    )

    it.live("so they do in a storm where tenants have a share of two each", () =>
      Effect.gen(function*() {
        const counts = yield* storm(4, { concurrentPerTenant: 2, waitingPerTenant: 30 }, queue)
        yield* Effect.logInfo("storm", counts)
        assert.isAbove(counts.accepted, 30)
      }), 240_000)
  }
)

describe("runs of two replicas", () => {
  it.live("leave nothing in the checkpointer's tables that was rolled back", () =>
    Effect.gen(function*() {
      const replicas = yield* twoReplicas()
      yield* Effect.gen(function*() {
        yield* withThread
        const watch = new Watch()
        yield* amongst(replicas, [1, 2], () =>
          work(watch, (run) =>
            Effect.as(
              Effect.forever(write(run), { disableYield: false }).pipe(Effect.timeoutOption("400 millis")),
              done
            )))
        // The first ones roll back what is at work, however busy the machine is.
        for (const last of many.slice(0, 5)) {
          yield* create(newRun(last, "rollback"))
          while (watch.takenUp.at(-1) !== runId(last)) yield* Effect.sleep("5 millis")
        }
        yield* amongst(replicas, many.slice(5), (last) =>
          Effect.andThen(Effect.sleep(last * 20), create(newRun(last, "rollback"))))
        yield* quiet(watch, 100)
        const rows = yield* inOrder(thread)
        assert.isTrue(rows.every(({ status }) =>
          status === "success"
        ))
        const left = new Set((yield* checkpointsLeft(thread)).map((name) => name.split(" ")[1]))
        assert.isAbove(watch.takenUp.length, rows.length)
        assert.deepStrictEqual(
          [...left].filter((id) => !rows.some(({ run_id }) => run_id === id)),
          []
        )
      }).pipe(Effect.provideContext(replicas[0]))
    }))

  it.live("that answer one question at once: one acts", () =>
    Effect.gen(function*() {
      const replicas = yield* twoReplicas()
      yield* Effect.gen(function*() {
        yield* withThread
        const ledger = yield* RunLedger
        const tell = yield* atEnd
        const execute = Effect.fnUntraced(function*(run_id: RunId, outcome: RunOutcome) {
          yield* ledger.claim({ run_id, thread_id: thread })
          yield* ledger.settle({ run_id, attempt: 1 }, outcome, nothingNoted, tell)
        })
        for (let round = 0; round < 30; round += 3) {
          yield* create(newRun(round))
          yield* execute(runId(round), waiting)
          const strategies: ReadonlyArray<MultitaskStrategy> = ["reject", "enqueue", "interrupt", "rollback"]
          const strategy = strategies[round % 4] ?? "reject"
          const answered = yield* amongst(replicas, [round + 1, round + 2], (last) =>
            Effect.result(create(newRun(last, strategy, { request: { command: { resume: last } } }))))
          const [accepted, ...others] = answered.filter(Result.isSuccess)
          assert.deepStrictEqual([accepted === undefined, others.length], [false, 0])
          const refused = answered.filter(Result.isFailure).map(({ failure }) =>
            failure._tag
          )
          assert.include(["NothingToResume", "ThreadBusy"], refused[0])
          if (accepted !== undefined) yield* execute(accepted.success.run_id, done)
        }
      }).pipe(Effect.provideContext(replicas[0]))
    }))
})
