import { PgClient } from "@effect/sql-pg"
import { Array, Cache, Effect, Exit, Layer, Option, Semaphore } from "effect"
import { SqlError, type Statement } from "effect/sql"
import { isUuid } from "../../domain/AssistantId.ts"
import { AgentSource, AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import {
  type AgentExpressions,
  agentExpressions,
  agentTables,
  catalogueOf,
  CatalogueRow,
  missingIn
} from "./AgentCatalogue.ts"
import { agentOf, AgentRow } from "./AgentRow.ts"
import { orUnavailable, sqlState } from "./Database.ts"
import { inScope } from "./Scope.ts"
import { decodeRows } from "./Values.ts"

const decodeAgents = decodeRows(AgentRow)
const decodeCatalogue = decodeRows(CatalogueRow)

/** Undefined table, undefined column: the consumer has migrated since we looked. */
const isOutdated = (error: unknown) => SqlError.isSqlError(error) && ["42P01", "42703"].includes(sqlState(error) ?? "")

const isForbidden = <E>(error: E): error is E & SqlError.SqlError =>
  SqlError.isSqlError(error) && error.reason._tag === "AuthorizationError"

export const PgAgentSource = Layer.effect(
  AgentSource,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    const readCatalogue = Effect.gen(function*() {
      const rows = yield* decodeCatalogue(sql`
        select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type
        from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = to_regnamespace('public')
          and c.relname = any(${agentTables}::text[])
          and a.attnum > 0
          and not a.attisdropped`)
      const catalogue = catalogueOf(rows)
      const missing = missingIn(catalogue)
      return missing.length === 0 ? agentExpressions(catalogue) : yield* new AgentTablesUnreadable({ missing })
    })

    const catalogue = yield* Cache.makeWith(() => readCatalogue, {
      capacity: 1,
      timeToLive: (exit) => Exit.isSuccess(exit) ? "60 seconds" : "0 seconds"
    })

    /**
     * A statement for the generation that is there; once more with a fresh look if that turns out to be the past.
     * In a caller's transaction it is behind a savepoint, so that this one can go on after the first has failed.
     */
    const withCatalogue = <A, E, R>(statement: (agent: AgentExpressions) => Effect.Effect<A, E, R>) => {
      const attempt = Cache.get(catalogue, "public").pipe(
        Effect.flatMap((agent) =>
          Effect.flatMap(
            Effect.serviceOption(sql.transactionService),
            (outer) => Option.isSome(outer) ? sql.withTransaction(statement(agent)) : statement(agent)
          )
        )
      )
      return attempt.pipe(
        Effect.tapError((error) => isOutdated(error) ? Cache.invalidate(catalogue, "public") : Effect.void),
        Effect.retry({ times: 1, while: isOutdated }),
        Effect.catchIf(
          isForbidden,
          () => Effect.fail(new AgentTablesUnreadable({ missing: ["our right to read them"] }))
        )
      )
    }

    /** Whoever waits for another replica's sync holds a connection: one of ours at a time, or nobody else would get one. */
    const inLine = yield* Semaphore.make(1)

    /** Templates (v2: for nobody in particular, by nobody) are not agents. */
    const agents = (agent: AgentExpressions, which: Statement.Fragment) =>
      sql`
        select
          a.id::text,
          a.organization_id::text,
          a.name,
          ${sql.literal(agent.description)} as description,
          ${sql.literal(agent.graph)} as graph_id,
          ${sql.literal(agent.engine)} is not null as has_engine,
          ${sql.literal(agent.engineType)} as engine_type,
          model.runtime_model_name as model,
          ${sql.literal(agent.systemPrompt)} as system_prompt,
          ${sql.literal(agent.sampling)} as sampling,
          ${sql.literal(agent.tools)} as agent_tools,
          ${sql.literal(agent.isGlobal)} as is_global,
          ${sql.literal(agent.creator)} as creator,
          coalesce(tools.rows, '[]') as mcp_tools,
          a.langgraph_assistant_id::text as assistant_id
        from public.agents a
        left join public.global_ai_engines engine on engine.id = ${sql.literal(agent.engine)}
        left join public.ai_models model on model.id = engine.language_model_id
        left join (
          select
            link.agent_id,
            jsonb_agg(
              jsonb_build_object(
                'tool_name', tool.tool_name,
                'endpoint_url', tool.endpoint_url,
                'auth_required', ${sql.literal(agent.authRequired)}
              )
              order by tool.tool_name, tool.id
            ) as rows
          from public.agent_mcp_tools link
          join public.mcp_tools tool on tool.id = link.mcp_tool_id
          group by link.agent_id
        ) tools on tools.agent_id = a.id
        where a.status::text = 'active'
          and ${sql.literal(agent.notDeleted)}
          and (${sql.literal(agent.isGlobal)} or ${sql.literal(agent.creator)} is not null)
          and ${which}
        order by a.id`

    return AgentSource.of({
      list: Effect.fn("AgentSource.list")(function*(scope) {
        const rows = yield* withCatalogue((agent) => decodeAgents(agents(agent, inScope(sql, scope))))
        return rows.map(agentOf)
      }, orUnavailable),

      find: Effect.fn("AgentSource.find")(function*(id) {
        if (!isUuid(id)) return Option.none()
        const rows = yield* withCatalogue((agent) => decodeAgents(agents(agent, sql`a.id = ${id}::uuid`)))
        return Option.map(Array.head(rows), agentOf)
      }, orUnavailable),

      has: Effect.fn("AgentSource.has")(function*(id) {
        if (!isUuid(id)) return false
        const rows = yield* withCatalogue(() => sql`select from public.agents a where a.id = ${id}::uuid`)
        return rows.length > 0
      }, orUnavailable),

      writeBack: Effect.fn("AgentSource.writeBack")(function*(pairs) {
        if (pairs.length === 0) return
        const agentIds = pairs.map(({ agentId }) => agentId)
        const assistantIds = pairs.map(({ assistantId }) => assistantId)
        yield* withCatalogue((agent) =>
          sql`
            update public.agents a
            set langgraph_assistant_id = pair.assistant_id::${sql.literal(agent.assistantIdType)}
            from unnest(${agentIds}::uuid[], ${assistantIds}::text[]) as pair (agent_id, assistant_id)
            where a.id = pair.agent_id
              and a.langgraph_assistant_id::text is distinct from pair.assistant_id`
        )
      }, orUnavailable),

      exclusively: Effect.fn("AgentSource.exclusively")((work) =>
        sql`set local lock_timeout = '10s'`.pipe(
          Effect.andThen(sql`select from pg_advisory_xact_lock(hashtextextended('langgraph_server.agent_sync', 0))`),
          Effect.andThen(work),
          sql.withTransaction,
          orUnavailable,
          inLine.withPermits(1)
        )
      )
    })
  })
)
