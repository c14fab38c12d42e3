import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** When the assistants of agents were last compared with their rows, all of them: what counts while those can't be read. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    create table langgraph_server.agent_sightings (
      sole boolean primary key default true check (sole),
      all_agreed_at timestamptz not null
    )`
})
