import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * The logs of runs, a row per flush and run. They refer to no run: a stateless run's is read to its end when the run and
 * its thread are gone already.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  // A row without events ends a log: its last_id is the one before its first_id. log_bytes is what the log holds with
  // this row and all before it.
  yield* sql`
    create table langgraph_server.run_events (
      run_id uuid not null,
      first_id integer not null,
      last_id integer not null,
      attempt integer not null,
      thread_id uuid not null,
      owner_id text not null,
      events text not null,
      log_bytes integer not null,
      ended boolean not null default false,
      created_at timestamptz not null default now(),
      primary key (run_id, first_id)
    )`
  // Rows come and go and are never changed: vacuum soon and often rather than late and long.
  yield* sql`
    alter table langgraph_server.run_events
      set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2)`
  yield* sql`create index run_events_thread on langgraph_server.run_events (thread_id)`
  yield* sql`create index run_events_ended on langgraph_server.run_events (created_at, run_id) where ended`
  yield* sql`create index run_events_first on langgraph_server.run_events (created_at, run_id) where first_id = 0`
})
