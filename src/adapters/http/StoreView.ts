import { Schema } from "effect"
import type { StoreItem } from "../../domain/StoreItem.ts"
import type { FoundItem } from "../../ports/Store.ts"

export const ItemView = Schema.Struct({
  namespace: Schema.Array(Schema.String),
  key: Schema.String,
  value: Schema.JsonObject,
  created_at: Schema.String,
  updated_at: Schema.String,
  /** How near it is to the query, where one was asked and the item is indexed. */
  score: Schema.optionalKey(Schema.Finite)
}).annotate({ identifier: "StoreItem" })

export const itemView = ({ created_at, key, namespace, updated_at, value }: StoreItem): typeof ItemView.Type => ({
  value,
  key,
  namespace,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString()
})

export const foundView = (item: FoundItem): typeof ItemView.Type => ({
  ...itemView(item),
  ...(item.score === null ? {} : { score: item.score })
})
