import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Finds threads that nothing has been done with for long, however many there are (`THREAD_TTL_DAYS`). */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create index threads_updated on langgraph_server.threads (updated_at)`
})
