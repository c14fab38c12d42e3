import type { PgClient } from "@effect/sql-pg"
import { Schema } from "effect"
import type { Statement } from "effect/sql"
import type { Run } from "../../domain/Run.ts"
import type { AttemptSteps, RunTimes } from "../../domain/RunRecord.ts"
import { runFields } from "./RunRow.ts"
import { jsonb } from "./Values.ts"

const TokenUsage = Schema.Struct({
  input_tokens: Schema.Number,
  output_tokens: Schema.Number,
  total_tokens: Schema.Number
})

const NotedStep = Schema.Struct({
  kind: Schema.Literals(["queue", "configuration", "tools", "model", "tool", "checkpoints"]),
  name: Schema.String,
  started_at: Schema.DateFromString,
  ms: Schema.NullOr(Schema.Number),
  usage: Schema.NullOr(TokenUsage),
  error: Schema.NullOr(Schema.String),
  subrun: Schema.NullOr(Schema.Struct({ run_id: Schema.String, thread_id: Schema.String }))
})

const Attempt = Schema.Struct({
  queued_at: Schema.DateFromString,
  taken_at: Schema.DateFromString,
  steps: Schema.Array(NotedStep),
  left_out: Schema.Number,
  usage: Schema.NullOr(TokenUsage)
})

const times = {
  configured_ms: Schema.NullOr(Schema.Number),
  waiting_since: Schema.NullOr(Schema.Date),
  attempts: Schema.Record(Schema.String, Attempt)
}

type Row = Run & Omit<RunTimes, "created_at">

export const RecordRow: Schema.Codec<Row, unknown> = Schema.Struct({ ...runFields, ...times })

/** What `RecordRow` needs besides a run's own, of the rows `r`. Handed back, a run waits since then. */
export const timesColumns = `
  r.configured_ms, r.steps as attempts,
  case when r.status = 'pending' then case when r.attempt = 0 then r.run_at else r.updated_at end end as waiting_since`

export const recordOf = ({ attempts, configured_ms, waiting_since, ...run }: Row) => ({
  run,
  times: { attempts, configured_ms, waiting_since, created_at: run.created_at } satisfies RunTimes
})

/**
 * What is put to `r.steps`: an object by attempt. The database's clock tells when a run waited: from when it was due; or,
 * taken up again, from when it was handed back or its lost worker was last heard of.
 */
export const stepRows = (sql: PgClient.PgClient) => ({
  /** Of a run that waits for nobody: it is taken up as it is made. */
  atOnce: sql`
    jsonb_build_object('1', jsonb_build_object(
      'queued_at', now(), 'taken_at', now(), 'steps', '[]'::jsonb, 'left_out', 0, 'usage', null
    ))`,
  begun: sql`
    jsonb_build_object((r.attempt + 1)::text, jsonb_build_object(
      'queued_at', case
        when r.attempt = 0 then r.run_at
        else greatest(r.updated_at, (r.steps -> r.attempt::text ->> 'noted_at')::timestamptz)
      end,
      'taken_at', now(),
      'steps', '[]'::jsonb,
      'left_out', 0,
      'usage', null
    ))`,
  /** Of a run's row what is to be set. */
  noted: ({ tools, ...steps }: AttemptSteps): Statement.Fragment =>
    sql`
    steps = r.steps || jsonb_build_object(
      r.attempt::text,
      (r.steps -> r.attempt::text) || ${jsonb(sql, steps)} || jsonb_build_object('noted_at', now())
    ),
    tools = ${tools === undefined ? sql`r.tools` : jsonb(sql, tools)}`
})
