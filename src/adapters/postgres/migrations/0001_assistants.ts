import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  // Who owns and who sees an assistant stands in columns of the server's; no caller's metadata is ever asked.
  yield* sql`
    create table langgraph_server.assistants (
      id text primary key,
      graph_id text not null,
      name text not null,
      description text,
      config jsonb not null,
      context jsonb not null,
      metadata jsonb not null,
      version integer not null default 1,
      source text not null,
      owner_id text,
      organization_id uuid,
      personal_to text,
      content_hash text,
      synced_at timestamptz,
      retired_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint assistants_provenance check (
        case source
          when 'member' then
            owner_id is not null and num_nonnulls(organization_id, personal_to, content_hash, synced_at, retired_at) = 0
          when 'agent' then
            owner_id is null and num_nulls(organization_id, content_hash, synced_at) = 0
          when 'graph' then
            num_nonnulls(owner_id, organization_id, personal_to, content_hash, synced_at, retired_at) = 0
          else false
        end
      )
    )`

  // What others can't see must not be read to find what one can: an index for each branch of the rule.
  yield* sql`
    create index assistants_owner on langgraph_server.assistants (owner_id) where source = 'member'`
  yield* sql`
    create index assistants_organization on langgraph_server.assistants (organization_id) where source = 'agent'`
  yield* sql`
    create index assistants_graph on langgraph_server.assistants (id) where source = 'graph'`

  yield* sql`
    create table langgraph_server.assistant_versions (
      assistant_id text not null references langgraph_server.assistants (id) on delete cascade,
      version integer not null,
      graph_id text not null,
      name text not null,
      description text,
      config jsonb not null,
      context jsonb not null,
      metadata jsonb not null,
      created_at timestamptz not null default now(),
      primary key (assistant_id, version)
    )`
})
