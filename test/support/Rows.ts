import type pg from "pg"

/** Names of our tables, LangGraph's included. */
export const ourTables = async (database: pg.Client): Promise<ReadonlyArray<string>> => {
  const { rows } = await database.query<{ tablename: string }>(
    "select tablename from pg_tables where schemaname = 'langgraph_server' order by tablename"
  )
  return rows.map(({ tablename }) => tablename)
}

/** What is queued about runs; the engine's other jobs come and go by themselves. */
const jobs = "(select * from langgraph_queue.job where name <> 'housekeeping')"

const countEach = async (database: pg.Client, where: string, parameters: ReadonlyArray<string>) => {
  const counts: Record<string, number> = {}
  const ours = (await ourTables(database)).map((table) => [table, `langgraph_server.${table}`] as const)
  for (const [table, from] of [...ours, ["jobs", jobs] as const]) {
    const { rows } = await database.query<{ count: number }>(
      `select count(*)::int as count from ${from} t ${where}`,
      [...parameters]
    )
    counts[table] = rows[0]?.count ?? 0
  }
  return counts
}

/** Without the log of a run that is gone: its readers get a minute to see its end, wherever they are. */
export const exceptLogs = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).filter(([table]) => table !== "run_events"))

/** What a server notes of itself, when it comes to it: whether the agents' tables were looked at, and when. */
const ofItself = ["agent_sightings", "agent_watch"]

/** How many rows each of our tables has, and how many jobs there are. */
export const rowCounts = async (database: pg.Client): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(Object.entries(await countEach(database, "", [])).filter(([table]) => !ofItself.includes(table)))

/** How many rows of each table mention an id, in whatever column. */
export const rowsAbout = async (database: pg.Client, id: string): Promise<Readonly<Record<string, number>>> => {
  const counts = await countEach(database, "where row_to_json(t)::text like '%' || $1 || '%'", [id])
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
