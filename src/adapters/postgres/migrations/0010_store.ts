import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * What people and graphs keep. `user_id` is null in what is shared with an organisation; in a person's own items
 * `organization_id` says in the run of whose agent they were written, if in any's. Both are the server's to write.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    create table langgraph_server.store (
      id uuid primary key default gen_random_uuid(),
      user_id text,
      organization_id text,
      assistant_id text,
      namespace text[] not null,
      key text not null,
      value jsonb not null,
      ttl_minutes double precision,
      expires_at timestamptz,
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      check (user_id is not null or organization_id is not null)
    )`
  // Also finds all that is a person's, and by the second one all that is shared with an organisation.
  yield* sql`
    create unique index store_own on langgraph_server.store (user_id, coalesce(organization_id, ''), namespace, key)
      where user_id is not null`
  yield* sql`
    create unique index store_shared on langgraph_server.store (organization_id, namespace, key)
      where user_id is null`
  yield* sql`create index store_expires on langgraph_server.store (expires_at) where expires_at is not null`
})
