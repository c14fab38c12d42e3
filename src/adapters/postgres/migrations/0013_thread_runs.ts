import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Which of its thread's runs a run is, in the order they are taken up: what a thread's stream is read by. The thread
 * counts, since runs can go again. Those from before have no number: their logs are not read as part of a thread.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`alter table langgraph_server.threads add column runs_begun integer not null default 0`
  yield* sql`alter table langgraph_server.runs add column nth integer`
  yield* sql`create unique index runs_nth on langgraph_server.runs (thread_id, nth) where nth is not null`
})
