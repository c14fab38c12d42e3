import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { StoreActor } from "../../domain/StoreScope.ts"
import { Store } from "../../ports/Store.ts"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"
import { foundView, itemView } from "./StoreView.ts"

/** A person's own request comes from no organisation's agent. */
const actor = Effect.map(CurrentCaller, ({ principal }): StoreActor => ({ principal, organization: null }))

export const layer = HttpApiBuilder.group(Api, "store", (handlers) =>
  handlers.handleAll({
    put: Effect.fnUntraced(function*({ payload: { index = null, ...item } }) {
      const write = { _tag: "Put" as const, ...item, index, ttl: item.ttl }
      yield* (yield* Store).write([write], yield* actor)
    }),
    get: Effect.fnUntraced(function*({ query }) {
      const found = yield* (yield* Store).get(query, query.refresh_ttl ?? null, yield* actor)
      return Option.match(found, { onNone: () => null, onSome: itemView })
    }),
    delete: Effect.fnUntraced(function*({ payload }) {
      yield* (yield* Store).write([{ _tag: "Delete", ...payload }], yield* actor)
    }),
    search: Effect.fnUntraced(function*({ payload }) {
      const { filter, limit, namespace_prefix: prefix, offset, query, refresh_ttl } = payload
      const search = { prefix, filter, query: query || null, limit, offset, refresh: refresh_ttl ?? null }
      return { items: (yield* (yield* Store).search(search, yield* actor)).map(foundView) }
    }),
    namespaces: Effect.fnUntraced(function*({ payload }) {
      const { max_depth: maxDepth = null, ...query } = payload
      return { namespaces: yield* (yield* Store).namespaces({ ...query, maxDepth }, yield* actor) }
    })
  }))
