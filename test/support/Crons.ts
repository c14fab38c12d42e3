import type { Cron } from "@langchain/langgraph-sdk"
import type pg from "pg"
import type { Person } from "./Throughline.ts"
import { until } from "./Throughline.ts"

/** A cron as this server shows it. */
export interface ShownCron extends Cron {
  readonly timezone: string | null
  readonly last_run_id: string | null
  readonly last_run_date: string | null
  readonly last_error: string | null
}

interface Server {
  readonly database: pg.Client
  readonly fetch: (person: Person, path: string, init?: RequestInit) => Promise<Response>
}

/** What was to come has been due for so long: nobody waits for a minute to pass. */
export const makeDue = (
  { database }: Pick<Server, "database">,
  cronIds: ReadonlyArray<string>,
  ago = "1 second"
): Promise<unknown> =>
  database.query(
    `update langgraph_server.crons
     set next_run_at = now() - $2::interval
     where id = any($1::uuid[]) and next_run_at is not null`,
    [cronIds, ago]
  )

export const isDue = async ({ database }: Pick<Server, "database">, cronId: string): Promise<boolean> => {
  const due = await database.query("select from langgraph_server.crons where id = $1 and next_run_at <= now()", [
    cronId
  ])
  return due.rowCount === 1
}

/** Has crons tick, once each, and waits until all have. */
export const tick = async (server: Pick<Server, "database">, cronIds: ReadonlyArray<string>, ago?: string) => {
  await makeDue(server, cronIds, ago)
  for (const cronId of cronIds) await until(`the tick of ${cronId}`, async () => !(await isDue(server, cronId)), 60_000)
}

/** The ids of the runs that a cron has made, in their order. */
export const runsOf = async (
  { database }: Pick<Server, "database">,
  cronId: string
): Promise<ReadonlyArray<string>> => {
  const { rows } = await database.query<{ id: string }>(
    "select id::text as id from langgraph_server.runs where metadata ->> 'cron_id' = $1 order by id",
    [cronId]
  )
  return rows.map(({ id }) => id)
}
