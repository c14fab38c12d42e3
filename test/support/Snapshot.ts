import type pg from "pg"

/** Every table of every schema that is not Postgres's own, ready to stand in SQL. */
export const allTables = async (database: pg.Client): Promise<ReadonlyArray<string>> => {
  const { rows } = await database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`
  )
  return rows.map(({ name }) => name)
}

/**
 * What a server does of itself: it gives signs of life, notes what its runs' time goes into, counts its jobs, and clears
 * away what has had its time.
 */
const heartbeats = "array['heartbeat_on', 'renewed_at', 'steps']"
const bookkeeping = new Set([
  "langgraph_queue.queue",
  "langgraph_queue.version",
  "langgraph_server.contact",
  "langgraph_server.agent_sightings",
  "langgraph_server.agent_watch"
])
const chores = "coalesce(to_jsonb(t) ->> 'name', '') <> 'housekeeping'"

/** A digest of each table: whatever changes in a row, other than by itself, changes it. */
export const snapshot = async (database: pg.Client): Promise<Readonly<Record<string, string | null>>> => {
  const tables = (await allTables(database)).filter((table) => !bookkeeping.has(table))
  const digests = tables.map((table) =>
    `select '${table}' as name, (
       select md5(string_agg((to_jsonb(t) - ${heartbeats})::text, '|' order by (to_jsonb(t) - ${heartbeats})::text)) from ${table} t where ${chores}
     ) as digest`
  )
  const { rows } = await database.query<{ name: string; digest: string | null }>(digests.join(" union all "))
  return Object.fromEntries(rows.map(({ digest, name }) => [name, digest]))
}
