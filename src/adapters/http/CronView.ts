import { Schema } from "effect"
import type { Cron } from "../../domain/Cron.ts"
import { OnRunCompleted } from "../../domain/Cron.ts"
import { shown } from "./AssistantView.ts"

const OrNull = Schema.NullOr(Schema.String)

export const CronView = Schema.Struct({
  cron_id: Schema.String,
  assistant_id: Schema.String,
  thread_id: OrNull,
  on_run_completed: Schema.NullOr(OnRunCompleted),
  end_time: OrNull,
  schedule: Schema.String,
  timezone: OrNull,
  created_at: Schema.String,
  updated_at: Schema.String,
  user_id: Schema.String,
  payload: Schema.JsonObject,
  next_run_date: OrNull,
  metadata: Schema.JsonObject,
  enabled: Schema.Boolean,
  /** The run of its last tick, and why there is none if there is none. */
  last_run_id: OrNull,
  last_run_date: OrNull,
  last_error: OrNull
}).annotate({ identifier: "Cron" })

/** What each of its runs is asked to do, as a run's body says it. */
const payload = ({ assistant_id, run: { config, context, multitask_strategy, request } }: Cron) => ({
  assistant_id,
  input: request.input,
  ...(request.command === null ? {} : { command: request.command }),
  config: shown(config),
  context,
  ...(request.webhook === null ? {} : { webhook: request.webhook }),
  ...(request.interrupt_before === null ? {} : { interrupt_before: request.interrupt_before }),
  ...(request.interrupt_after === null ? {} : { interrupt_after: request.interrupt_after }),
  multitask_strategy,
  stream_mode: request.stream_mode,
  stream_subgraphs: request.stream_subgraphs,
  stream_resumable: request.stream_resumable,
  durability: request.durability
})

export const cronView = (cron: Cron): typeof CronView.Type => ({
  cron_id: cron.cron_id,
  assistant_id: cron.assistant_id,
  thread_id: cron.thread_id,
  on_run_completed: cron.thread_id === null ? cron.on_run_completed : null,
  end_time: cron.end_time?.toISOString() ?? null,
  schedule: cron.schedule,
  timezone: cron.timezone,
  created_at: cron.created_at.toISOString(),
  updated_at: cron.updated_at.toISOString(),
  user_id: cron.owner,
  payload: payload(cron),
  next_run_date: cron.next_run_date?.toISOString() ?? null,
  metadata: cron.metadata,
  enabled: cron.enabled,
  last_run_id: cron.last_run_id,
  last_run_date: cron.last_tick?.toISOString() ?? null,
  last_error: cron.last_error
})
