import { Schema } from "effect"
import type { CheckpointRef } from "../../domain/Run.ts"
import { ThreadStatus } from "../../domain/Thread.ts"
import {
  given,
  limitOf,
  limitText,
  maybe,
  offset,
  SortOrder,
  ThreadIdText,
  unsupported,
  unsupportedUnlessEmpty
} from "./Schemas.ts"

export const NewThread = Schema.Struct({
  thread_id: maybe(ThreadIdText),
  metadata: given(Schema.JsonObject, {}),
  if_exists: given(Schema.Literals(["raise", "do_nothing"]), "raise"),
  supersteps: unsupportedUnlessEmpty("supersteps"),
  ttl: unsupported("ttl")
})

export const ThreadPatch = Schema.Struct({ metadata: given(Schema.JsonObject, {}), ttl: unsupported("ttl") })

const filter = {
  metadata: maybe(Schema.JsonObject),
  status: maybe(ThreadStatus),
  ids: maybe(Schema.Array(ThreadIdText)),
  values: unsupported("a filter on values")
}

export const ThreadCount = Schema.Struct(filter)

export const ThreadSearch = Schema.Struct({
  ...filter,
  limit: limitOf(10),
  offset,
  sort_by: given(Schema.Literals(["thread_id", "status", "created_at", "updated_at"]), "created_at"),
  sort_order: given(SortOrder, "desc"),
  select: maybe(Schema.Array(Schema.String)),
  extract: unsupported("extract")
})

/** Where on a thread: without an id its latest checkpoint. */
export const Checkpoint = Schema.Struct({
  checkpoint_id: maybe(Schema.NonEmptyString),
  checkpoint_ns: given(Schema.String, "")
})

export const checkpointOf = (
  asked: { readonly checkpoint_id?: string; readonly checkpoint_ns?: string } | undefined
): CheckpointRef | null =>
  asked?.checkpoint_id === undefined
    ? null
    : { checkpoint_id: asked.checkpoint_id, checkpoint_ns: asked.checkpoint_ns ?? "" }

/** `before` is a checkpoint's id, or the checkpoint itself as it stands in a state. */
const Before = Schema.Union([
  Schema.NonEmptyString,
  Schema.Struct({ checkpoint_id: Schema.NonEmptyString }),
  Schema.Struct({ configurable: Schema.Struct({ checkpoint_id: Schema.NonEmptyString }) })
])

export const beforeOf = (before: typeof Before.Type | undefined): string | null => {
  if (before === undefined || typeof before === "string") return before ?? null
  return "checkpoint_id" in before ? before.checkpoint_id : before.configurable.checkpoint_id
}

export const History = Schema.Struct({
  limit: limitOf(10),
  before: maybe(Before),
  metadata: maybe(Schema.JsonObject),
  checkpoint: maybe(Checkpoint)
})

export const HistoryQuery = { limit: limitText(10), before: maybe(Schema.NonEmptyString) }

export const StateAt = Schema.Struct({ checkpoint: Checkpoint })
