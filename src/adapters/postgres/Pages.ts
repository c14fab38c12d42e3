import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { Statement } from "effect/sql"
import type { SortOrder } from "../../ports/Assistants.ts"
import { decodeRows } from "./Values.ts"

const decodeTotals = decodeRows(Schema.Struct({ total: Schema.Int }))

/** A table under its alias, as in `langgraph_server.threads t`, and what is read of its rows. */
export interface Paged {
  readonly from: string
  readonly id: string
  readonly columns: string
}

export interface PageQuery {
  /** A column, never a caller's text. */
  readonly column: string
  readonly sort_order: SortOrder
  readonly limit: number
  readonly offset: number
}

/** Counting the rows of a table, and reading them a page at a time, in a stable order and with their number. */
export const paged = (sql: PgClient.PgClient, table: Paged) => {
  const from = sql.literal(table.from)
  const id = sql.literal(table.id)

  const count = (where: Statement.Fragment) =>
    decodeTotals(sql`select count(*)::int as total from ${from} where ${where}`).pipe(
      Effect.map(([row]) => row?.total ?? 0)
    )

  /** Chosen and counted without their wide columns, then read. */
  const page = Effect.fnUntraced(function*(
    where: Statement.Fragment,
    { column, limit, offset, sort_order }: PageQuery
  ) {
    const order = sql.literal(`${column} ${sort_order === "asc" ? "asc" : "desc"}, ${table.id}`)
    const rows = yield* sql`
      with page as (
        select ${id} as page_id, count(*) over ()::int as total
        from ${from}
        where ${where}
        order by ${order}
        limit ${limit}
        offset ${offset}
      )
      select ${sql.literal(table.columns)}, page.total
      from page
      join ${from} on ${id} = page.page_id
      order by ${order}`
    const [first] = yield* decodeTotals(Effect.succeed(rows.slice(0, 1)))
    // A page beyond the last has no row that could tell how many there are.
    return { rows, total: first?.total ?? (yield* count(where)) }
  })

  return { count, page }
}
