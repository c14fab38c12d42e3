import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** A version is for whom it was made: an agent that moves or is published takes its past with it for nobody else to read. */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    alter table langgraph_server.assistant_versions add column organization_id uuid, add column personal_to text`
  yield* sql`
    update langgraph_server.assistant_versions v
    set organization_id = a.organization_id, personal_to = a.personal_to
    from langgraph_server.assistants a
    where a.id = v.assistant_id and a.source = 'agent'`
})
