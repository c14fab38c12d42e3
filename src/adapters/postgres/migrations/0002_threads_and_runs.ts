import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  yield* sql`
    create table langgraph_server.threads (
      id uuid primary key,
      owner_id text not null,
      metadata jsonb not null,
      status text not null default 'idle' check (status in ('idle', 'busy', 'interrupted', 'error')),
      interrupts jsonb not null default '{}',
      graph_id text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`
  yield* sql`
    create index threads_owner on langgraph_server.threads (owner_id, updated_at desc, id)`

  // A run tells what it was made of even when its assistant is gone, so it doesn't refer to one.
  yield* sql`
    create table langgraph_server.runs (
      id uuid primary key,
      thread_id uuid not null references langgraph_server.threads (id) on delete cascade,
      assistant_id text not null,
      graph_id text not null,
      assistant_version integer not null,
      owner_id text not null,
      status text not null default 'pending'
        check (status in ('pending', 'running', 'error', 'success', 'timeout', 'interrupted')),
      attempt integer not null default 0,
      metadata jsonb not null,
      request jsonb not null,
      configuration jsonb not null,
      multitask_strategy text not null,
      tools jsonb,
      failure jsonb,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`
  yield* sql`
    create index runs_thread on langgraph_server.runs (thread_id, created_at desc, id desc)`
  yield* sql`
    create index runs_active on langgraph_server.runs (thread_id, id) where status in ('pending', 'running')`
})
