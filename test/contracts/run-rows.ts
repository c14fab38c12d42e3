import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { RunId } from "../../src/domain/Run.ts"
import type { ThreadId } from "../../src/domain/Thread.ts"

/** A checkpoint with a write and a blob of its own, which also refers to a blob that all share. */
export const checkpoint = Effect.fnUntraced(function*(of: ThreadId, name: string, run: RunId | null) {
  const sql = yield* PgClient.PgClient
  const versions = { channel_versions: { messages: name, shared: "1" } }
  yield* sql`
    insert into langgraph_server.checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
    values (${of}::text, '', ${name}, ${sql.json(versions)}, ${sql.json({ run_id: run })})`
  yield* sql`
    insert into langgraph_server.checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, blob)
    values (${of}::text, '', ${name}, 'task', 0, 'messages', '')`
  yield* sql`
    insert into langgraph_server.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type)
    values (${of}::text, '', 'messages', ${name}, 'empty'), (${of}::text, '', 'shared', '1', 'empty')
    on conflict do nothing`
})

export const checkpointsLeft = Effect.fnUntraced(function*(of: ThreadId) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly name: string }>`
    select 'checkpoint ' || checkpoint_id as name from langgraph_server.checkpoints where thread_id = ${of}::text
    union all
    select 'write ' || checkpoint_id from langgraph_server.checkpoint_writes where thread_id = ${of}::text
    union all
    select 'blob ' || version from langgraph_server.checkpoint_blobs where thread_id = ${of}::text
    order by 1`
  return rows.map(({ name }) => name)
})

/** The columns by which a row belongs to a thread or a run, in all tables there are; the library's ids are texts. */
const belongings = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const tables = yield* sql<{ readonly name: string; readonly column: string }>`
    select format('%I.%I', c.table_schema, c.table_name) as name, c.column_name as column
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where t.table_type = 'BASE TABLE'
      and t.table_schema like 'langgraph%'
      and (c.column_name in ('thread_id', 'run_id') or (c.table_name in ('threads', 'runs') and c.column_name = 'id'))
    order by 1, 2`
  return tables
})

/** How many rows of a thread and its runs there are, by table. */
export const rowsOf = Effect.fnUntraced(function*(ids: ReadonlyArray<string>) {
  const sql = yield* PgClient.PgClient
  const counts: Record<string, number> = {}
  for (const { column, name } of yield* belongings) {
    const rows = yield* sql`
      select from ${sql.literal(name)} where ${sql.literal(column)}::text = any(${ids}::text[])`
    counts[name] = Math.max(counts[name] ?? 0, rows.length)
  }
  return counts
})

const filler: Readonly<Record<string, string>> = {
  uuid: "gen_random_uuid()",
  text: "''",
  boolean: "false",
  bytea: "''"
}

/** A row of a thread's run in every table that may have one: whatever else such a row needs is made up. */
export const plantRows = Effect.fnUntraced(function*(of: ThreadId, run: RunId) {
  const sql = yield* PgClient.PgClient
  const tables = new Set((yield* belongings).map(({ name }) => name))
  for (const name of ["threads", "runs"]) tables.delete(`langgraph_server.${name}`)
  for (const name of tables) {
    const columns = yield* sql<{ readonly column: string; readonly type: string }>`
      select column_name as column, data_type as type
      from information_schema.columns
      where format('%I.%I', table_schema, table_name) = ${name}
        and (column_name in ('thread_id', 'run_id') or (is_nullable = 'NO' and column_default is null))`
    const value = ({ column, type }: typeof columns[number]) => {
      if (column === "thread_id") return `'${of}'`
      if (column === "run_id") return `'${run}'`
      return filler[type] ?? (type === "jsonb" ? "'{}'" : type.startsWith("timestamp") ? "now()" : "0")
    }
    yield* sql`
      insert into ${sql.literal(name)} (${sql.literal(columns.map(({ column }) => column).join(", "))})
      values (${sql.literal(columns.map(value).join(", "))})`
  }
  return [...tables]
})
