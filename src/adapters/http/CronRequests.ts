import { DateTime, Option, Schema, SchemaGetter } from "effect"
import type { NewRun } from "../../app/usecases/CreateRun.ts"
import type { NewCron } from "../../app/usecases/ManageCrons.ts"
import { type CronId, OnRunCompleted } from "../../domain/Cron.ts"
import type { CronChange } from "../../domain/CronChange.ts"
import { MultitaskStrategy } from "../../domain/Run.ts"
import { Durability } from "../../domain/RunRequest.ts"
import { Nodes, StatelessRun, StreamModes, ThreadRun, WebhookUrl } from "./RunRequests.ts"
import { Configuration, given, limitOf, maybe, offset, SortOrder, ThreadIdText } from "./Schemas.ts"

/** ISO 8601; without a zone it is UTC. */
const Timestamp = Schema.String.check(
  Schema.makeFilter((text) =>
    Option.isSome(DateTime.make(text)) || "must be a time in ISO 8601, as in 2027-01-31T12:00:00Z"
  )
).pipe(
  Schema.decodeTo(Schema.Date, {
    decode: SchemaGetter.transform((text) => DateTime.toDateUtc(DateTime.makeUnsafe(text))),
    encode: SchemaGetter.transform((date) => date.toISOString())
  })
)

const cron = {
  schedule: Schema.String,
  timezone: maybe(Schema.String),
  end_time: maybe(Timestamp),
  enabled: given(Schema.Boolean, true),
  on_run_completed: given(OnRunCompleted, "delete")
}

export const ThreadCron = Schema.Struct({ ...ThreadRun.fields, ...cron })
export const StatelessCron = Schema.Struct({ ...StatelessRun.fields, ...cron })

type Asked = Omit<NewRun, "run_id" | "overrides">

/** A cron whose runs are asked for as one run is. */
export const cronOf = (
  cron_id: CronId,
  payload: typeof ThreadCron.Type | typeof StatelessCron.Type,
  { assistant, config, context, metadata, multitask_strategy, request, thread }: Asked
): NewCron => ({
  cron_id,
  assistant,
  thread: thread._tag === "Existing" ? thread : null,
  schedule: payload.schedule,
  timezone: payload.timezone ?? null,
  end_time: payload.end_time ?? null,
  enabled: payload.enabled,
  on_run_completed: payload.on_run_completed,
  run: { request, config, context, multitask_strategy },
  metadata
})

/** Left out it stays as it is; null takes it away. */
const orNull = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const request = {
  input: Schema.optionalKey(Schema.Json),
  webhook: orNull(WebhookUrl),
  interrupt_before: orNull(Nodes),
  interrupt_after: orNull(Nodes),
  stream_mode: maybe(StreamModes),
  stream_subgraphs: maybe(Schema.Boolean),
  stream_resumable: maybe(Schema.Boolean),
  durability: maybe(Durability)
}

export const CronPatch = Schema.Struct({
  ...request,
  schedule: maybe(Schema.String),
  timezone: orNull(Schema.String),
  end_time: orNull(Timestamp),
  enabled: maybe(Schema.Boolean),
  on_run_completed: maybe(OnRunCompleted),
  config: maybe(Configuration),
  context: maybe(Schema.JsonObject),
  multitask_strategy: maybe(MultitaskStrategy),
  metadata: maybe(Schema.JsonObject)
})

export const cronChangeOf = ({
  durability,
  input,
  interrupt_after,
  interrupt_before,
  stream_mode,
  stream_resumable,
  stream_subgraphs,
  webhook,
  ...change
}: typeof CronPatch.Type): CronChange => ({
  ...change,
  request: {
    ...(durability === undefined ? {} : { durability }),
    ...(input === undefined ? {} : { input }),
    ...(interrupt_after === undefined ? {} : { interrupt_after }),
    ...(interrupt_before === undefined ? {} : { interrupt_before }),
    ...(stream_mode === undefined ? {} : { stream_mode }),
    ...(stream_resumable === undefined ? {} : { stream_resumable }),
    ...(stream_subgraphs === undefined ? {} : { stream_subgraphs }),
    ...(webhook === undefined ? {} : { webhook })
  }
})

const filter = {
  assistant_id: maybe(Schema.String),
  thread_id: maybe(ThreadIdText),
  enabled: maybe(Schema.Boolean),
  metadata: maybe(Schema.JsonObject)
}

export const CronCount = Schema.Struct(filter)

export const CronSearch = Schema.Struct({
  ...filter,
  limit: limitOf(10),
  offset,
  sort_by: given(
    Schema.Literals(["cron_id", "assistant_id", "thread_id", "created_at", "updated_at", "next_run_date"]),
    "created_at"
  ),
  sort_order: given(SortOrder, "desc"),
  select: maybe(Schema.Array(Schema.String))
})
