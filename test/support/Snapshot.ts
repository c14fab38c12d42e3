import type pg from "pg"

/** Every table of every schema that is not Postgres's own, ready to stand in SQL. */
export const allTables = async (database: pg.Client): Promise<ReadonlyArray<string>> => {
  const { rows } = await database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`
  )
  return rows.map(({ name }) => name)
}

/** A digest of each table: whatever changes in a row changes it. */
export const snapshot = async (database: pg.Client): Promise<Readonly<Record<string, string | null>>> => {
  const digests = (await allTables(database)).map((table) =>
    `select '${table}' as name, (select md5(string_agg(t::text, '|' order by t::text)) from ${table} t) as digest`
  )
  const { rows } = await database.query<{ name: string; digest: string | null }>(digests.join(" union all "))
  return Object.fromEntries(rows.map(({ digest, name }) => [name, digest]))
}
