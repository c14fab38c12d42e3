import { Clock, Effect, Option } from "effect"
import type { CronId, CronRun, CronTiming, OnRunCompleted } from "../../domain/Cron.ts"
import { CronNotFound } from "../../domain/Cron.ts"
import { changed, type CronChange } from "../../domain/CronChange.ts"
import { planned } from "../../domain/CronTicks.ts"
import type { JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import { Crons } from "../../ports/Crons.ts"
import { WebhookPost } from "../../ports/WebhookPost.ts"
import { openThread, type ThreadChoice } from "./CreateRun.ts"
import { sealed } from "./ManageAssistants.ts"
import { resolveAssistant } from "./ResolveAssistant.ts"

export interface NewCron extends CronTiming {
  readonly cron_id: CronId
  readonly assistant: string
  /** Without one each run brings its own. */
  readonly thread: Extract<ThreadChoice, { readonly _tag: "Existing" }> | null
  readonly on_run_completed: OnRunCompleted
  readonly run: CronRun
  readonly metadata: JsonObject
}

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis))

/** What a tick would refuse is refused to whoever asks for it, where that can be known. */
const admitWebhook = Effect.fnUntraced(function*(url: string | null) {
  if (url !== null) yield* (yield* WebhookPost).admit(url)
})

export const createCron = Effect.fn("createCron")(function*(asked: NewCron, principal: Principal) {
  const plan = yield* Effect.fromResult(planned({ ...asked, last_tick: null }, yield* now))
  const { assistant_id } = yield* resolveAssistant(asked.assistant, principal)
  yield* admitWebhook(asked.run.request.webhook)
  const config = yield* sealed(asked.run.config)
  const { thread } = asked
  if (thread !== null) yield* openThread(thread, principal)
  return yield* (yield* Crons).create(
    asked.cron_id,
    {
      assistant_id,
      thread_id: thread?.id ?? null,
      end_time: asked.end_time,
      enabled: asked.enabled,
      ...plan,
      on_run_completed: asked.on_run_completed,
      run: { ...asked.run, config },
      metadata: asked.metadata,
      last_error: null,
      refusals: 0
    },
    principal
  )
})

/** A cron of the caller's; everybody else's is not there. */
export const updateCron = Effect.fn("updateCron")(function*(id: CronId, change: CronChange, principal: Principal) {
  const crons = yield* Crons
  // Nobody who has no such cron learns what else would be wrong with the request.
  if (Option.isNone(yield* crons.find(id, principal))) return yield* new CronNotFound({ cron: id })
  yield* admitWebhook(change.request?.webhook ?? null)
  const config = change.config === undefined ? {} : { config: yield* sealed(change.config) }
  const at = yield* now
  const updated = yield* crons.update(
    id,
    (present) => Effect.fromResult(changed(present, { ...change, ...config }, at)),
    principal
  )
  return yield* Effect.mapError(Effect.fromOption(updated), () => new CronNotFound({ cron: id }))
})

export const deleteCron = Effect.fn("deleteCron")(function*(id: CronId, principal: Principal) {
  if (!(yield* (yield* Crons).delete(id, principal))) return yield* new CronNotFound({ cron: id })
})
