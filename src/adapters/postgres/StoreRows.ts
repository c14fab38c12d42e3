import type { PgClient } from "@effect/sql-pg"
import { Schema } from "effect"
import type { Statement } from "effect/sql"
import type { StoreCondition } from "../../domain/StoreFilter.ts"
import type { Namespace } from "../../domain/StoreItem.ts"
import { organizationsIn, sharedLabel, type StoreActor } from "../../domain/StoreScope.ts"
import { decodeRows, jsonb } from "./Values.ts"

const ItemRow = Schema.Struct({
  id: Schema.String,
  namespace: Schema.Array(Schema.String),
  key: Schema.String,
  value: Schema.JsonObject,
  score: Schema.NullOr(Schema.Finite),
  created_at: Schema.Date,
  updated_at: Schema.Date
})
export type ItemRow = typeof ItemRow.Type

export const decodeItems = decodeRows(ItemRow)
export const decodeNamespaces = decodeRows(Schema.Struct({ namespace: Schema.Array(Schema.String) }))

/** Its time is not over; whether it has been swept is nobody's concern. */
export const alive = (sql: PgClient.PgClient): Statement.Fragment =>
  sql`(i.expires_at is null or i.expires_at > clock_timestamp())`

/** A person's own items `i`, by store_own: in the words of `seesItem`. */
export const owned = (sql: PgClient.PgClient, actor: StoreActor): Statement.Fragment =>
  sql`(
    i.user_id = ${actor.principal.userId}
    and (i.organization_id is null or i.organization_id = any(${organizationsIn(actor)}::text[]))
  )`

/** `seesItem` of domain/StoreScope.ts for the rows `i` of `store`, by store_own and store_shared, which a BitmapOr joins. */
export const seen = (sql: PgClient.PgClient, actor: StoreActor): Statement.Fragment =>
  sql`(
    ${owned(sql, actor)}
    or (i.user_id is null and i.organization_id = any(${organizationsIn(actor)}::text[]))
  )`

/** `shownNamespace` of domain/StoreScope.ts. */
const shown = (sql: PgClient.PgClient, named: boolean): Statement.Fragment =>
  sql`case
      when i.user_id is not null then i.namespace
      when ${named}::boolean then array[${sharedLabel}::text, i.organization_id] || i.namespace
      else array[${sharedLabel}::text] || i.namespace
    end`

/**
 * What an actor sees under some of the names it has for it. Where two organisations' agents have kept something of one
 * person's under the same name, the newer stands for both.
 */
export const seenItems = (
  sql: PgClient.PgClient,
  actor: StoreActor,
  named: boolean,
  under: Statement.Fragment
): Statement.Fragment =>
  sql`
      select distinct on (s.labels, i.key) i.*, s.labels
      from langgraph_server.store i
      cross join lateral (select ${shown(sql, named)} as labels) s
      where ${seen(sql, actor)} and ${alive(sql)} and ${under}
      order by s.labels, i.key, i.updated_at desc, i.id`

const wildcard = "*"

const label = (sql: PgClient.PgClient, position: Statement.Fragment, wanted: string) =>
  wanted === wildcard ? [] : [sql`s.labels[${position}] = ${wanted}`]

export const underPrefix = (sql: PgClient.PgClient, prefix: Namespace): Statement.Fragment =>
  sql`s.labels[1:${prefix.length}::int] = ${prefix}::text[]`

/** As LangGraph matches namespaces: label by label, from either end. */
export const matching = (sql: PgClient.PgClient, prefix: Namespace, suffix: Namespace): Statement.Fragment =>
  sql.and([
    sql`cardinality(s.labels) >= ${Math.max(prefix.length, suffix.length)}::int`,
    ...prefix.flatMap((wanted, at) => label(sql, sql`${at + 1}::int`, wanted)),
    ...suffix.flatMap((wanted, at) => label(sql, sql`cardinality(s.labels) - ${suffix.length - 1 - at}::int`, wanted))
  ])

const operators = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" } as const

/** What holds of a value: things of one kind are compared, numbers or texts, and nothing else is more or less. */
export const holds = (sql: PgClient.PgClient, { is, operand, path }: StoreCondition): Statement.Fragment => {
  const found = sql`(i.value #> ${path}::text[])`
  // A null is bound as SQL's, which is equal to nothing.
  const wanted = operand === null ? sql`'null'::jsonb` : jsonb(sql, operand)
  switch (is) {
    case "$eq":
      return sql`${found} = ${wanted}`
    case "$ne":
      return sql`${found} is distinct from ${wanted}`
    case "$in":
      return sql`exists (select from jsonb_array_elements(${wanted}) as e (one) where e.one = ${found})`
    case "$nin":
      return sql`not exists (select from jsonb_array_elements(${wanted}) as e (one) where e.one = ${found})`
    default:
      return sql`(
        jsonb_typeof(${found}) = jsonb_typeof(${wanted})
        and jsonb_typeof(${wanted}) in ('number', 'string')
        and ${found} ${sql.literal(operators[is])} ${wanted}
      )`
  }
}
