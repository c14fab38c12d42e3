import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** What makes lists follow the agents' tables on whichever replica looks, and who made a version. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  // For each sync scope, of which there is one unless replicas are being replaced: what the rows were at when they were
  // last synced, and when to look, and to compare everything, next.
  yield* sql`
    create table langgraph_server.agent_watch (
      scope text primary key,
      fingerprint text,
      -- The oldest transaction that was under way then: whatever was written since, it or a later one has written.
      horizon text,
      look_at timestamptz not null default now(),
      compare_at timestamptz not null default now()
    )`

  // A statement's own locks are taken before anything in it is executed: only a function can limit how long it waits.
  yield* sql`
    create function langgraph_server.read_briefly(statement text, organizations uuid[]) returns text
    language plpgsql
    set lock_timeout = '250ms'
    as $$
    declare
      answer text;
    begin
      execute statement into answer using organizations;
      return answer;
    end
    $$`

  yield* sql`alter table langgraph_server.assistant_versions add column changed_by text`
})
