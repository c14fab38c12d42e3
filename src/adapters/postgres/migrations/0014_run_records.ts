import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * What a run's time went into, by attempt: the claim writes when it waited and was taken up, the statements that write
 * anyway what the worker noted. Runs from before have no record of it. And a person's runs over all their threads.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    alter table langgraph_server.runs
      add column configured_ms double precision,
      add column steps jsonb not null default '{}'`
  yield* sql`create index runs_owner on langgraph_server.runs (owner_id, created_at desc, id)`
})
