import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option } from "effect"
import { conditionsOf } from "../../domain/StoreFilter.ts"
import { wrongWithKey, wrongWithLabels, wrongWithNamespace } from "../../domain/StoreItem.ts"
import { namesOrganizations, placeOf, type StoreActor } from "../../domain/StoreScope.ts"
import { Embeddings } from "../../ports/Embeddings.ts"
import { type FoundItem, Store, type StoreSearch } from "../../ports/Store.ts"
import { StoreSettings } from "../../ports/StoreSettings.ts"
import { orUnavailable } from "./Database.ts"
import {
  alive,
  decodeItems,
  decodeNamespaces,
  holds,
  type ItemRow,
  matching,
  owned,
  seenItems,
  underPrefix
} from "./StoreRows.ts"
import { storeVectors } from "./StoreVectors.ts"
import { invalid, nameOrganization, storeWrites } from "./StoreWrites.ts"

const found = ({ created_at, key, namespace, score, updated_at, value }: ItemRow): FoundItem => ({
  namespace,
  key,
  value,
  score,
  created_at,
  updated_at
})

const refuse = (wrong: string | undefined) => wrong === undefined ? Effect.void : Effect.fail(invalid(wrong))

const notConfigured = "query needs an embedding model, and none is configured: set store.index (embed, dims) in the "
  + "langgraph.json. Without query, items are found by namespace_prefix and filter"
const noExtension =
  "query needs the extension vector (pgvector) in this server's database: install it, and put the items "
  + "again. Without query, items are found by namespace_prefix and filter"

export const PgStore = Layer.effect(
  Store,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const settings = yield* StoreSettings
    const vectors = yield* storeVectors(sql, yield* Embeddings)
    const { write, writeInRun } = storeWrites(sql, vectors, settings)

    const refresh = (ids: ReadonlyArray<string>, wanted: boolean | null) =>
      ids.length === 0 || !(wanted ?? settings.ttl.refresh_on_read)
        ? Effect.void
        : sql`
            update langgraph_server.store i
            set expires_at = clock_timestamp() + make_interval(secs => i.ttl_minutes * 60)
            where i.id = any(${ids}::uuid[]) and i.ttl_minutes is not null and ${alive(sql)}`

    /** A person of several organisations who looks into what is shared, but not with whom. */
    const unclear = (actor: StoreActor, prefix: ReadonlyArray<string>) => {
      const place = placeOf(actor, prefix)
      return place._tag === "Unclear" && place.choices > 0
    }

    const score = Effect.fnUntraced(function*(query: string | null) {
      if (query === null) return sql`null::float8`
      const index = yield* vectors.index
      if (Option.isNone(index)) return yield* invalid(vectors.configured ? noExtension : notConfigured)
      const [vector = []] = yield* index.value.model.embed([query])
      return index.value.nearness(vector)
    })

    const search = Effect.fnUntraced(function*(query: StoreSearch, actor: StoreActor) {
      const { filter, limit, offset, prefix } = query
      yield* refuse(wrongWithLabels(prefix))
      if (prefix.length > 1 && unclear(actor, prefix)) return yield* invalid(nameOrganization)
      const conditions = yield* Effect.fromResult(conditionsOf(filter))
      const named = namesOrganizations(actor, prefix)
      const nearness = yield* score(query.query)
      return yield* decodeItems(sql`
        with items as (${seenItems(sql, actor, named, underPrefix(sql, prefix))})
        select i.id, i.labels as namespace, i.key, i.value, i.created_at, i.updated_at, ${nearness} as score
        from items i
        where ${sql.and(conditions.map((condition) => holds(sql, condition)))}
        order by score desc nulls last, i.created_at, i.labels, i.key
        limit ${limit}
        offset ${offset}`)
    })

    return Store.of({
      get: Effect.fn("Store.get")(function*({ key, namespace }, wanted, actor) {
        yield* refuse(wrongWithNamespace(namespace) ?? wrongWithKey(key))
        const place = placeOf(actor, namespace)
        if (place._tag === "Unclear") return place.choices > 0 ? yield* invalid(nameOrganization) : Option.none()
        const whose = place._tag === "Own"
          ? owned(sql, actor)
          : sql`(i.user_id is null and i.organization_id = ${place.organization})`
        const rows = yield* decodeItems(sql`
          select
            i.id, ${namespace}::text[] as namespace, i.key, i.value, i.created_at, i.updated_at, null::float8 as score
          from langgraph_server.store i
          where ${whose} and i.namespace = ${place.category}::text[] and i.key = ${key} and ${alive(sql)}
          order by i.updated_at desc, i.id
          limit 1`)
        yield* refresh(rows.map(({ id }) => id), wanted)
        return Option.map(Array.head(rows), found)
      }, orUnavailable),

      search: Effect.fn("Store.search")(function*(query, actor) {
        const rows = yield* search(query, actor)
        yield* refresh(rows.map(({ id }) => id), query.refresh)
        return rows.map(found)
      }, orUnavailable),

      namespaces: Effect.fn("Store.namespaces")(function*({ limit, maxDepth, offset, prefix, suffix }, actor) {
        yield* refuse(wrongWithLabels(prefix) ?? wrongWithLabels(suffix))
        const named = namesOrganizations(actor, prefix)
        const rows = yield* decodeNamespaces(sql`
          with items as (${seenItems(sql, actor, named, matching(sql, prefix, suffix))})
          select distinct ${maxDepth === null ? sql`i.labels` : sql`i.labels[1:${maxDepth}::int]`} as namespace
          from items i
          order by namespace
          limit ${limit}
          offset ${offset}`)
        return rows.map(({ namespace }) => namespace)
      }, orUnavailable),

      write: Effect.fn("Store.write")(write, orUnavailable),

      writeInRun: Effect.fn("Store.writeInRun")(writeInRun, orUnavailable)
    })
  })
)
