import { Effect, Option, Stream } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import { type ProtocolEvent, runOfSeq, seqOf, type Subscription, wants } from "../../domain/ProtocolEvents.ts"
import { streamedRun } from "../../domain/ProtocolRun.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { resultEvent, type RunEvent, RunEvents } from "../../ports/RunEvents.ts"
import { type BegunRun, type LatestRun, ThreadRuns } from "../../ports/ThreadRuns.ts"
import { findThread } from "./ManageThreads.ts"

/** A run's log, read from its beginning, as events of the protocol: those of each batch together. */
const eventsOf = (
  run: BegunRun,
  log: Stream.Stream<RunEvent>,
  readsOn: boolean
): Stream.Stream<ReadonlyArray<ProtocolEvent>> =>
  Stream.suspend(() => {
    const streamed = streamedRun(run)
    const events = Stream.mapArray(log, (batch) => [
      batch.flatMap(({ data, event }) => event === resultEvent ? streamed.result(data) : streamed.take(event, data))
    ])
    return readsOn ? Stream.concat(events, Stream.sync(() => streamed.end())) : events
  })

/**
 * A thread's events after a number (0: all that are kept), run after run, and on through the runs to come. Runs whose logs
 * have been cleared away are left out: what they came to is the thread's state. Nothing is kept of it but the logs, so
 * that any replica can go on where another left off.
 */
export const followThread = Effect.fn("followThread")(function*(
  threadId: ThreadId,
  since: number,
  subscription: Subscription,
  principal: Principal
) {
  yield* findThread(threadId, principal)
  const events = yield* RunEvents
  const runs = (yield* ThreadRuns).follow(threadId, runOfSeq(since), principal)
  const wanted = wants(subscription)
  return runs.pipe(
    // Always from a run's beginning: only so have its events the same numbers again.
    Stream.flatMap((run) => eventsOf(run, events.read(run.run_id, -1), true)),
    Stream.map((batch) => batch.filter((event) => event.seq > since && wanted(event)))
  )
})

/** What there is so far of the run that a thread has come to. */
export const latestEvents = Effect.fn("latestEvents")(function*({ active, lastEventId, ...run }: LatestRun) {
  const log = (yield* RunEvents).read(run.run_id, -1)
  const sofar = lastEventId < 0 ? Stream.empty : Stream.takeUntil(log, ({ id }) => id >= lastEventId)
  return (yield* Stream.runCollect(active ? eventsOf(run, sofar, false) : eventsOf(run, log, true))).flat()
})

/** The number of the last event so far. */
export const lastSeq = (run: LatestRun, events: ReadonlyArray<ProtocolEvent>): number =>
  events.at(-1)?.seq ?? seqOf(run.nth, 0)

export const latestRun = Effect.fn("latestRun")(function*(threadId: ThreadId, principal: Principal) {
  yield* findThread(threadId, principal)
  return Option.getOrNull(yield* (yield* ThreadRuns).latest(threadId, principal))
})
