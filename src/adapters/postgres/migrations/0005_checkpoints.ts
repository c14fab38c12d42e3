import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * The checkpointer's tables, in the shape that LangGraph's PostgresSaver gives them, which made them in databases of
 * earlier versions; and beside each row the tenant whose it is, unknown of those that are there already.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    create table if not exists langgraph_server.checkpoints (
      thread_id text not null,
      checkpoint_ns text not null default '',
      checkpoint_id text not null,
      parent_checkpoint_id text,
      type text,
      checkpoint jsonb not null,
      metadata jsonb not null default '{}',
      primary key (thread_id, checkpoint_ns, checkpoint_id)
    )`
  yield* sql`
    create table if not exists langgraph_server.checkpoint_blobs (
      thread_id text not null,
      checkpoint_ns text not null default '',
      channel text not null,
      version text not null,
      type text not null,
      blob bytea,
      primary key (thread_id, checkpoint_ns, channel, version)
    )`
  yield* sql`
    create table if not exists langgraph_server.checkpoint_writes (
      thread_id text not null,
      checkpoint_ns text not null default '',
      checkpoint_id text not null,
      task_id text not null,
      idx integer not null,
      channel text not null,
      type text,
      blob bytea not null,
      primary key (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
    )`
  yield* sql`alter table langgraph_server.checkpoint_blobs alter column blob drop not null`
  yield* sql`alter table langgraph_server.checkpoints add column owner_id text`
  yield* sql`alter table langgraph_server.checkpoint_blobs add column owner_id text`
  yield* sql`alter table langgraph_server.checkpoint_writes add column owner_id text`

  // Its own count of what has been done: whoever opens these tables with a PostgresSaver finds nothing left to do.
  yield* sql`create table if not exists langgraph_server.checkpoint_migrations (v integer primary key)`
  yield* sql`
    insert into langgraph_server.checkpoint_migrations (v)
    select v from generate_series(0, 4) v
    on conflict (v) do nothing`
})
