import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Result, Schema } from "effect"
import { Embeddings } from "../../ports/Embeddings.ts"
import { StoreMeanings } from "../../ports/StoreMeanings.ts"
import { orUnavailable } from "./Database.ts"
import { alive } from "./StoreRows.ts"
import { type Meaning, meaningsOf, storeVectors, type VectorIndex } from "./StoreVectors.ts"
import { decodeRows } from "./Values.ts"

const OutdatedItem = Schema.Struct({
  id: Schema.String,
  value: Schema.JsonObject,
  fields: Schema.NullOr(Schema.Array(Schema.String)),
  /** A text: a date would lose what is less than a millisecond. */
  changed: Schema.String
})
type OutdatedItem = typeof OutdatedItem.Type

const decodeItems = decodeRows(OutdatedItem)

export const PgStoreMeanings = Layer.effect(
  StoreMeanings,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const vectors = yield* storeVectors(sql, yield* Embeddings)

    /** In the order of store_vectors_pkey. Where nothing is out of date it has been read once, from end to end. */
    const outdated = (model: string, after: Option.Option<string>, batch: number) =>
      decodeItems(sql`
        select distinct on (v.item_id) i.id, i.value, v.fields, i.updated_at::text as changed
        from langgraph_server.store_vectors v
        join langgraph_server.store i on i.id = v.item_id
        where v.model <> ${model}
          and ${Option.match(after, { onNone: () => sql`true`, onSome: (id) => sql`v.item_id > ${id}::uuid` })}
          and ${alive(sql)}
        order by v.item_id
        limit ${batch}`)

    /** Whoever has changed it meanwhile has had it embedded as well. */
    const replace = (index: VectorIndex, { changed, id }: OutdatedItem, meaning: Meaning) =>
      sql`
        select i.id
        from langgraph_server.store i
        where i.id = ${id} and i.updated_at::text = ${changed}
        for update`.pipe(
        Effect.flatMap((held) => held.length === 0 ? Effect.void : index.replace(id, meaning)),
        sql.withTransaction
      )

    const renewed = Effect.fnUntraced(function*(index: VectorIndex, items: ReadonlyArray<OutdatedItem>) {
      const meanings = yield* meaningsOf(index.model, items)
      yield* Effect.forEach(Array.zip(items, meanings), ([item, meaning]) => replace(index, item, meaning), {
        discard: true
      })
    })

    /** One text that the model does not take keeps no other from being embedded. */
    const oneByOne = Effect.fnUntraced(function*(index: VectorIndex, items: ReadonlyArray<OutdatedItem>) {
      const tried = yield* Effect.forEach(items, (item) =>
        renewed(index, [item]).pipe(
          Effect.as(Result.void),
          Effect.catchTag("EmbeddingFailed", (failure) => Effect.succeed(Result.fail(failure)))
        ))
      const failures = Array.getFailures(tried)
      const [failure] = failures
      return failure !== undefined && failures.length === items.length ? yield* failure : failures.length
    })

    return StoreMeanings.of({
      renew: Effect.fn("StoreMeanings.renew")(function*(after, batch) {
        const index = yield* vectors.index
        if (Option.isNone(index)) return Option.none()
        const items = yield* outdated(index.value.model.name, after, batch)
        const last = Array.last(items)
        if (Option.isNone(last)) return Option.none()
        const refused = yield* renewed(index.value, items).pipe(
          Effect.as(0),
          Effect.catchTag("EmbeddingFailed", () => oneByOne(index.value, items))
        )
        return Option.some({ last: last.value.id, renewed: items.length - refused, refused })
      }, orUnavailable)
    })
  })
)
