import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Authorization } from "./Authorization.ts"
import { RequestChecks } from "./RequestChecks.ts"

const { get, post } = HttpApiEndpoint

/** Which component, as the graph's message names it. */
const Component = Schema.Struct({ name: Schema.String })

/** Plain, as the reference sends it: pages take it for HTML, and nobody is to open it as a page. */
const Tags = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; charset=UTF-8" }))

/** What shows, in a page, what a graph has pushed. */
export class UiGroup extends HttpApiGroup.make("ui").add(
  post("component", "/ui/:assistant_id", {
    params: { assistant_id: Schema.NonEmptyString },
    payload: Component,
    success: Tags
  }).middleware(RequestChecks).middleware(Authorization),
  // Public, as a page's own scripts are: a browser sends no token along for what a tag names.
  get("file", "/ui/:graph_id/:file", {
    params: { graph_id: Schema.NonEmptyString, file: Schema.NonEmptyString },
    success: Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array())
  }).middleware(RequestChecks)
) {}
