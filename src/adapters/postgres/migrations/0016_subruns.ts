import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Runs of agents that other agents call, and the threads they have to themselves. A thread goes with its parent's; what
 * is kept of it elsewhere is `ThreadRemoval`'s to clear away, the reference only sees to it that none stays behind.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    alter table langgraph_server.threads
      add column parent_thread_id uuid references langgraph_server.threads (id) on delete cascade`
  yield* sql`
    create index threads_parent on langgraph_server.threads (parent_thread_id) where parent_thread_id is not null`
  // {run_id, thread_id, call, line}
  yield* sql`alter table langgraph_server.runs add column parent jsonb`
  yield* sql`
    create unique index runs_parent on langgraph_server.runs ((parent ->> 'run_id'), (parent ->> 'call'))
    where parent is not null`
  yield* sql`
    create index runs_subruns on langgraph_server.runs (id) where parent is not null and status = 'running'`
})
