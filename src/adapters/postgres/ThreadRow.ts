import { Schema } from "effect"
import { UserId } from "../../domain/Principal.ts"
import { PruneStrategy, type Thread, ThreadId, ThreadStatus } from "../../domain/Thread.ts"

export const ThreadRow: Schema.Codec<Thread, unknown> = Schema.Struct({
  thread_id: ThreadId,
  owner: UserId,
  metadata: Schema.JsonObject,
  status: ThreadStatus,
  interrupts: Schema.JsonObject,
  graph_id: Schema.NullOr(Schema.String),
  ttl: Schema.NullOr(Schema.Struct({ minutes: Schema.Number, strategy: PruneStrategy })),
  created_at: Schema.Date,
  updated_at: Schema.Date,
  state_updated_at: Schema.Date
})

/** What `ThreadRow` needs, of the rows `t`. */
export const threadColumns = `
  t.id as thread_id, t.owner_id as owner, t.metadata, t.status, t.interrupts, t.graph_id, t.created_at, t.updated_at,
  t.state_updated_at,
  case
    when t.ttl_minutes is not null then jsonb_build_object('minutes', t.ttl_minutes, 'strategy', t.ttl_strategy)
  end as ttl`
