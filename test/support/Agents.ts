import type pg from "pg"
import { agents } from "../../src/adapters/demo/World.ts"
import type { Throughline } from "./Throughline.ts"

type At = Pick<Throughline, "database">

/** Changes a row of the consumer's, as their own application would: `set` is SQL, the agent its $1. */
export const editAgent = ({ database }: At, id: string, set: string, ...values: ReadonlyArray<unknown>) =>
  database.query(`update public.agents set ${set} where id = $1`, [id, ...values])

/** Another agent that is in everything like the Rechts-Assistent. */
export const copyOfRecht = async ({ database }: At): Promise<string> => {
  const { rows: columns } = await database.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_schema = 'public' and table_name = 'agents' and column_name not in ('id', 'langgraph_assistant_id')`
  )
  const names = columns.map(({ name }) => name).join(", ")
  const { rows } = await database.query<{ id: string }>(
    `insert into public.agents (${names}) select ${names} from public.agents where id = $1 returning id`,
    [agents.recht]
  )
  const id = rows[0]?.id ?? ""
  await database.query(
    "insert into public.agent_mcp_tools select $2, mcp_tool_id from public.agent_mcp_tools where agent_id = $1",
    [agents.recht, id]
  )
  return id
}

export interface Synced {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly retired: boolean
}

/** The synced assistants as they are stored. */
export const syncedIn = async (database: pg.Client): Promise<ReadonlyArray<Synced>> => {
  const { rows } = await database.query<Synced>(
    `select id, name, version, retired_at is not null as retired
     from langgraph_server.assistants where source = 'agent' order by id`
  )
  return rows
}

/** What stands in `agents.langgraph_assistant_id`, by agent. */
export const writtenBack = async (database: pg.Client): Promise<Readonly<Record<string, string | null>>> => {
  const { rows } = await database.query<{ id: string; written: string | null }>(
    "select id::text, langgraph_assistant_id::text as written from public.agents order by id"
  )
  return Object.fromEntries(rows.map(({ id, written }) => [id, written]))
}

/** What the sync at the start said. */
export const summaryOf = ({ logs }: Pick<Throughline, "logs">): string =>
  /Startup sync summary: ([^"]*)/.exec(logs.find((line) => line.includes("Startup sync summary:")) ?? "")?.[1] ?? ""
