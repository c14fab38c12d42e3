import { Schema } from "effect"
import { UserId } from "../../domain/Principal.ts"
import { type Thread, ThreadId, ThreadStatus } from "../../domain/Thread.ts"

export const ThreadRow: Schema.Codec<Thread, unknown> = Schema.Struct({
  thread_id: ThreadId,
  owner: UserId,
  metadata: Schema.JsonObject,
  status: ThreadStatus,
  interrupts: Schema.JsonObject,
  graph_id: Schema.NullOr(Schema.String),
  created_at: Schema.Date,
  updated_at: Schema.Date
})

/** What `ThreadRow` needs, of the rows `t`. */
export const threadColumns =
  "t.id as thread_id, t.owner_id as owner, t.metadata, t.status, t.interrupts, t.graph_id, t.created_at, t.updated_at"
