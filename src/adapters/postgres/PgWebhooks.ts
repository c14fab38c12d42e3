import { Clock, Effect, Layer } from "effect"
import type { Run, RunOutcome } from "../../domain/Run.ts"
import { noticeOf, type RunNotice, webhookHost } from "../../domain/Webhook.ts"
import { Webhooks } from "../../ports/Webhooks.ts"
import { JobEngine } from "./JobEngine.ts"
import { withoutNul } from "./Values.ts"
import { type WebhookJob, webhookQueue } from "./WebhookQueue.ts"

/** A failure repeats a model's or a tool's words, of which Postgres takes neither NUL nor half a surrogate pair. */
const acceptable = (text: string) => withoutNul(text).toWellFormed()

const storable = ({ error, ...rest }: RunNotice): RunNotice =>
  error === undefined
    ? rest
    : { ...rest, error: { error: acceptable(error.error), message: acceptable(error.message) } }

/** Announces by a job in the transaction that ends the run: no end without it, and no job for an end that was not. */
export const PgWebhooks = Layer.effect(
  Webhooks,
  Effect.gen(function*() {
    const engine = yield* JobEngine

    return Webhooks.of({
      announce: Effect.fn("Webhooks.announce")(function*(run: Run, outcome: RunOutcome) {
        const { webhook: url } = run.request
        if (url === null) return
        const endedAt = new Date(yield* Clock.currentTimeMillis)
        const job: WebhookJob = { url, notice: storable(noticeOf(run, outcome, endedAt)) }
        // Once per run, by the job's id. The group bounds what one receiver can keep busy.
        const options = { id: run.run_id, group: { id: webhookHost(url) } }
        yield* engine.ask((boss, db) => boss.send(webhookQueue, job, { ...options, db }))
      })
    })
  })
)
