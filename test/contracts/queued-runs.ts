import { Deferred, Effect, Queue, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { type Run, RunId } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import type { RunCredentials } from "../../src/ports/RunCredentials.ts"
import type { RunHandler } from "../../src/ports/RunQueue.ts"

export const newThread = () => ThreadId.make(randomUUID())

export const runOn = (thread_id: ThreadId): Run => ({
  run_id: RunId.make(randomUUID()),
  thread_id,
  assistant_id: AssistantId.make(randomUUID()),
  graph_id: "agent",
  assistant_version: 1,
  owner: UserId.make(randomUUID()),
  status: "pending",
  attempt: 0,
  metadata: {},
  request: {
    input: null,
    command: null,
    checkpoint: null,
    stream_mode: ["values"],
    stream_subgraphs: false,
    stream_resumable: false,
    interrupt_before: null,
    interrupt_after: null,
    temporary: false
  },
  configuration: {
    configurable: {},
    origins: {},
    dropped: [],
    recursion_limit: 25,
    tags: [],
    metadata: {},
    context: {}
  },
  multitask_strategy: "enqueue",
  tools: null,
  failure: null,
  created_at: new Date(0),
  updated_at: new Date(0)
})

export const credentials: RunCredentials = { token: null, secrets: Redacted.make(new Map()) }

/** The transaction that made the run is through. */
export const committed = Effect.succeed(true)

export type Execute = RunHandler["Service"]["execute"]

/** A handler whose runs go on until the test lets them end; it tells which it has taken up. */
export const held = Effect.gen(function*() {
  const started = yield* Queue.unbounded<RunId>()
  const gates = new Map<RunId, Deferred.Deferred<void>>()
  const gate = Effect.fnUntraced(function*(runId: RunId) {
    const there = gates.get(runId) ?? (yield* Deferred.make<void>())
    gates.set(runId, there)
    return there
  })
  const execute: Execute = (runId) =>
    Effect.andThen(Queue.offer(started, runId), Effect.flatMap(gate(runId), Deferred.await))
  return {
    execute,
    next: Effect.timeout(Queue.take(started), "5 seconds"),
    waiting: Queue.size(started),
    release: (run: Run) => Effect.flatMap(gate(run.run_id), (gate) => Deferred.succeed(gate, undefined))
  }
})
