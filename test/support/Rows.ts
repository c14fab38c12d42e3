import type pg from "pg"

/** Names of our tables, LangGraph's included. */
export const ourTables = async (database: pg.Client): Promise<ReadonlyArray<string>> => {
  const { rows } = await database.query<{ tablename: string }>(
    "select tablename from pg_tables where schemaname = 'langgraph_server' order by tablename"
  )
  return rows.map(({ tablename }) => tablename)
}

const countEach = async (database: pg.Client, where: string, parameters: ReadonlyArray<string>) => {
  const counts: Record<string, number> = {}
  for (const table of await ourTables(database)) {
    const { rows } = await database.query<{ count: number }>(
      `select count(*)::int as count from langgraph_server.${table} t ${where}`,
      [...parameters]
    )
    counts[table] = rows[0]?.count ?? 0
  }
  return counts
}

/** How many rows each of our tables has. */
export const rowCounts = (database: pg.Client) => countEach(database, "", [])

/** How many rows of each table mention an id, in whatever column. */
export const rowsAbout = async (database: pg.Client, id: string): Promise<Readonly<Record<string, number>>> => {
  const counts = await countEach(database, "where row_to_json(t)::text like '%' || $1 || '%'", [id])
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
