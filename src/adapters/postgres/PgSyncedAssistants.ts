import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import type { SyncedAssistant } from "../../domain/AgentSync.ts"
import { bySync } from "../../domain/Assistant.ts"
import { SyncedAssistants } from "../../ports/Assistants.ts"
import { contentColumns, provenanceColumns, provenanceOf, ProvenanceRow } from "./AssistantRow.ts"
import { orUnavailable } from "./Database.ts"
import { inScope } from "./Scope.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeStored = decodeRows(ProvenanceRow)

const recordOf = (synced: SyncedAssistant) => ({
  id: synced.assistant_id,
  ...synced.content,
  content_hash: synced.contentHash,
  organization_id: synced.organizationId,
  personal_to: synced.personalTo
})

/** Every statement here takes all it is about as one parameter: their number doesn't grow with the number of agents. */
export const PgSyncedAssistants = Layer.effect(
  SyncedAssistants,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    /** The rows `a` of assistants that a plan describes. */
    const described = (assistants: ReadonlyArray<SyncedAssistant>) =>
      sql`
        jsonb_to_recordset(${jsonb(sql, assistants.map(recordOf))}) as s (
          id text, graph_id text, name text, description text, config jsonb, context jsonb, metadata jsonb,
          content_hash text, organization_id uuid, personal_to text
        )`

    const stampedMetadata = sql.literal(
      `s.metadata || jsonb_build_object(
        'synced_at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )`
    )

    /** Keeps what a statement wrote, under the name `a`, as a version for those who see it now. */
    const keepVersions = sql.literal(`
      insert into langgraph_server.assistant_versions (
        assistant_id, version, organization_id, personal_to, changed_by,
        graph_id, name, description, config, context, metadata
      )
      select
        a.id, a.version, a.organization_id, a.personal_to,
        case a.source when 'agent' then '${bySync}' end, ${contentColumns}
      from written a`)

    // An id that somebody took since the plan was made stays theirs; the next sync reports it.
    const create = (assistants: ReadonlyArray<SyncedAssistant>) =>
      sql`
        with written as (
          insert into langgraph_server.assistants (
            id, graph_id, name, description, config, context, metadata,
            source, organization_id, personal_to, content_hash, synced_at
          )
          select
            s.id, s.graph_id, s.name, s.description, s.config, s.context, ${stampedMetadata},
            'agent', s.organization_id, s.personal_to, s.content_hash, now()
          from ${described(assistants)}
          on conflict (id) do nothing
          returning *
        )
        ${keepVersions}`

    const update = (assistants: ReadonlyArray<SyncedAssistant>) =>
      sql`
        with written as (
          update langgraph_server.assistants a
          set
            graph_id = s.graph_id,
            name = s.name,
            description = s.description,
            config = s.config,
            context = s.context,
            metadata = ${stampedMetadata},
            organization_id = s.organization_id,
            personal_to = s.personal_to,
            content_hash = s.content_hash,
            version = a.version + 1,
            synced_at = now(),
            retired_at = null,
            updated_at = now()
          from ${described(assistants)}
          where a.id = s.id
            and a.source = 'agent'
          returning a.*
        )
        ${keepVersions}`

    return SyncedAssistants.of({
      putGraphDefaults: Effect.fn("SyncedAssistants.putGraphDefaults")(
        function*(defaults) {
          const rows = [...defaults].map(([graph_id, id]) => ({ id, graph_id }))
          // A graph that this server no longer has would be offered and then fail.
          yield* sql`
            delete from langgraph_server.assistants a
            where a.source = 'graph'
              and a.id <> all(${rows.map(({ id }) => id)}::text[])`
          yield* sql`
            with written as (
              insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source)
              select d.id, d.graph_id, d.graph_id, '{}', '{}', '{"created_by": "system"}', 'graph'
              from jsonb_to_recordset(${jsonb(sql, rows)}) as d (id text, graph_id text)
              on conflict (id) do nothing
              returning *
            )
            ${keepVersions}`
        },
        sql.withTransaction,
        orUnavailable
      ),

      // By assistants_organization and the primary key.
      stored: Effect.fn("SyncedAssistants.stored")(function*(scope, ids) {
        const rows = yield* decodeStored(sql`
          select ${sql.literal(provenanceColumns)}
          from langgraph_server.assistants a
          where (a.source = 'agent' and ${inScope(sql, scope)})
             or a.id = any(${ids}::text[])`)
        return rows.map((row) => ({ assistant_id: row.assistant_id, provenance: provenanceOf(row) }))
      }, orUnavailable),

      apply: Effect.fn("SyncedAssistants.apply")(
        function*(plan) {
          if (plan.create.length > 0) yield* create(plan.create)
          if (plan.update.length > 0) yield* update(plan.update)
          if (plan.retire.length > 0) {
            yield* sql`
              update langgraph_server.assistants a
              set retired_at = now(), updated_at = now()
              where a.id = any(${plan.retire}::text[])
                and a.source = 'agent'
                and a.retired_at is null`
          }
        },
        sql.withTransaction,
        orUnavailable
      )
    })
  })
)
