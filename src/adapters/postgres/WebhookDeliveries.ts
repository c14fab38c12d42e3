import { Clock, Duration, Effect, FiberSet, Latch, Layer, Metric, Option, Schema, Stream } from "effect"
import type { JobWithMetadata } from "pg-boss"
import { RunId } from "../../domain/Run.ts"
import { webhookHost } from "../../domain/Webhook.ts"
import { resultEvent, RunEvents } from "../../ports/RunEvents.ts"
import { WebhookNotTaken, WebhookPost } from "../../ports/WebhookPost.ts"
import { JobEngine } from "./JobEngine.ts"
import { deadWebhookQueue, WebhookJob, webhookQueue } from "./WebhookQueue.ts"

const deliveries = Metric.counter("throughline_webhooks_total", {
  description: "Webhooks by what became of them; failed: will be tried again, dead: given up",
  incremental: true
})

const count = (result: "dead" | "delivered" | "failed") =>
  Metric.update(Metric.withAttributes(deliveries, { result }), 1)

/** At a time, in this process. */
const inFlight = 32
/** And at a time to one receiver, by all processes: a slow one does not hold up the others. */
const perReceiver = 8
/** What is read and sent for one delivery; the queue takes a job for lost some seconds later. */
const longest = Duration.seconds(15)

const decodeJob = Schema.decodeUnknownEffect(WebhookJob)
const decodeValues = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

export interface DeliveryOptions {
  readonly lookEvery?: Duration.Input
  /** How long what is being delivered may take when this process ends; what is left is for others. */
  readonly drainFor?: Duration.Input
}

/** Delivers what the runs of all processes have announced, at least once each, for as long as its scope is open. */
export const webhookDeliveries = ({ drainFor = "3 seconds", lookEvery = "3 seconds" }: DeliveryOptions = {}) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const engine = yield* JobEngine
    const events = yield* RunEvents
    const { send } = yield* WebhookPost

    /** What waiting for the run answers; none when it failed or was stopped, or its log has been cleared away since. */
    const valuesOf = Effect.fnUntraced(function*(notice: WebhookJob["notice"]) {
      if (notice.status !== "success") return null
      const last = yield* events.read(RunId.make(notice.run_id), -1).pipe(
        Stream.filter(({ event }) => event === resultEvent),
        Stream.runLast
      )
      return Option.isSome(last) ? yield* decodeValues(last.value.data) : null
    })

    const deliver = Effect.fnUntraced(
      function*({ notice, url }: WebhookJob, attempt: number) {
        const values = yield* valuesOf(notice)
        const webhook_sent_at = new Date(yield* Clock.currentTimeMillis).toISOString()
        const body = JSON.stringify({ ...notice, webhook_sent_at, values })
        yield* send({ url, body, delivery: RunId.make(notice.run_id), attempt })
      },
      Effect.timeoutOrElse({
        duration: longest,
        orElse: () => Effect.fail(new WebhookNotTaken({ why: "it took too long", final: false }))
      })
    )

    const held = ({ id, retryCount }: JobWithMetadata<unknown>) => ({ id, retryCount })

    const give = Effect.fnUntraced(function*(job: JobWithMetadata<unknown>) {
      const webhook = yield* decodeJob(job.data)
      const attempt = job.retryCount + 1
      const failed = yield* deliver(webhook, attempt).pipe(
        Effect.as(Option.none<WebhookNotTaken>()),
        Effect.catchTag("WebhookNotTaken", Effect.succeedSome)
      )
      if (Option.isNone(failed)) {
        yield* engine.ask((boss, db) => boss.complete(webhookQueue, held(job), null, { db }))
        return yield* count("delivered")
      }
      const { final, why } = failed.value
      const told = `Webhook of run ${webhook.notice.run_id} to ${webhookHost(webhook.url)} not delivered: ${why}`
      if (!final && job.retryCount < job.retryLimit) {
        // On the engine's own connection: ours takes no objects as parameters of unknown type.
        yield* engine.ask((boss) => boss.fail(webhookQueue, held(job), { message: why }))
        yield* Effect.logInfo(`${told}; it will be tried again (attempt ${attempt})`)
        return yield* count("failed")
      }
      const dead = { ...webhook, why, attempts: attempt }
      // Given up first, by the same id: a process that ends in between gives up once more, and nothing is lost.
      yield* engine.ask((boss, db) => boss.send(deadWebhookQueue, dead, { id: job.id, db }))
      yield* engine.ask((boss, db) => boss.complete(webhookQueue, held(job), null, { db }))
      yield* Effect.logWarning(`${told}; given up after ${attempt} attempt(s), kept in ${deadWebhookQueue} for a week`)
      yield* count("dead")
    })

    const giving = yield* FiberSet.make<void>()
    const ended = yield* Latch.make(false)
    yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(giving), drainFor))

    const take = Effect.gen(function*() {
      const free = inFlight - (yield* FiberSet.size(giving))
      if (free === 0) return 0
      const options = { batchSize: free, groupConcurrency: perReceiver, includeMetadata: true } as const
      const jobs = yield* engine.ask((boss, db) => boss.fetch<unknown>(webhookQueue, { ...options, db }))
      yield* Effect.forEach(jobs, (job) =>
        // Whatever else goes wrong, the queue takes the job for lost and hands it out again.
        FiberSet.run(
          giving,
          give(job).pipe(
            Effect.catchCause((cause) => Effect.logWarning("Webhook not delivered, will be tried again", cause)),
            Effect.ensuring(ended.open)
          )
        ), { discard: true })
      return jobs.length
    })

    // Soon as long as there is something or a receiver is free again, then by and by: nobody waits in milliseconds.
    const look = Effect.gen(function*() {
      yield* ended.close
      const taken = yield* take.pipe(
        // That the database is away, or the queue not set up yet, is said elsewhere.
        Effect.catchTag("StorageUnavailable", () => Effect.succeed(0)),
        Effect.catchCause((cause) => Effect.as(Effect.logWarning("Webhooks not looked for", cause), 0))
      )
      if (taken === 0) yield* Effect.raceFirst(Effect.sleep(lookEvery), ended.await)
      yield* Effect.sleep("50 millis")
    })
    yield* Effect.forkScoped(Effect.forever(look))
  }))
