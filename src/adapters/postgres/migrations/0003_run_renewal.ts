import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** A run that nobody renews any more has lost its process. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`alter table langgraph_server.runs add column renewed_at timestamptz not null default now()`
})
