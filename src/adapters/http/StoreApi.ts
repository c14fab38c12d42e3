import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Authorization } from "./Authorization.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { orNothing } from "./Schemas.ts"
import { ItemQuery, ItemSearch, ItemToDelete, NamespaceSearch, NewItem } from "./StoreRequests.ts"
import { ItemView } from "./StoreView.ts"

const { delete: del, get, post, put } = HttpApiEndpoint

/** What people and graphs keep beyond a thread; whose it is, the server says. */
export class StoreGroup extends HttpApiGroup.make("store").add(
  put("put", "/store/items", { payload: NewItem, success: HttpApiSchema.NoContent }),
  // What is not there is null, not 404: so the SDK expects it.
  get("get", "/store/items", { query: ItemQuery, success: Schema.NullOr(ItemView) }),
  del("delete", "/store/items", { payload: ItemToDelete, success: HttpApiSchema.NoContent }),
  post("search", "/store/items/search", {
    payload: orNothing(ItemSearch),
    success: Schema.Struct({ items: Schema.Array(ItemView) })
  }),
  post("namespaces", "/store/namespaces", {
    payload: orNothing(NamespaceSearch),
    success: Schema.Struct({ namespaces: Schema.Array(Schema.Array(Schema.String)) })
  })
).middleware(RequestChecks).middleware(Authorization) {}
