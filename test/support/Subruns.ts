import { agents } from "../../src/adapters/demo/World.ts"
import type { Person, Throughline } from "./Throughline.ts"

type At = Pick<Throughline, "database">

/** What an agent may call, as the consumer's application would write it. */
export const giveAgents = ({ database }: At, agent: string, called: ReadonlyArray<string>) =>
  database.query("update public.agents set assistant_tool_ids = $2::uuid[] where id = $1", [agent, called])

/** A line for the scripted model: it asks another agent, which gets a line of its own to go by. */
export const asking = (tool: string, message: string): string => `tool:${tool}:${JSON.stringify({ message })}`

/** The names of the world's agents as tools. */
export const tools = {
  [agents.recht]: "Rechts-Assistent",
  [agents.dokumente]: "Dokumenten-Assistent",
  [agents.wartung]: "Wartungsbericht-Analyst",
  [agents.allgemein]: "Allgemeiner_Assistent",
  [agents.expose]: "Expose-Assistent"
} as const

export interface SubrunRow {
  readonly run_id: string
  readonly thread_id: string
  readonly assistant_id: string
  readonly status: string
  readonly attempt: number
}

/** What a run had others do, as it is stored. */
export const subrunsOf = async ({ database }: At, runId: string): Promise<ReadonlyArray<SubrunRow>> => {
  const { rows } = await database.query<SubrunRow>(
    `select id::text as run_id, thread_id::text as thread_id, assistant_id, status, attempt
     from langgraph_server.runs where parent ->> 'run_id' = $1 order by created_at, id`,
    [runId]
  )
  return rows
}

/** The last run of a thread. */
export const lastRun = async (world: Throughline, person: Person, thread: string) => {
  const [run] = await world.client(person).runs.list(thread, { limit: 1 })
  if (run === undefined) throw new Error(`no run on ${thread}`)
  return run
}
