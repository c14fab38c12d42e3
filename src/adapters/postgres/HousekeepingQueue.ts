import type { Queue } from "pg-boss"

export const housekeepingQueue = "housekeeping"

/** How often a round is due, in seconds: of all that replicas ask for in that time, the queue takes one. */
export const roundEvery = 600

/** A round may take that long; it is over well before the next is due, and sooner than the queue takes it for lost. */
export const longestRound = 240

export const housekeepingQueues: ReadonlyArray<Queue> = [{
  name: housekeepingQueue,
  policy: "singleton",
  retryLimit: 0,
  expireInSeconds: 300,
  retentionSeconds: 3600,
  // Longer than a round is due again: what is over keeps another from being asked for in the same time.
  deleteAfterSeconds: 3600
}]
