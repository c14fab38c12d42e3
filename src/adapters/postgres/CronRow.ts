import { Schema } from "effect"
import { AssistantId } from "../../domain/Assistant.ts"
import { type Cron, CronId, OnRunCompleted } from "../../domain/Cron.ts"
import { UserId } from "../../domain/Principal.ts"
import { MultitaskStrategy, RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { RunRequest } from "./RunRow.ts"

const { temporary: _, ...request } = RunRequest.fields

const CronRun = Schema.Struct({
  request: Schema.Struct({ ...request, timeout_seconds: Schema.NullOr(Schema.Number) }),
  config: Schema.JsonObject,
  context: Schema.JsonObject,
  multitask_strategy: MultitaskStrategy
})

const fields = {
  cron_id: CronId,
  owner: UserId,
  assistant_id: AssistantId,
  thread_id: Schema.NullOr(ThreadId),
  schedule: Schema.String,
  timezone: Schema.NullOr(Schema.String),
  end_time: Schema.NullOr(Schema.Date),
  enabled: Schema.Boolean,
  on_run_completed: OnRunCompleted,
  run: CronRun,
  metadata: Schema.JsonObject,
  next_run_date: Schema.NullOr(Schema.Date),
  last_tick: Schema.NullOr(Schema.Date),
  last_run_id: Schema.NullOr(RunId),
  last_error: Schema.NullOr(Schema.String),
  refusals: Schema.Int,
  created_at: Schema.Date,
  updated_at: Schema.Date
}

export const CronRow: Schema.Codec<Cron, unknown> = Schema.Struct(fields)

/** What a ticker sees of a cron, by the database's clock. */
export const SeenCronRow: Schema.Codec<
  Cron & { readonly revision: number; readonly seen_at: Date },
  unknown
> = Schema.Struct({ ...fields, revision: Schema.Int, seen_at: Schema.Date })

/** What `CronRow` needs, of the rows `c`. */
export const cronColumns = `
  c.id as cron_id, c.owner_id as owner, c.assistant_id, c.thread_id, c.schedule, c.timezone, c.end_time, c.enabled,
  c.on_run_completed, c.run, c.metadata, c.next_run_at as next_run_date, c.last_tick, c.last_run_id, c.last_error,
  c.refusals, c.created_at, c.updated_at`
