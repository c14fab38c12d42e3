import { Schema } from "effect"
import { Configuration, Flag, given, limitOf, maybe, offset, SortOrder } from "./Schemas.ts"

/** In letters. Any text may be an id, but it has to fit into an index. */
export const maxAssistantId = 255

export const NewAssistant = Schema.Struct({
  assistant_id: maybe(Schema.String.check(Schema.isMaxLength(maxAssistantId))),
  graph_id: Schema.NonEmptyString,
  name: given(Schema.String, "Untitled"),
  description: given(Schema.NullOr(Schema.String), null),
  config: given(Configuration, {}),
  context: given(Schema.JsonObject, {}),
  metadata: given(Schema.JsonObject, {}),
  if_exists: given(Schema.Literals(["raise", "do_nothing"]), "raise")
})

/** An absent key means unchanged; only a description can be taken away. */
export const AssistantPatch = Schema.Struct({
  graph_id: maybe(Schema.NonEmptyString),
  name: maybe(Schema.String),
  description: Schema.optionalKey(Schema.NullOr(Schema.String)),
  config: maybe(Configuration),
  context: maybe(Schema.JsonObject),
  metadata: maybe(Schema.JsonObject)
})

const filter = {
  graph_id: maybe(Schema.String),
  name: maybe(Schema.String),
  metadata: maybe(Schema.JsonObject)
}

export const AssistantCount = Schema.Struct(filter)

export const AssistantSearch = Schema.Struct({
  ...filter,
  limit: limitOf(10),
  offset,
  sort_by: given(Schema.Literals(["assistant_id", "graph_id", "name", "created_at", "updated_at"]), "created_at"),
  sort_order: given(SortOrder, "desc"),
  select: maybe(Schema.Array(Schema.String))
})

export const Versions = Schema.Struct({ limit: limitOf(10), offset, metadata: maybe(Schema.JsonObject) })

export const Latest = Schema.Struct({ version: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)) })

/** How deep a drawing goes into subgraphs: all the way, not at all, or so many levels. */
const Xray = Schema.Union([
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)),
  Flag
])

export const Drawing = { xray: given(Xray, false) }

/** Nested graphs all the way down. */
export const Subgraphs = { recurse: given(Flag, false) }

/** The caller's threads that ran on the assistant alone go with it. */
export const Deletion = { delete_threads: given(Flag, false) }
