import { Schema } from "effect"
import type { Queue } from "pg-boss"
import { RunStatus } from "../../domain/Run.ts"

export const webhookQueue = "webhooks"
/** What could not be delivered, for a week: whoever repairs a receiver can have it sent again. */
export const deadWebhookQueue = "webhooks_dead"

const hour = 3600

/** The dead first: the other refers to them. */
export const webhookQueues: ReadonlyArray<Queue> = [
  { name: deadWebhookQueue, retentionSeconds: 7 * 24 * hour },
  {
    name: webhookQueue,
    deadLetter: deadWebhookQueue,
    // After 5 to 10 s, then twice as long each time, and from the tenth on every hour: about a day in all.
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: hour,
    retryLimit: 32,
    retentionSeconds: 3 * 24 * hour,
    // A delivery takes no longer than 15 s. One in the hands of a process that is gone is tried again after this; until
    // then it counts as under way to its receiver.
    expireInSeconds: 20,
    deleteAfterSeconds: hour
  }
]

/** What stands in the queue: all that will not be there any more when a run's thread is gone. */
export const WebhookJob = Schema.Struct({
  url: Schema.String,
  notice: Schema.Struct({
    run_id: Schema.String,
    thread_id: Schema.String,
    assistant_id: Schema.String,
    status: RunStatus,
    metadata: Schema.JsonObject,
    multitask_strategy: Schema.String,
    error: Schema.optionalKey(Schema.Struct({ error: Schema.String, message: Schema.String })),
    created_at: Schema.String,
    updated_at: Schema.String,
    run_started_at: Schema.NullOr(Schema.String),
    run_ended_at: Schema.String
  })
})
export type WebhookJob = typeof WebhookJob.Type
