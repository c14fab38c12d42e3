import { assert } from "@effect/vitest"
import { Deferred, Effect, Queue } from "effect"
import { randomUUID } from "node:crypto"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { type Run, RunId } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import type { RunJob, RunOffer, RunStop, RunWorker } from "../../src/ports/RunQueue.ts"
import { plainConfiguration, plainRequest } from "../support/PlainRuns.ts"

export const newThread = () => ThreadId.make(randomUUID())

export const runOn = (thread_id: ThreadId): Run => ({
  run_id: RunId.make(randomUUID()),
  thread_id,
  assistant_id: AssistantId.make(randomUUID()),
  graph_id: "agent",
  assistant_version: 1,
  owner: UserId.make(randomUUID()),
  tenant: "tenant",
  status: "pending",
  attempt: 0,
  lost: 0,
  run_at: new Date(0),
  started_at: null,
  home: null,
  cancel_requested: null,
  traceparent: null,
  metadata: {},
  request: plainRequest,
  configuration: plainConfiguration,
  multitask_strategy: "enqueue",
  tools: null,
  failure: null,
  parent: null,
  created_at: new Date(0),
  updated_at: new Date(0)
})

/** Each on a thread of its own, as the queue has one run of a thread at a time. */
export const newOffer = (rest: Partial<RunOffer> = {}): RunOffer => ({
  run_id: RunId.make(randomUUID()),
  thread_id: newThread(),
  run_at: new Date(0),
  turn: 1,
  home: null,
  ...rest
})

export const newOffers = (count: number, rest: Partial<RunOffer> = {}) =>
  Array.from({ length: count }, () => newOffer(rest))

export type Answer = Effect.Success<ReturnType<RunWorker["execute"]>>

const nobodyWantsAnythingStopped: RunWorker["stopRequests"] = () => Effect.succeed([])

export const workerOf = (execute: RunWorker["execute"]): RunWorker => ({
  execute,
  stopRequests: nobodyWantsAnythingStopped
})

const answerTo: Readonly<Record<RunStop["_tag"], Answer>> = { Cancelled: "done", Overtaken: "gone", Leaving: "again" }

export interface Told {
  readonly run_id: RunId
  readonly stop: RunStop
  readonly at: number
}

/** A worker whose runs go on until the test lets them end, or they are asked to stop; it tells what it sees. */
export const desk = Effect.gen(function*() {
  const taken = yield* Queue.unbounded<RunJob>()
  const told = yield* Queue.unbounded<Told>()
  const gates = new Map<RunId, Deferred.Deferred<Answer>>()
  let atWork = 0, most = 0
  const gate = Effect.fnUntraced(function*(runId: RunId) {
    const there = gates.get(runId) ?? (yield* Deferred.make<Answer>())
    gates.set(runId, there)
    return there
  })
  const stopped = (run_id: RunId) => (stop: RunStop) =>
    Effect.as(Queue.offer(told, { run_id, stop, at: performance.now() }), answerTo[stop._tag])

  const execute: RunWorker["execute"] = (job, stop) =>
    Effect.gen(function*() {
      most = Math.max(most, ++atWork)
      const released = yield* gate(job.run_id)
      yield* Queue.offer(taken, job)
      return yield* Effect.raceFirst(Deferred.await(released), Effect.flatMap(stop, stopped(job.run_id)))
    }).pipe(Effect.ensuring(Effect.sync(() => {
      atWork -= 1
      gates.delete(job.run_id)
    })))

  const soon = <A>(what: string, effect: Effect.Effect<A>) =>
    Effect.timeoutOrElse(effect, { duration: "60 seconds", orElse: () => Effect.die(new Error(`Nobody ${what}`)) })

  return {
    worker: workerOf(execute),
    /** The next run that is taken up. */
    next: soon("took a run up", Queue.take(taken)),
    /** The next run that is asked to stop. */
    nextTold: soon("was asked to stop", Queue.take(told)),
    /** Those that were taken up, or asked to stop, and that nobody has looked at yet. */
    unseen: Queue.size(taken),
    untold: Queue.size(told),
    most: () => most,
    release: (runId: RunId, answer: Answer = "done") =>
      Effect.flatMap(gate(runId), (gate) => Deferred.succeed(gate, answer))
  }
})

export type Desk = Effect.Success<typeof desk>

/** Ids of the next ones that are taken up. */
export const takes = (at: Pick<Desk, "next">, count: number) =>
  Effect.map(
    Effect.forEach(Array.from({ length: count }), () => at.next),
    (jobs) => jobs.map(({ run_id }) => run_id)
  )

/** How long it took, in ms, until it was so. */
export const until = Effect.fnUntraced(function*<E, R>(what: string, is: Effect.Effect<boolean, E, R>, most = 60_000) {
  const start = performance.now()
  while (!(yield* is)) {
    if (performance.now() - start > most) return assert.fail(`Not within ${most} ms: ${what}`)
    yield* Effect.sleep("10 millis")
  }
  return performance.now() - start
})
