import { PgClient } from "@effect/sql-pg"
import { Effect, Option } from "effect"
import fc from "fast-check"
import { assert } from "vitest"
import { type CancelAction, type MultitaskStrategy, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { RunLedger } from "../../src/ports/Runs.ts"
import { Threads } from "../../src/ports/Threads.ts"
import type { RunModel } from "./run-model.ts"
import {
  cancel,
  claim,
  create,
  done,
  ends,
  failed,
  newRun,
  nord,
  type Replica,
  runId,
  settle,
  waiting
} from "./run-world.ts"

/** Carries out what the model does on a real database. */
export type Real = <A, E>(effect: Effect.Effect<A, E, Replica>) => Promise<A>

const threadId = (thread: number) => ThreadId.make(`00000000-0000-4000-a000-00000000000${thread}`)

const number = (id: string) => Number(id.slice(-12))

/** Everything the model says something about, as the tables have it. */
const stateOf = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const threads = yield* sql<{ readonly id: string; readonly status: string; readonly open: boolean }>`
    select id::text as id, status, interrupts <> '{}' as open from langgraph_server.threads order by id`
  const runs = yield* sql<{ readonly id: string }>`
    select
      r.id::text as id, r.status, r.attempt, r.lost, r.started_at is not null as started, r.cancel_requested as cancel,
      r.offered_at is not null as offered, j.run_id is not null as "inLine"
    from langgraph_server.runs r
    left join test_queue.jobs j on j.run_id = r.id
    order by r.id`
  const strays = yield* sql`
    select from test_queue.jobs j
    where not exists (
      select from langgraph_server.runs r where r.id = j.run_id and r.status in ('pending', 'running')
    )`
  return {
    threads: threads.map(({ id, ...rest }) => [number(id), rest]),
    runs: runs.map(({ id, ...rest }) => [number(id), rest]),
    ends: (yield* ends).toSorted(),
    strays: strays.length
  }
})

const expected = (model: RunModel) => ({
  threads: [...model.threads].toSorted(([a], [b]) => a - b).map(([id, thread]) => [id, { ...thread }]),
  runs: [...model.runs.values()].map(({ attempt, cancel, inLine, lost, number, offered, started, status }) => [
    number,
    { attempt, cancel, inLine, lost, offered, started, status }
  ]),
  ends: model.ends.toSorted(),
  strays: 0
})

interface Step {
  readonly text: string
  /** What the model and the real thing answer. */
  readonly model: (model: RunModel) => unknown
  readonly real: (model: RunModel) => Effect.Effect<unknown, unknown, Replica>
}

/** One of the runs that have ever been, and on which thread it was. */
export interface Picked {
  readonly number: number
  readonly thread: number
}

class Command implements fc.AsyncCommand<RunModel, Real> {
  #shown = "(not run)"
  readonly of: (model: RunModel) => Step | undefined

  constructor(of: (model: RunModel) => Step | undefined) {
    this.of = of
  }

  check(model: Readonly<RunModel>) {
    return this.of(model) !== undefined
  }

  async run(model: RunModel, real: Real) {
    const step = this.of(model)
    if (step === undefined) return
    this.#shown = step.text
    // What it does depends on what is there: looked at before either changes it.
    const effect = step.real(model)
    const answer = await real(effect)
    assert.deepStrictEqual(answer, step.model(model), `answer of ${step.text}`)
    assert.deepStrictEqual(await real(stateOf), expected(model), `after ${step.text}`)
  }

  toString() {
    return this.#shown
  }
}

const threadNumbers = [1, 2] as const
const threads = fc.constantFrom(...threadNumbers)

/** An empty database with the threads, as the model begins. */
export const beginning = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`truncate langgraph_server.threads, langgraph_server.runs, test_queue.jobs, test_queue.stops, test_queue.ends cascade`
  const all = yield* Threads
  yield* Effect.forEach(threadNumbers, (thread) => all.create(threadId(thread), {}, nord))
})

const actions: fc.Arbitrary<CancelAction> = fc.constantFrom("interrupt", "rollback")
const strategies: fc.Arbitrary<MultitaskStrategy> = fc.constantFrom(
  "reject",
  "enqueue",
  "enqueue",
  "interrupt",
  "rollback"
)
const outcomes: fc.Arbitrary<RunOutcome> = fc.constantFrom(
  done,
  waiting,
  failed,
  RunOutcome.Cancelled({ action: "interrupt" }),
  RunOutcome.Cancelled({ action: "rollback" }),
  RunOutcome.TimedOut({ failure: { error: "RunTimeout", message: "too long" } })
)

/** Where the history of all runs that were accepted is kept: the model forgets those that are gone, workers don't. */
export const commands = () => {
  const history: Array<Picked> = []

  /** The latest most often: what has ended long ago answers the same for ever. */
  const back = fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(30) })
  const onRun = (step: (run: Picked, model: RunModel) => Step) => (steps: number) =>
    new Command((model) => {
      const run = history[history.length - 1 - steps]
      return run === undefined ? undefined : step(run, model)
    })
  const attemptOf = (model: RunModel, run: Picked) => model.run(run.number)?.attempt ?? 1

  const opening = threads.map((thread) =>
    new Command((model) =>
      model.threads.has(thread) ? undefined : {
        text: `open thread ${thread}`,
        model: (model) => model.openThread(thread),
        real: () => Effect.asVoid(Effect.flatMap(Threads, (all) => all.create(threadId(thread), {}, nord)))
      }
    )
  )
  const creating = fc.tuple(threads, strategies, fc.oneof(fc.constant(false), fc.boolean())).map((
    [thread, strategy, resume]
  ) =>
    new Command((model) => {
      const last = model.created + 1
      const request = resume ? { command: { resume: "yes" } } : {}
      return {
        text: `create ${last} on thread ${thread} (${strategy}${resume ? ", resume" : ""})`,
        model: (model) => {
          model.created = last
          const admitted = model.create(last, thread, strategy, resume)
          if (admitted === "accepted") history.push({ number: last, thread })
          return admitted
        },
        real: () =>
          create(newRun(last, strategy, { thread_id: threadId(thread), request })).pipe(
            Effect.match({ onFailure: ({ _tag }): string => _tag, onSuccess: () => "accepted" })
          )
      }
    })
  )
  const claiming = back.map(onRun(({ number, thread }) => ({
    text: `claim ${number}`,
    model: (model) => model.claim(number, thread),
    real: () =>
      Effect.map(
        claim(number, threadId(thread)),
        Option.match({ onNone: () => null, onSome: ({ attempt }) => attempt })
      )
  })))
  const settling = fc.tuple(back, outcomes, fc.constantFrom(0, 0, 0, 1)).map(([steps, outcome, late]) =>
    onRun((run, model) => {
      const attempt = attemptOf(model, run) - late
      return {
        text: `settle ${run.number}, attempt ${attempt}, ${JSON.stringify(outcome)}`,
        model: (model) => model.settle(run.number, attempt, outcome),
        real: () =>
          Effect.map(
            settle(run.number, attempt, outcome),
            Option.match({ onNone: () => "void", onSome: ({ _tag }): string => _tag })
          )
      }
    })(steps)
  )
  const releasing = fc.tuple(back, fc.constantFrom(0, 0, 1)).map(([steps, late]) =>
    onRun((run, model) => {
      const attempt = attemptOf(model, run) - late
      return {
        text: `release ${run.number}, attempt ${attempt}`,
        model: (model) => model.release(run.number, attempt),
        real: () =>
          Effect.flatMap(RunLedger, (ledger) => ledger.release({ run_id: runId(run.number), attempt }, nothingNoted))
      }
    })(steps)
  )
  const cancelling = fc.tuple(back, actions).map(([steps, action]) =>
    onRun(({ number }) => ({
      text: `cancel ${number} (${action})`,
      model: (model) => model.cancel(number, action),
      real: () => cancel(number, action)
    }))(steps)
  )
  const deleting = threads.map((thread) =>
    new Command(() => ({
      text: `delete thread ${thread}`,
      model: (model) => {
        const there = model.threads.has(thread)
        model.deleteThread(thread)
        return there
      },
      real: () => Effect.flatMap(Threads, (all) => all.delete(threadId(thread), nord))
    }))
  )
  const forgetting = fc.tuple(back, fc.constantFrom("job" as const, "row" as const)).map(([steps, what]) =>
    onRun(({ number }) => ({
      text: `lose the ${what} of ${number}`,
      model: (model) => model.forget(number, what),
      real: () =>
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          yield* sql`delete from test_queue.jobs where run_id = ${runId(number)}`
          if (what === "job") return
          yield* sql`
            update langgraph_server.runs set offered_at = null where id = ${runId(number)} and status = 'pending'`
        })
    }))(steps)
  )
  const looking = fc.constant(null).map(() =>
    new Command(() => ({
      text: "offer what is forgotten",
      model: (model) => model.offerForgotten(),
      real: () =>
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          yield* sql`
            update langgraph_server.runs
            set run_at = run_at - interval '1 minute', offered_at = offered_at - interval '1 minute'`
          return yield* (yield* RunLedger).offerForgotten
        })
    }))
  )
  // The more often, the likelier: chance alone rarely brings a run to its end.
  return {
    commands: [
      opening,
      ...Array.from({ length: 5 }, () => creating),
      ...Array.from({ length: 6 }, () => claiming),
      ...Array.from({ length: 6 }, () => settling),
      releasing,
      cancelling,
      cancelling,
      deleting,
      forgetting,
      looking
    ],
    begin: (model: RunModel) => {
      history.length = 0
      threadNumbers.forEach((thread) => model.openThread(thread))
    }
  }
}
