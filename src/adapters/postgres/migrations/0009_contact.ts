import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Since when replicas, whichever of them, have been in touch with the database without a gap: after one, those who were
 * cut off are not to be taken for lost before they could give a sign of life.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    create table langgraph_server.contact (
      sole boolean primary key default true check (sole),
      since timestamptz not null,
      last timestamptz not null
    )`
})
