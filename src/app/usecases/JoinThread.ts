import { Effect, Option, Stream } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { type NumberedRunEvent, resultEvent, RunEvents } from "../../ports/RunEvents.ts"
import { type BegunRun, ThreadRuns } from "../../ports/ThreadRuns.ts"
import { asRunFrame } from "./FollowRun.ts"
import { findThread } from "./ManageThreads.ts"

/** A place between a thread's frames: behind which frame of which of its runs. */
export interface FramePlace {
  readonly nth: number
  /** -1: before the first. */
  readonly after: number
}

/** A frame of one of a thread's runs, or the word that the run is done. */
export interface ThreadFrame {
  readonly nth: number
  /** `null`: after all others of its run. */
  readonly id: number | null
  readonly event: string
  readonly data: string
}

const frameOf = (nth: number) => ({ data, event, id }: NumberedRunEvent): ThreadFrame => ({ nth, id, event, data })

const done = ({ nth, run_id }: BegunRun): ThreadFrame => ({
  nth,
  id: null,
  event: "metadata",
  data: JSON.stringify({ status: "run_done", run_id })
})

/** The frames of a thread's runs, one run after the other, from a place on (from now on, if there is none). */
export const joinThread = Effect.fn("joinThread")(function*(
  threadId: ThreadId,
  from: FramePlace | null,
  principal: Principal
) {
  yield* findThread(threadId, principal)
  const events = yield* RunEvents
  const runs = yield* ThreadRuns
  const now = Effect.map(
    runs.latest(threadId, principal),
    Option.match({
      onNone: (): FramePlace => ({ nth: 1, after: -1 }),
      onSome: ({ active, lastEventId, nth }): FramePlace =>
        active ? { nth, after: lastEventId } : { nth: nth + 1, after: -1 }
    })
  )
  const { after, nth } = from ?? (yield* now)
  return runs.follow(threadId, nth, principal).pipe(
    Stream.flatMap((run) =>
      events.read(run.run_id, run.nth === nth ? after : -1).pipe(
        Stream.filter(({ event }) => event !== resultEvent),
        Stream.filterMap(asRunFrame),
        Stream.map(frameOf(run.nth)),
        Stream.concat(Stream.make(done(run)))
      )
    )
  )
})
