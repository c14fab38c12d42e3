import { Effect, Option, Result, Stream } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import { runFrameName } from "../../domain/ProtocolLog.ts"
import type { Run, RunId } from "../../domain/Run.ts"
import { isActive, RunNotFound } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { ThreadNotFound } from "../../domain/Thread.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import type { NumberedRunEvent } from "../../ports/RunEvents.ts"
import { resultEvent, RunEvents } from "../../ports/RunEvents.ts"
import { Runs } from "../../ports/Runs.ts"
import { Subruns } from "../../ports/Subruns.ts"
import { Threads } from "../../ports/Threads.ts"
import { unexecuted } from "./EndRun.ts"

/** What is missing, the thread or the run on it: a thread of somebody else's is not there. */
const missing = Effect.fnUntraced(function*(threadId: ThreadId, runId: RunId, principal: Principal) {
  if (Option.isNone(yield* (yield* Threads).find(threadId, principal))) {
    return yield* new ThreadNotFound({ thread: threadId })
  }
  return yield* new RunNotFound({ run: runId })
})

/** A run of a thread of the caller's; everybody else's is not there. */
export const findRun = Effect.fn("findRun")(function*(threadId: ThreadId, runId: RunId, principal: Principal) {
  const found = yield* (yield* Runs).find(threadId, runId, principal)
  return Option.isSome(found) ? found.value : yield* missing(threadId, runId, principal)
})

/** The same, with what its time went into, and what other agents did for it. */
export const findRecord = Effect.fn("findRecord")(function*(threadId: ThreadId, runId: RunId, principal: Principal) {
  const found = yield* (yield* Runs).record(threadId, runId, principal)
  if (Option.isNone(found)) return yield* missing(threadId, runId, principal)
  return { ...found.value, subruns: yield* (yield* Subruns).of(runId, principal) }
})

/** The same for whoever knows no more than the run's id. */
export const findRunAnywhere = Effect.fn("findRunAnywhere")(function*(runId: RunId, principal: Principal) {
  const thread = yield* (yield* Runs).threadOf(runId, principal)
  if (Option.isNone(thread)) return yield* new RunNotFound({ run: runId })
  return yield* findRun(thread.value, runId, principal)
})

/** What a reader who goes away does to the run. */
export type OnDisconnect = "cancel" | "continue"

export const whenReaderLeaves = Effect.fnUntraced(
  function*(run: Run, onDisconnect: OnDisconnect, principal: Principal) {
    if (onDisconnect === "continue") return
    const runs = yield* Runs
    yield* runs.cancel(run.run_id, "interrupt", principal, yield* unexecuted).pipe(
      Effect.catchTag("StorageUnavailable", (error) => Effect.logWarning(`Run not cancelled: ${error.message}`))
    )
  }
)

/** A run that tells the protocol's events is read like any other by who knows nothing of them. */
export const asRunFrame = (frame: NumberedRunEvent): Result.Result<NumberedRunEvent, void> => {
  const event = runFrameName(frame.event)
  return event === undefined ? Result.fail(undefined) : Result.succeed({ ...frame, event })
}

/** Whether it was taken up, or has ended without, as far as is known. */
const hasBegun = ({ attempt, status }: Run): boolean => attempt > 0 || !isActive(status)

/** The frames of a run after an id (-1: all), then live until its end. */
export const followRun = Effect.fn("followRun")(function*(
  run: Run,
  after: number,
  onDisconnect: OnDisconnect,
  principal: Principal
) {
  const events = yield* RunEvents
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof whenReaderLeaves>>>()
  const left = Effect.provideContext(whenReaderLeaves(run, onDisconnect, principal), context)
  return events.read(run.run_id, after, { begun: hasBegun(run) }).pipe(
    Stream.filter((event: NumberedRunEvent) => event.event !== resultEvent),
    Stream.filterMap(asRunFrame),
    Stream.onExit((exit) => exit._tag === "Failure" ? left : Effect.void)
  )
})

/** What a run came to, as JSON text: its final values, or `{"__error__": …}` (contract 7). Waits for its end. */
export const awaitRun = Effect.fn("awaitRun")(function*(run: Run, onDisconnect: OnDisconnect, principal: Principal) {
  const events = yield* RunEvents
  const result = yield* events.read(run.run_id, -1, { begun: hasBegun(run) }).pipe(
    Stream.filter((event) => event.event === resultEvent),
    Stream.runLast,
    Effect.onInterrupt(() => whenReaderLeaves(run, onDisconnect, principal))
  )
  return Option.isSome(result) ? result.value.data : yield* recordedResult(run, principal)
})

/** A run whose log is gone, or that was cancelled, has its thread's state to show. */
const recordedResult = Effect.fnUntraced(function*(run: Run, principal: Principal) {
  const now = yield* (yield* Runs).find(run.thread_id, run.run_id, principal)
  if (Option.isNone(now)) return "{}"
  if (now.value.failure !== null) return JSON.stringify({ __error__: now.value.failure })
  const graphs = yield* AgentGraphs
  return JSON.stringify((yield* graphs.state(run.graph_id, run.thread_id, null, { subgraphs: false })).values)
})
