import { Schema } from "effect"
import type { CheckpointRef } from "../../domain/RunRequest.ts"
import type { CheckpointPlace } from "../../ports/AgentGraphs.ts"
import { Flag, given, limitOf, limitText, listOf, maybe } from "./Schemas.ts"

/** Where on a thread: without an id its latest checkpoint, or that of a nested graph. */
export const Checkpoint = Schema.Struct({
  checkpoint_id: maybe(Schema.NonEmptyString),
  checkpoint_ns: given(Schema.String, "")
})

interface Asked {
  readonly checkpoint_id?: string
  readonly checkpoint_ns?: string
}

export const checkpointOf = (asked: Asked | undefined): CheckpointRef | null =>
  asked?.checkpoint_id === undefined
    ? null
    : { checkpoint_id: asked.checkpoint_id, checkpoint_ns: asked.checkpoint_ns ?? "" }

/** A place to look at, which may be a nested graph's without saying when. */
export const placeOf = (asked: Asked | undefined): CheckpointPlace | null =>
  asked === undefined || (asked.checkpoint_id === undefined && (asked.checkpoint_ns ?? "") === "")
    ? null
    : { checkpoint_id: asked.checkpoint_id ?? null, checkpoint_ns: asked.checkpoint_ns ?? "" }

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

const select = maybe(Schema.Array(Schema.String))
const selectText = maybe(listOf(Schema.String))

export const History = Schema.Struct({
  limit: limitOf(10),
  before: maybe(Before),
  metadata: maybe(Schema.JsonObject),
  checkpoint: maybe(Checkpoint),
  select
})

export const HistoryQuery = { limit: limitText(10), before: maybe(Schema.NonEmptyString), select: selectText }

export const StateQuery = { subgraphs: given(Flag, false), select: selectText }

export const StateAt = Schema.Struct({ checkpoint: Checkpoint, subgraphs: given(Schema.Boolean, false), select })

/** What nodes return: the keys of a state with what is written to them, or several of those one after the other. */
const Written = Schema.Union([Schema.JsonObject, Schema.Array(Schema.Json)])

export const StateChange = Schema.Struct({
  values: given(Schema.NullOr(Written), null),
  as_node: maybe(Schema.NonEmptyString),
  checkpoint: maybe(Checkpoint),
  checkpoint_id: maybe(Schema.NonEmptyString)
})

export const StateMetadata = Schema.Struct({ metadata: given(Schema.JsonObject, {}) })

const Superstep = Schema.Struct({
  updates: Schema.Array(Schema.Struct({
    values: given(Schema.NullOr(Written), null),
    command: maybe(Schema.JsonObject),
    as_node: maybe(Schema.NonEmptyString)
  }))
})

/** So many steps at most: each is a state to write. */
export const Supersteps = given(Schema.Array(Superstep).check(Schema.isMaxLength(1000)), [])

export const updatesOf = (steps: typeof Supersteps.Type) =>
  steps.map(({ updates }) =>
    updates.map(({ as_node, command, values }) => ({ values, command: command ?? null, as_node: as_node ?? null }))
  )
