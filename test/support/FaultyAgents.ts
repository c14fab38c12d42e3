import { organizations } from "../../src/adapters/demo/World.ts"
import type { Throughline } from "./Throughline.ts"

type At = Pick<Throughline, "database">

export interface PlantedAgent {
  readonly name: string
  /** Columns of `agents` beside the usual ones, as SQL. */
  readonly set?: string
  /** Rows of `mcp_tools`: their names. */
  readonly tools?: ReadonlyArray<string>
}

/** A server as the consumer's tables know it. */
export const plantTool = async ({ database }: At, name: string, url: string | null, auth = false) => {
  await database.query("insert into public.mcp_tools (tool_name, endpoint_url, auth_required) values ($1, $2, $3)", [
    name,
    url,
    auth
  ])
}

/** An engine of its own whose model has this name; null: an engine that leads nowhere. */
export const plantEngine = async ({ database }: At, model: string | null): Promise<string> => {
  const { rows } = await database.query<{ id: string }>(
    `with model as (
      insert into public.ai_models (name, runtime_model_name) select $1::text, $1 where $1 is not null returning id
    )
    insert into public.global_ai_engines (name, language_model_id)
    values (coalesce($1::text, 'nowhere'), (select id from model))
    returning id`,
    [model]
  )
  return rows[0]?.id ?? ""
}

/** An agent of the second generation that lacks nothing but what is said of it. */
export const plantAgent = async (
  { database }: At,
  { name, set = "name = name", tools = [] }: PlantedAgent,
  organization: string = organizations.kanzleiNord
): Promise<string> => {
  const { rows } = await database.query<{ id: string }>(
    `insert into public.agents (organization_id, name, system_prompt, engine_id, engine_type, is_global)
     values ($1, $2, 'Du hilfst.', '40000000-0000-4000-a000-000000000001', 'global', true)
     returning id`,
    [organization, name]
  )
  const id = rows[0]?.id ?? ""
  await database.query(`update public.agents set ${set} where id = $1`, [id])
  await database.query(
    "insert into public.agent_mcp_tools select $1, id from public.mcp_tools where tool_name = any($2)",
    [id, [...tools]]
  )
  return id
}
