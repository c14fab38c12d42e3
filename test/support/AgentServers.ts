import type { Throughline } from "./Throughline.ts"

export interface ServerRow {
  readonly name: string
  readonly url: string
  readonly auth?: boolean
}

/** Gives an agent these tool servers and no others, as the consumer's own application would. */
export const giveServers = async (
  { database }: Pick<Throughline, "database">,
  agent: string,
  servers: ReadonlyArray<ServerRow>
): Promise<void> => {
  await database.query("delete from public.agent_mcp_tools where agent_id = $1", [agent])
  for (const { auth = false, name, url } of servers) {
    await database.query(
      `with tool as (
         insert into public.mcp_tools (tool_name, endpoint_url, auth_required) values ($2, $3, $4) returning id
       )
       insert into public.agent_mcp_tools (agent_id, mcp_tool_id) select $1, id from tool`,
      [agent, name, url, auth]
    )
  }
}
