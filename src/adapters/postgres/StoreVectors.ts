import type { PgClient } from "@effect/sql-pg"
import { Effect, Option, Ref, Schema } from "effect"
import type { SqlError, Statement } from "effect/sql"
import type { Json } from "../../domain/Json.ts"
import { textsOf } from "../../domain/StoreItem.ts"
import type { EmbeddingModel } from "../../ports/Embeddings.ts"
import { decodeRows } from "./Values.ts"

const decodeSchemas = decodeRows(Schema.Struct({ schema: Schema.String }))

export type Vectors = ReadonlyArray<ReadonlyArray<number>>

/** What an item is about: a vector for each of its texts, which are at these paths; null: where the operator says. */
export interface Meaning {
  readonly fields: ReadonlyArray<string> | null
  readonly vectors: Vectors
}

/** What values are about, asked for at once; with `fields: false` nothing. In their order. */
export const meaningsOf = Effect.fnUntraced(function*(
  model: EmbeddingModel,
  items: ReadonlyArray<{ readonly value: Json; readonly fields: ReadonlyArray<string> | false | null }>
) {
  const texts = items.map(({ fields, value }) => fields === false ? [] : textsOf(value, fields ?? model.fields))
  const all = texts.flat()
  const embedded = all.length === 0 ? [] : yield* model.embed(all)
  let next = 0
  return items.map(({ fields }, at): Meaning => ({
    fields: fields === false ? null : fields,
    vectors: embedded.slice(next, next += texts[at]?.length ?? 0)
  }))
})

/** The vectors of one embedding model, in a database that has pgvector. */
export interface VectorIndex {
  readonly model: EmbeddingModel
  /** What an item is about, in the transaction that writes it. */
  readonly replace: (item: string, meaning: Meaning) => Effect.Effect<void, SqlError.SqlError>
  /** How near an item `i` is to a vector: by the nearest of its texts, null for what is not indexed. */
  readonly nearness: (vector: ReadonlyArray<number>) => Statement.Fragment
}

/** In pgvector's notation. */
const textOf = (vector: ReadonlyArray<number>): string => `[${vector.join(",")}]`

/**
 * The vectors of items, where the database has pgvector. Their table is not one of the migrations, as its type may come
 * later than they do, or never. There is no index on the vectors: those of one person or organisation are compared one by
 * one, which is exact, and it is these few thousand that a search is about.
 */
export const storeVectors = (sql: PgClient.PgClient, model: Option.Option<EmbeddingModel>) =>
  Effect.gen(function*() {
    const known = yield* Ref.make(Option.none<VectorIndex>())

    const installed = decodeSchemas(sql`
      select replace(n.nspname, '"', '""') as schema
      from pg_extension e
      join pg_namespace n on n.oid = e.extnamespace
      where e.extname = 'vector'`).pipe(Effect.map(([row]) => Option.fromUndefinedOr(row?.schema)))

    const available = sql`select from pg_available_extensions where name = 'vector'`.pipe(
      Effect.map((rows) => rows.length > 0)
    )

    const alone = sql`select pg_advisory_xact_lock(hashtextextended('langgraph_server.store_vectors', 0))`

    /** Whoever may not install it is told by the database; then it is for the operator to do. */
    const install = Effect.gen(function*() {
      yield* alone
      yield* sql`create extension if not exists vector`
    }).pipe(
      sql.withTransaction,
      Effect.catchTag("SqlError", (error) => Effect.logWarning("The extension vector could not be installed", error))
    )

    const makeTable = Effect.fnUntraced(function*(type: Statement.Fragment) {
      yield* alone
      yield* sql`
        create table if not exists langgraph_server.store_vectors (
          item_id uuid not null references langgraph_server.store (id) on delete cascade,
          nth integer not null,
          model text not null,
          embedding ${type} not null,
          primary key (item_id, nth)
        )`
      // Asked for first: a change of the table would wait for everybody who reads it.
      const kept = yield* sql`
        select
        from pg_attribute
        where attrelid = 'langgraph_server.store_vectors'::regclass and attname = 'fields'`
      if (kept.length === 0) yield* sql`alter table langgraph_server.store_vectors add column fields text[]`
    }, sql.withTransaction)

    /** Operators are found by their schema, which the connection need not search. */
    const indexIn = (schema: string, model: EmbeddingModel): VectorIndex => {
      const type = sql.literal(`"${schema}".vector`)
      const distance = sql.literal(`operator("${schema}".<=>)`)
      return {
        model,
        replace: Effect.fnUntraced(function*(item, { fields, vectors }) {
          yield* sql`delete from langgraph_server.store_vectors where item_id = ${item}`
          if (vectors.length === 0) return
          yield* sql`
            insert into langgraph_server.store_vectors (item_id, nth, model, embedding, fields)
            select ${item}::uuid, v.nth, ${model.name}, v.embedding::${type}, ${fields}::text[]
            from unnest(${vectors.map(textOf)}::text[]) with ordinality v (embedding, nth)`
        }),
        nearness: (vector) =>
          sql`(
            select 1 - min(v.embedding ${distance} ${textOf(vector)}::text::${type})
            from langgraph_server.store_vectors v
            where v.item_id = i.id and v.model = ${model.name}
          )`
      }
    }

    /** Looked for until it is there. */
    const found = Effect.fnUntraced(function*(model: EmbeddingModel) {
      const before = yield* Ref.get(known)
      if (Option.isSome(before)) return before
      if (Option.isNone(yield* installed) && (yield* available)) yield* install
      const schema = yield* installed
      if (Option.isNone(schema)) return Option.none<VectorIndex>()
      yield* makeTable(sql.literal(`"${schema.value}".vector`))
      const index = Option.some(indexIn(schema.value, model))
      yield* Ref.set(known, index)
      return index
    })

    return {
      /** Whether there is a model at all. */
      configured: Option.isSome(model),
      /** None: without a model, or where the database has no pgvector. */
      index: Option.match(model, { onNone: () => Effect.succeedNone, onSome: found })
    }
  })

export type StoreVectors = Effect.Success<ReturnType<typeof storeVectors>>
