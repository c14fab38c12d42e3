import { Schema } from "effect"
import type { Queue, SendOptions } from "pg-boss"
import { RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import type { RunOffer } from "../../ports/RunQueue.ts"

export const runQueue = "runs"

const day = 24 * 3600

/** One run of a thread at a time is ours to see to; what is left to the queue is that each job is in one pair of hands. */
export const runQueues = ({ heartbeatSeconds }: { readonly heartbeatSeconds: number }): ReadonlyArray<Queue> => [{
  name: runQueue,
  policy: "standard",
  heartbeatSeconds,
  // How often a run may be tried is counted on its row, where those that were handed back don't count.
  retryLimit: 1_000_000,
  retryDelay: 0,
  expireInSeconds: day - 1,
  retentionSeconds: 400 * day,
  deleteAfterSeconds: 3600
}]

/** What a job says; all else stands in the run's row. */
export const RunJobData = Schema.Struct({ run_id: RunId, thread_id: ThreadId })

/** The largest that its column holds. */
const maxPriority = 2 ** 31 - 1

/** A run's job, by its id: there is one, however often it is offered. */
export const jobOf = ({ home, run_at, run_id, turn }: RunOffer, now: number): SendOptions => ({
  id: run_id,
  priority: -Math.min(turn, maxPriority),
  ...(home === null ? {} : { group: { id: home } }),
  ...(run_at.getTime() > now ? { startAfter: run_at } : {})
})

/** The same jobs as pg-boss takes them, made of `runs` where these are due. */
export const jobsOf = (runs: string): string =>
  `(
  select json_agg(json_build_object(
    'id', r.run_id,
    'data', json_build_object('run_id', r.run_id, 'thread_id', r.thread_id),
    'priority', -least(r.turn, ${maxPriority}),
    'groupId', r.home
  ))
  from ${runs} r
)`
