import { Effect, Logger, ManagedRuntime, Option, Redacted, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { endingOf } from "../../src/app/usecases/EndRun.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { RunId, RunOutcome } from "../../src/domain/Run.ts"
import { nothingNoted } from "../../src/domain/RunRecord.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { type NewRun, RunLedger, Runs } from "../../src/ports/Runs.ts"
import { plainConfiguration, plainRequest } from "../../test/support/PlainRuns.ts"
import { queueReplica } from "./QueueReplica.ts"

/** A process that creates runs which do nothing, a thread for each, and executes what is in line. */
const [url = ""] = process.argv.slice(2)

const decode = Schema.decodeUnknownSync(Schema.Struct({
  owner: UserId,
  atOnce: Schema.Int,
  threads: Schema.Array(ThreadId)
}))

const tenants = 20

const newRun = (thread_id: ThreadId, index: number): NewRun => ({
  run_id: RunId.make(randomUUID()),
  thread_id,
  assistant_id: AssistantId.make("an assistant"),
  graph_id: "agent",
  assistant_version: 1,
  tenant: `tenant ${index % tenants}`,
  metadata: {},
  request: { ...plainRequest, input: { messages: [{ role: "user", content: "Guten Tag" }] } },
  configuration: {
    ...plainConfiguration,
    configurable: { model_name: "openai:gpt-4o" },
    origins: { model_name: "assistant" }
  },
  multitask_strategy: "enqueue",
  home: null,
  traceparent: null,
  configured_ms: 0,
  after_seconds: 0
})

const runtime = ManagedRuntime.make(queueReplica(Redacted.make(url)))
const quietly = <A, E>(work: Effect.Effect<A, E, ManagedRuntime.ManagedRuntime.Services<typeof runtime>>) =>
  runtime.runPromise(Effect.provide(work, Logger.layer([])))

const works = Effect.gen(function*() {
  const ledger = yield* RunLedger
  const ending = yield* endingOf
  yield* (yield* RunQueue).work({
    execute: Effect.fnUntraced(function*(job) {
      const claimed = yield* ledger.claim(job)
      if (Option.isNone(claimed)) return "gone" as const
      const done = RunOutcome.Completed({ interrupts: {}, waiting: false })
      yield* ledger.settle(claimed.value, done, nothingNoted, ending("null"))
      return "gone" as const
    }, Effect.orDie),
    stopRequests: ledger.stopRequests
  })
  return yield* Effect.never
}).pipe(Effect.scoped)

const creates = ({ atOnce, owner, threads }: ReturnType<typeof decode>) =>
  Effect.gen(function*() {
    const runs = yield* Runs
    const ending = yield* endingOf
    yield* Effect.forEach(
      threads,
      (thread, index) => runs.create(newRun(thread, index), { userId: owner, memberships: [] }, ending("null")),
      { concurrency: atOnce, discard: true }
    )
  })

process.on("message", (message) => {
  quietly(creates(decode(message))).then(() => process.send?.("created"))
})
process.once("disconnect", () => process.exit())
await runtime.context()
void quietly(works)
process.send?.("ready")
