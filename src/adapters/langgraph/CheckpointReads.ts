import type { PgClient } from "@effect/sql-pg"
import { type Checkpoint, TASKS } from "@langchain/langgraph-checkpoint"
import type { Statement } from "effect/sql"

/** A checkpoint with the values it refers to and what its tasks have written since; null where there are none. */
export interface TupleRow {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly checkpoint: Omit<Checkpoint, "channel_values">
  readonly metadata: string
  readonly channels: ReadonlyArray<string> | null
  readonly channel_types: ReadonlyArray<string> | null
  readonly channel_blobs: ReadonlyArray<Uint8Array> | null
  readonly tasks: ReadonlyArray<string> | null
  readonly task_channels: ReadonlyArray<string> | null
  readonly task_types: ReadonlyArray<string> | null
  readonly task_blobs: ReadonlyArray<Uint8Array> | null
  /** Of a checkpoint of LangGraph's before version 4: the tasks that its parent sent, which are a channel's value since. */
  readonly sent_types: ReadonlyArray<string> | null
  readonly sent_blobs: ReadonlyArray<Uint8Array> | null
}

/** What is asked for of `langgraph_server.checkpoints`; newest first. */
export interface Choice {
  readonly conditions: ReadonlyArray<Statement.Fragment>
  readonly limit: number | null
}

/** checkpoints_pkey finds the thread's rows, the other two primary keys what belongs to them. */
export const select = (sql: PgClient.PgClient, { conditions, limit }: Choice) =>
  sql<TupleRow>`
    select
      cp.thread_id, cp.checkpoint_ns, cp.checkpoint_id, cp.parent_checkpoint_id, cp.checkpoint,
      cp.metadata::text as metadata,
      kept.channels, kept.channel_types, kept.channel_blobs,
      written.tasks, written.task_channels, written.task_types, written.task_blobs,
      sent.sent_types, sent.sent_blobs
    from (
      select *
      from langgraph_server.checkpoints
      where ${sql.and(conditions)}
      order by checkpoint_id desc
      limit ${limit}::bigint
    ) cp
    cross join lateral (
      select
        array_agg(b.channel) as channels,
        array_agg(b.type) as channel_types,
        array_agg(b.blob) as channel_blobs
      from jsonb_each_text(cp.checkpoint -> 'channel_versions') as used (channel, version)
      join langgraph_server.checkpoint_blobs b
        on b.thread_id = cp.thread_id
        and b.checkpoint_ns = cp.checkpoint_ns
        and b.channel = used.channel
        and b.version = used.version
      where b.type <> 'empty'
    ) kept
    cross join lateral (
      select
        array_agg(w.task_id order by w.task_id collate "C", w.idx) as tasks,
        array_agg(w.channel order by w.task_id collate "C", w.idx) as task_channels,
        array_agg(w.type order by w.task_id collate "C", w.idx) as task_types,
        array_agg(w.blob order by w.task_id collate "C", w.idx) as task_blobs
      from langgraph_server.checkpoint_writes w
      where w.thread_id = cp.thread_id
        and w.checkpoint_ns = cp.checkpoint_ns
        and w.checkpoint_id = cp.checkpoint_id
    ) written
    cross join lateral (
      select
        array_agg(w.type order by w.task_id collate "C", w.idx) as sent_types,
        array_agg(w.blob order by w.task_id collate "C", w.idx) as sent_blobs
      from langgraph_server.checkpoint_writes w
      where (cp.checkpoint ->> 'v')::int < 4
        and w.thread_id = cp.thread_id
        and w.checkpoint_ns = cp.checkpoint_ns
        and w.checkpoint_id = cp.parent_checkpoint_id
        and w.channel = ${TASKS}
    ) sent
    order by cp.checkpoint_id desc`
