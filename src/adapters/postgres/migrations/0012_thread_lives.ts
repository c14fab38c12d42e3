import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Threads whose state can be written outside of runs, one writer at a time, and which may have an end of their own. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    alter table langgraph_server.threads
      add column state_claim uuid,
      add column state_claimed_at timestamptz,
      add column state_updated_at timestamptz,
      add column ttl_minutes double precision,
      add column ttl_strategy text check (ttl_strategy in ('delete', 'keep_latest')),
      add column pruned_at timestamptz`
  yield* sql`update langgraph_server.threads set state_updated_at = updated_at`
  yield* sql`
    alter table langgraph_server.threads
      alter column state_updated_at set default now(),
      alter column state_updated_at set not null,
      add constraint threads_ttl check ((ttl_minutes is null) = (ttl_strategy is null))`
  // Nothing but UTC makes the end of a thread a matter of its row alone, which is what an index is made of.
  yield* sql`
    create index threads_due
    on langgraph_server.threads (((updated_at at time zone 'UTC') + ttl_minutes * interval '1 minute'))
    where ttl_minutes is not null`
  // A handful: of updates under way, and of processes that were lost in one.
  yield* sql`
    create index threads_claimed on langgraph_server.threads (state_claimed_at) where state_claim is not null`
})
