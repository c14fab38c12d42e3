import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Runs that are wanted again and again. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  // `next_run_at` is null while a cron is disabled and when it is over; `revision` grows with each tick and each change.
  yield* sql`
    create table langgraph_server.crons (
      id uuid primary key,
      owner_id text not null,
      assistant_id text not null,
      thread_id uuid references langgraph_server.threads (id) on delete cascade,
      schedule text not null,
      timezone text,
      end_time timestamptz,
      enabled boolean not null,
      on_run_completed text not null default 'delete' check (on_run_completed in ('delete', 'keep')),
      run jsonb not null,
      metadata jsonb not null,
      next_run_at timestamptz,
      last_tick timestamptz,
      last_run_id uuid,
      last_error text,
      refusals integer not null default 0,
      revision bigint not null default 0,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`
  yield* sql`
    create index crons_next on langgraph_server.crons (next_run_at, id) where next_run_at is not null`
  yield* sql`
    create index crons_owner on langgraph_server.crons (owner_id, created_at desc, id)`
  yield* sql`
    create index crons_thread on langgraph_server.crons (thread_id) where thread_id is not null`
  yield* sql`
    create index crons_assistant on langgraph_server.crons (assistant_id)`
})
