import { Schema } from "effect"

/**
 * What we read of the consumer's tables. A required column that is missing makes them unreadable; of the others each
 * generation has its own, and a missing one stands for 'nobody set it'.
 */
const tables: Record<string, { readonly required: ReadonlyArray<string>; readonly optional: ReadonlyArray<string> }> = {
  agents: {
    required: ["id", "organization_id", "name", "status", "langgraph_assistant_id"],
    optional: [
      "description",
      "deleted_at",
      "graph_id",
      "engine_id",
      "engine_type",
      "system_prompt",
      "temperature",
      "max_tokens",
      "sampling_params",
      "assistant_tool_ids",
      "is_global",
      "created_by_user_id"
    ]
  },
  global_ai_engines: { required: ["id", "language_model_id"], optional: [] },
  ai_models: { required: ["id", "runtime_model_name"], optional: [] },
  mcp_tools: { required: ["id", "tool_name", "endpoint_url"], optional: ["auth_required"] },
  agent_mcp_tools: { required: ["agent_id", "mcp_tool_id"], optional: [] }
}

export const agentTables = Object.keys(tables)

/** Who belongs to which organisation. There are agents without it, and nobody who may use them. */
export const membersTable = "organization_members"

export const CatalogueRow = Schema.Struct({ table: Schema.String, column: Schema.String, type: Schema.String })

/** The columns that are there: `table.column` and its type. */
export type Catalogue = ReadonlyMap<string, string>

export const catalogueOf = (rows: ReadonlyArray<typeof CatalogueRow.Type>): Catalogue =>
  new Map(rows.map(({ column, table, type }) => [`${table}.${column}`, type]))

/** What we can't do without: tables that are missing altogether by their name, else columns. */
export const missingIn = (catalogue: Catalogue): ReadonlyArray<string> =>
  Object.entries(tables).flatMap(([table, { required }]) => {
    const missing = required.filter((column) => !catalogue.has(`${table}.${column}`))
    return missing.length === required.length
      ? [`table public.${table}`]
      : missing.map((column) => `column public.${table}.${column}`)
  })

/** A column of the agents `a` as SQL, or what stands for it where its table hasn't got it. */
const columnOr = (catalogue: Catalogue) => (column: string, expression: string, instead: string) =>
  catalogue.has(`agents.${column}`) ? expression.replaceAll("?", `a.${column}`) : instead

/** The expressions of one generation's agents: SQL text of ours, nothing of a caller's is in it. */
export const agentExpressions = (catalogue: Catalogue) => {
  const column = columnOr(catalogue)
  const sampling = ["temperature", "max_tokens"]
    .map((name) => `'${name}', ${column(name, "?", "null")}`)
    .join(", ")
  return {
    description: column("description", "?", "null"),
    graph: column("graph_id", "?", "'agent'"),
    engine: column("engine_id", "?", "null::uuid"),
    engineType: column("engine_type", "?::text", "'global'"),
    systemPrompt: column("system_prompt", "?", "null"),
    sampling: column(
      "sampling_params",
      "coalesce(?::jsonb, '{}')",
      `jsonb_strip_nulls(jsonb_build_object(${sampling}))`
    ),
    tools: column("assistant_tool_ids", "coalesce(to_jsonb(array_remove(?, null)), '[]')", "'[]'::jsonb"),
    isGlobal: column("is_global", "coalesce(?, false)", "true"),
    creator: column("created_by_user_id", "?::text", "null::text"),
    notDeleted: column("deleted_at", "? is null", "true"),
    authRequired: catalogue.has("mcp_tools.auth_required") ? "coalesce(tool.auth_required, false)" : "false",
    hasMembers: catalogue.has(`${membersTable}.user_id`),
    assistantIdType: catalogue.get("agents.langgraph_assistant_id") === "uuid" ? "uuid" : "text"
  }
}

export type AgentExpressions = ReturnType<typeof agentExpressions>
