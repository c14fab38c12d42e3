import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option } from "effect"
import { type AssistantContent, AssistantExists, type AssistantId } from "../../domain/Assistant.ts"
import type { Principal } from "../../domain/Principal.ts"
import { type AssistantFilter, Assistants, type AssistantSearch } from "../../ports/Assistants.ts"
import { assistantColumns, assistantOf, AssistantRow, AssistantVersionRow, contentColumns } from "./AssistantRow.ts"
import { stopCrons } from "./CronStop.ts"
import { orUnavailable } from "./Database.ts"
import { paged } from "./Pages.ts"
import { PromptSql } from "./PromptSql.ts"
import { decodeRows, jsonb, withoutNul } from "./Values.ts"
import { visibleTo } from "./Visibility.ts"

const sortColumns: Record<AssistantSearch["sort_by"], string> = {
  assistant_id: "a.id",
  graph_id: "a.graph_id",
  name: "a.name",
  created_at: "a.created_at",
  updated_at: "a.updated_at"
}

const decodeAssistants = decodeRows(AssistantRow)
const decodeVersions = decodeRows(AssistantVersionRow)

export const PgAssistants = Layer.effect(
  Assistants,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const prompt = yield* PromptSql
    const columns = sql.literal(assistantColumns)

    const one = <E, R>(rows: Effect.Effect<ReadonlyArray<unknown>, E, R>) =>
      Effect.map(decodeAssistants(rows), (assistants) => Option.map(Array.head(assistants), assistantOf))

    const contentValues = (content: AssistantContent) =>
      sql`
        ${withoutNul(content.graph_id)}, ${withoutNul(content.name)},
        ${content.description === null ? null : withoutNul(content.description)}::text,
        ${jsonb(sql, content.config)}, ${jsonb(sql, content.context)}, ${jsonb(sql, content.metadata)}`

    /**
     * What a principal sees of what a filter lets through. Metadata has no index of its own: what one principal sees is
     * soon looked through, and a common value would have Postgres read everybody's (2.8 ms against 0.1 among 100,000).
     */
    const matching = (filter: AssistantFilter, principal: Principal) =>
      sql.and([
        visibleTo(sql, principal),
        ...(filter.graph_id === undefined ? [] : [sql`a.graph_id = ${withoutNul(filter.graph_id)}`]),
        ...(filter.name === undefined
          ? []
          : [sql`strpos(lower(a.name), lower(${withoutNul(filter.name)})) > 0`]),
        ...(filter.metadata === undefined ? [] : [sql`a.metadata @> ${jsonb(sql, filter.metadata)}`])
      ])

    const pages = paged(sql, { from: "langgraph_server.assistants a", id: "a.id", columns: assistantColumns })

    const owned = (id: AssistantId, owner: Principal) =>
      sql`a.id = ${withoutNul(id)} and a.source = 'member' and a.owner_id = ${owner.userId}`

    return Assistants.of({
      find: Effect.fn("Assistants.find")(function*(id, principal) {
        return yield* one(prompt`
          select ${columns}
          from langgraph_server.assistants a
          where a.id = ${withoutNul(id)}
            and ${visibleTo(sql, principal)}`)
      }, orUnavailable),

      search: Effect.fn("Assistants.search")(function*(query, principal) {
        const column = sortColumns[query.sort_by]
        const { rows, total } = yield* pages.page(matching(query, principal), { ...query, column })
        const items = yield* decodeAssistants(Effect.succeed(rows))
        return { items: items.map(assistantOf), total }
      }, orUnavailable),

      count: Effect.fn("Assistants.count")(
        (filter, principal) => pages.count(matching(filter, principal)),
        orUnavailable
      ),

      create: Effect.fn("Assistants.create")(function*(id, content, owner) {
        const created = yield* one(sql`
          with created as (
            insert into langgraph_server.assistants
              (id, graph_id, name, description, config, context, metadata, source, owner_id)
            values (${withoutNul(id)}, ${contentValues(content)}, 'member', ${owner.userId})
            on conflict (id) do nothing
            returning *
          ), kept as (
            insert into langgraph_server.assistant_versions
              (assistant_id, version, changed_by, graph_id, name, description, config, context, metadata)
            select a.id, a.version, a.owner_id, ${sql.literal(contentColumns)} from created a
          )
          select ${columns} from created a`)
        return Option.isSome(created) ? created.value : yield* new AssistantExists()
      }, orUnavailable),

      update: Effect.fn("Assistants.update")(
        function*(id, change, owner) {
          const present = yield* one(sql`
            select ${columns}
            from langgraph_server.assistants a
            where ${owned(id, owner)}
            for update`)
          if (Option.isNone(present)) return Option.none()

          const content = contentValues(change(present.value))
          // jsonb compares by value, whatever the order of the keys: equal content is no new version.
          const changed = yield* one(sql`
            with changed as (
              update langgraph_server.assistants a
              set
                (graph_id, name, description, config, context, metadata) = row (${content}),
                updated_at = now(),
                version = (
                  select max(v.version) + 1
                  from langgraph_server.assistant_versions v
                  where v.assistant_id = a.id
                )
              where a.id = ${present.value.assistant_id}
                and (a.graph_id, a.name, a.description, a.config, a.context, a.metadata)
                  is distinct from (${content})
              returning *
            ), kept as (
              insert into langgraph_server.assistant_versions
                (assistant_id, version, changed_by, graph_id, name, description, config, context, metadata)
              select a.id, a.version, a.owner_id, ${sql.literal(contentColumns)} from changed a
            )
            select ${columns} from changed a`)
          return Option.orElse(changed, () => present)
        },
        sql.withTransaction,
        orUnavailable
      ),

      restore: Effect.fn("Assistants.restore")(function*(id, version, owner) {
        return yield* one(sql`
          with restored as (
            update langgraph_server.assistants a
            set
              (graph_id, name, description, config, context, metadata) =
                row (v.graph_id, v.name, v.description, v.config, v.context, v.metadata),
              version = v.version,
              updated_at = now()
            from langgraph_server.assistant_versions v
            where ${owned(id, owner)}
              and v.assistant_id = a.id
              and v.version = ${version}
            returning a.*
          )
          select ${columns} from restored a`)
      }, orUnavailable),

      delete: Effect.fn("Assistants.delete")(function*(id, owner) {
        const gone = yield* sql`
          with gone as (
            delete from langgraph_server.assistants a where ${owned(id, owner)} returning a.id
          ), crons as (${stopCrons(sql, "gone", "its assistant was deleted")})
          select id from gone`
        return gone.length > 0
      }, orUnavailable),

      versions: Effect.fn("Assistants.versions")(function*(id, query, principal) {
        // A version that was for others stays theirs: of another organisation, or a member's own before it was published.
        const isForThem = (version: "earlier" | "v") =>
          sql`
            ${sql.literal(version)}.organization_id is not distinct from a.organization_id
            and (${sql.literal(version)}.personal_to is null or ${
            sql.literal(version)
          }.personal_to = ${principal.userId})`
        // The one before by the primary key, whatever a page or a filter leaves out.
        return yield* decodeVersions(sql`
          select
            v.assistant_id, v.version, v.created_at, v.changed_by,
            v.graph_id, v.name, v.description, v.config, v.context, v.metadata,
            (
              select jsonb_build_object(
                'graph_id', earlier.graph_id, 'name', earlier.name, 'description', earlier.description,
                'config', earlier.config, 'context', earlier.context, 'metadata', earlier.metadata
              )
              from langgraph_server.assistant_versions earlier
              where earlier.assistant_id = v.assistant_id
                and earlier.version < v.version
                and ${isForThem("earlier")}
              order by earlier.version desc
              limit 1
            ) as before
          from langgraph_server.assistants a
          join langgraph_server.assistant_versions v on v.assistant_id = a.id
          where a.id = ${withoutNul(id)}
            and ${visibleTo(sql, principal)}
            and ${isForThem("v")}
            and ${query.metadata === undefined ? sql`true` : sql`v.metadata @> ${jsonb(sql, query.metadata)}`}
          order by v.version desc
          limit ${query.limit}
          offset ${query.offset}`)
      }, orUnavailable)
    })
  })
)
