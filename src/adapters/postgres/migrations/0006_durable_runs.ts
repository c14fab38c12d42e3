import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Runs that any replica can take up, in their thread's and their tenant's turn. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    alter table langgraph_server.runs
      drop column renewed_at,
      add column tenant text,
      add column lost integer not null default 0,
      add column run_at timestamptz not null default now(),
      add column started_at timestamptz,
      add column home text,
      add column cancel_requested text check (cancel_requested in ('interrupt', 'rollback')),
      add column traceparent text,
      add column offered_at timestamptz,
      add column held_back boolean not null default false,
      add column turn bigint not null default 0`
  yield* sql`
    update langgraph_server.runs
    set
      tenant = coalesce(configuration -> 'configurable' ->> 'supabase_organization_id', owner_id),
      request = request || '{"timeout_seconds": 3600, "webhook": null}'`
  // Their processes kept them in memory, and have ended.
  yield* sql`
    update langgraph_server.runs
    set
      status = 'error',
      failure = '{"error": "WorkerLost", "message": "The process that executed the run ended without finishing it. Start the run again."}'
    where status in ('pending', 'running')`
  yield* sql`
    update langgraph_server.threads
    set status = 'error'
    where status = 'busy'`
  yield* sql`alter table langgraph_server.runs alter column tenant set not null`

  // What the whole design rests on: one run of a thread at a time, whoever thinks otherwise.
  yield* sql`
    create unique index runs_running on langgraph_server.runs (thread_id) where status = 'running'`
  yield* sql`
    create index runs_offered on langgraph_server.runs (tenant)
    where status in ('pending', 'running') and offered_at is not null`
  yield* sql`
    create index runs_held_back on langgraph_server.runs (tenant, run_at, id) where status = 'pending' and held_back`
  yield* sql`
    create index runs_turn on langgraph_server.runs (turn)
    where status = 'pending' and offered_at is not null and turn > 0`
  yield* sql`
    create index runs_waiting on langgraph_server.runs (tenant) where status = 'pending'`
  // The heart of a replica, and what is it for: jobs that need its memory are left to it for as long as it beats.
  yield* sql`
    create table langgraph_server.replicas (
      id text primary key,
      renewed_at timestamptz not null default now()
    )`
})
