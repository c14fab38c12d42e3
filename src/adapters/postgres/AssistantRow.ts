import { Schema } from "effect"
import { type Assistant, type AssistantConfig, AssistantId, type Provenance } from "../../domain/Assistant.ts"
import { OrganizationId, UserId } from "../../domain/Principal.ts"

export const Config: Schema.Codec<AssistantConfig> = Schema.StructWithRest(
  Schema.Struct({
    configurable: Schema.optionalKey(Schema.JsonObject),
    tags: Schema.optionalKey(Schema.Array(Schema.String)),
    recursion_limit: Schema.optionalKey(Schema.Number)
  }),
  [Schema.Record(Schema.String, Schema.Json)]
)

const content = {
  graph_id: Schema.String,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  config: Config,
  context: Schema.JsonObject,
  metadata: Schema.JsonObject
}

/** One row shape for each provenance, as the check constraint has it. */
const rowWith = <F extends Schema.Struct.Fields>(fields: F) =>
  Schema.Union([
    Schema.Struct({ ...fields, source: Schema.Literal("member"), owner_id: UserId }),
    Schema.Struct({
      ...fields,
      source: Schema.Literal("agent"),
      organization_id: OrganizationId,
      personal_to: Schema.NullOr(UserId),
      content_hash: Schema.String,
      retired_at: Schema.NullOr(Schema.Date)
    }),
    Schema.Struct({ ...fields, source: Schema.Literal("graph") })
  ])

export const AssistantRow = rowWith({
  ...content,
  assistant_id: AssistantId,
  version: Schema.Int,
  created_at: Schema.Date,
  updated_at: Schema.Date
})

export const ProvenanceRow = rowWith({ assistant_id: AssistantId })

export const AssistantVersionRow = Schema.Struct({
  ...content,
  assistant_id: AssistantId,
  version: Schema.Int,
  created_at: Schema.Date,
  changed_by: Schema.NullOr(UserId),
  before: Schema.NullOr(Schema.Struct(content))
})

type ProvenanceColumns =
  | { readonly source: "member"; readonly owner_id: UserId }
  | {
    readonly source: "agent"
    readonly organization_id: OrganizationId
    readonly personal_to: UserId | null
    readonly content_hash: string
    readonly retired_at: Date | null
  }
  | { readonly source: "graph" }

export const provenanceOf = (row: ProvenanceColumns): Provenance => {
  switch (row.source) {
    case "member":
      return { _tag: "Member", owner: row.owner_id }
    case "agent":
      return {
        _tag: "Agent",
        organizationId: row.organization_id,
        personalTo: row.personal_to,
        contentHash: row.content_hash,
        retiredAt: row.retired_at
      }
    case "graph":
      return { _tag: "Graph" }
  }
}

export const assistantOf = (row: typeof AssistantRow.Type): Assistant => ({
  assistant_id: row.assistant_id,
  graph_id: row.graph_id,
  name: row.name,
  description: row.description,
  config: row.config,
  context: row.context,
  metadata: row.metadata,
  version: row.version,
  provenance: provenanceOf(row),
  created_at: row.created_at,
  updated_at: row.updated_at
})

/** What `provenanceOf` needs, of the rows `a`. */
export const provenanceColumns =
  "a.id as assistant_id, a.source, a.owner_id, a.organization_id, a.personal_to, a.content_hash, a.retired_at"

export const contentColumns = "a.graph_id, a.name, a.description, a.config, a.context, a.metadata"

/** What `assistantOf` needs, of the rows `a`. */
export const assistantColumns = `${provenanceColumns}, ${contentColumns}, a.version, a.created_at, a.updated_at`
