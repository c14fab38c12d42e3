import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import { isUuid } from "../../domain/AssistantId.ts"
import type { UserId } from "../../domain/Principal.ts"
import type { AgentExpressions } from "./AgentCatalogue.ts"

/** The organisations of a person whose id is a UUID, as the consumer's users' are. A role that we don't know grants nothing. */
export const membershipsOf = (sql: PgClient.PgClient, userId: UserId) =>
  sql`
    select m.organization_id::text as "organizationId", m.role::text as role
    from public.organization_members m
    where m.user_id = ${isUuid(userId) ? userId : null}::uuid
      and m.role::text in ('owner', 'admin', 'member')
    order by m.organization_id`

/** What is asked of the tables of agents, for the generation that is there. */
export const agentStatements = (sql: PgClient.PgClient) => {
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

  return {
    agents,

    /** By the agents' primary key, and whatever index the members have for a user's. One snapshot shows both. */
    seenBy: (agent: AgentExpressions, id: string, userId: UserId) =>
      sql`
        select
          (select to_jsonb(found) from (${agents(agent, sql`a.id = ${id}::uuid`)}) found) as agent,
          coalesce((select jsonb_agg(to_jsonb(own)) from (${membershipsOf(sql, userId)}) own), '[]') as memberships`,

    state: (agent: AgentExpressions, id: string) =>
      sql`
        select
          a.name,
          a.organization_id::text,
          a.status::text,
          not ${sql.literal(agent.notDeleted)} as deleted,
          ${sql.literal(agent.isGlobal)} as is_global,
          ${sql.literal(agent.creator)} as creator
        from public.agents a
        where a.id = ${id}::uuid`,

    /** Touches all of them, and reads nothing. */
    touch: (agent: AgentExpressions) => agents(agent, sql`false`),

    writeBack: (agent: AgentExpressions, agentIds: ReadonlyArray<string>, assistantIds: ReadonlyArray<string>) =>
      sql`
        update public.agents a
        set langgraph_assistant_id = pair.assistant_id::${sql.literal(agent.assistantIdType)}
        from unnest(${agentIds}::uuid[], ${assistantIds}::text[]) as pair (agent_id, assistant_id)
        where a.id = pair.agent_id
          and a.langgraph_assistant_id::text is distinct from pair.assistant_id`
  }
}
