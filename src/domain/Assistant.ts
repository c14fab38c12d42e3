import { Schema } from "effect"
import type { Json, JsonObject } from "./Json.ts"
import type { OrganizationId, UserId } from "./Principal.ts"

export const AssistantId = Schema.NonEmptyString.pipe(Schema.brand("AssistantId"))
export type AssistantId = typeof AssistantId.Type

/** What an assistant configures; keys that we do not know are kept as they are. */
export interface AssistantConfig {
  readonly configurable?: JsonObject
  readonly tags?: ReadonlyArray<string>
  readonly recursion_limit?: number
  readonly [key: string]: Json | undefined
}

/** The part of an assistant that versions: what a run takes from it. */
export interface AssistantContent {
  readonly graph_id: string
  readonly name: string
  readonly description: string | null
  readonly config: AssistantConfig
  readonly context: JsonObject
  /** As shown to callers. Nothing is ever decided by it: ownership and organisation are in `Provenance`. */
  readonly metadata: JsonObject
}

/** Where an assistant comes from decides who sees it and who may change it. Only the server writes this. */
export type Provenance =
  | { readonly _tag: "Member"; readonly owner: UserId }
  | SyncedAgent
  | { readonly _tag: "Graph" }

export interface SyncedAgent {
  readonly _tag: "Agent"
  readonly organizationId: OrganizationId
  /** Set for a member's own agent: nobody else sees it. */
  readonly personalTo: UserId | null
  /** Digest of the content, to see a change without comparing it. */
  readonly contentHash: string
  readonly retiredAt: Date | null
}

export interface Assistant extends AssistantContent {
  readonly assistant_id: AssistantId
  readonly version: number
  readonly provenance: Provenance
  readonly created_at: Date
  readonly updated_at: Date
}

export interface AssistantVersion extends AssistantContent {
  readonly assistant_id: AssistantId
  readonly version: number
  readonly created_at: Date
  /** Null: it was made before anybody took a note of it. */
  readonly changed_by: UserId | typeof bySync | null
  /** The one before it that the asker may see. */
  readonly before: AssistantContent | null
}

/** Who made the versions that agents' rows made. */
export const bySync = "agents"

/** A change by its owner: an absent key means unchanged (field failure 8). */
export interface AssistantChange {
  readonly graph_id?: string
  readonly name?: string
  readonly description?: string | null
  readonly config?: AssistantConfig
  readonly context?: JsonObject
  readonly metadata?: JsonObject
}

/** Content with a change applied. `metadata` merges key by key, everything else is replaced whole, as the API does. */
export const applyChange = (content: AssistantContent, change: AssistantChange): AssistantContent => ({
  graph_id: change.graph_id ?? content.graph_id,
  name: change.name ?? content.name,
  description: change.description === undefined ? content.description : change.description,
  config: change.config ?? content.config,
  context: change.context ?? content.context,
  metadata: { ...content.metadata, ...change.metadata }
})

/** Metadata keys that the server writes on assistants; a caller's own value for one is not kept. */
const serverKeys = ["owner", "supabase_agent_id", "supabase_organization_id", "synced_at"]

/** The metadata a member's assistant shows: what the member wrote, and who owns it. */
export const ownedMetadata = (written: JsonObject, owner: UserId): JsonObject => ({
  ...Object.fromEntries(Object.entries(written).filter(([key]) => !serverKeys.includes(key))),
  owner
})

export class AssistantNotFound extends Schema.TaggedError<AssistantNotFound>()("AssistantNotFound", {
  assistant: Schema.String,
  /** What became of it, for those only who might use it if it were there. */
  reason: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const what = `Assistant ${JSON.stringify(this.assistant)} not found`
    return this.reason === undefined ? what : `${what}: ${this.reason}`
  }
}

export class AssistantVersionNotFound
  extends Schema.TaggedError<AssistantVersionNotFound>()("AssistantVersionNotFound", {
    assistant: Schema.String,
    version: Schema.Number
  })
{
  override get message() {
    return `Assistant ${JSON.stringify(this.assistant)} has no version ${this.version}`
  }
}

export class AssistantExists extends Schema.TaggedError<AssistantExists>()("AssistantExists", {}) {
  override get message() {
    return "Assistant already exists"
  }
}

/** Visible, but not the caller's to change. */
export class AssistantReadOnly extends Schema.TaggedError<AssistantReadOnly>()("AssistantReadOnly", {
  assistant: Schema.String,
  origin: Schema.Literals(["Agent", "Graph"])
}) {
  override get message() {
    return this.origin === "Agent"
      ? `Assistant ${this.assistant} is synced from an agent. Edit the agent instead; the assistant follows.`
      : `Assistant ${this.assistant} is its graph's default and can't be changed. Create an assistant of your own.`
  }
}

export class UnknownGraph extends Schema.TaggedError<UnknownGraph>()("UnknownGraph", {
  graph: Schema.String,
  known: Schema.Array(Schema.String),
  /** There should be one of that name, but it could not be loaded: why is for the operator, and in the log. */
  unloadable: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    const graph = JSON.stringify(this.graph)
    return this.unloadable === true
      ? `Graph ${graph} failed to load; the server's log says why`
      : `Graph ${graph} not found; this server has: ${this.known.join(", ")}`
  }
}
