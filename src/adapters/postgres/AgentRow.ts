import { Schema } from "effect"
import { type Agent, Engine, Ownership } from "../../domain/Agent.ts"
import type { AgentState } from "../../domain/AgentGone.ts"
import { OrganizationId, UserId } from "../../domain/Principal.ts"

export const AgentRow = Schema.Struct({
  id: Schema.String,
  organization_id: OrganizationId,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  graph_id: Schema.NullOr(Schema.String),
  has_engine: Schema.Boolean,
  engine_type: Schema.NullOr(Schema.String),
  model: Schema.NullOr(Schema.String),
  system_prompt: Schema.NullOr(Schema.String),
  sampling: Schema.Json,
  agent_tools: Schema.Array(Schema.String),
  is_global: Schema.Boolean,
  creator: Schema.NullOr(UserId),
  mcp_tools: Schema.Array(Schema.Struct({
    tool_name: Schema.String,
    endpoint_url: Schema.NullOr(Schema.String),
    auth_required: Schema.Boolean
  })),
  assistant_id: Schema.NullOr(Schema.String)
})
type AgentRow = typeof AgentRow.Type

/** The type comes first: an engine of another type stands in a column that we don't read. */
const engineOf = ({ engine_type, has_engine, model }: AgentRow): Engine => {
  if (engine_type !== null && engine_type !== "global") return Engine.Foreign({ type: engine_type })
  if (!has_engine) return Engine.None()
  return model === null || model.trim() === "" ? Engine.WithoutModel() : Engine.Resolved({ model })
}

export const agentOf = (row: AgentRow): Agent => ({
  id: row.id,
  organizationId: row.organization_id,
  name: row.name,
  description: row.description,
  graphId: row.graph_id ?? "agent",
  engine: engineOf(row),
  systemPrompt: row.system_prompt,
  sampling: row.sampling,
  agentTools: row.agent_tools,
  ownership: row.is_global || row.creator === null
    ? Ownership.Organization()
    : Ownership.Personal({ userId: row.creator }),
  mcpTools: row.mcp_tools,
  assistantId: row.assistant_id
})

export const AgentStateRow = Schema.Struct({
  name: Schema.String,
  organization_id: OrganizationId,
  status: Schema.String,
  deleted: Schema.Boolean,
  is_global: Schema.Boolean,
  creator: Schema.NullOr(UserId)
})

export const agentStateOf = (row: typeof AgentStateRow.Type): AgentState => ({
  name: row.name,
  organizationId: row.organization_id,
  personalTo: row.is_global ? null : row.creator,
  status: row.status,
  deleted: row.deleted,
  template: !row.is_global && row.creator === null
})
