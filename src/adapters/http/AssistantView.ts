import { Schema } from "effect"
import type { Assistant, AssistantConfig, AssistantVersion } from "../../domain/Assistant.ts"
import { maskSecrets } from "../../domain/Secrets.ts"
import { versionChanges } from "../../domain/VersionChanges.ts"

const version = {
  assistant_id: Schema.String,
  graph_id: Schema.String,
  version: Schema.Int,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  config: Schema.JsonObject,
  context: Schema.JsonObject,
  metadata: Schema.JsonObject,
  created_at: Schema.String
}

/** An absent value: there was, or is, nothing at that place. */
const Change = Schema.Struct({
  path: Schema.String,
  before: Schema.optionalKey(Schema.Json),
  after: Schema.optionalKey(Schema.Json)
}).annotate({ identifier: "VersionChange" })

export const AssistantVersionView = Schema.Struct({
  ...version,
  /** Who made it: a member, or `agents` for what a sync wrote; null where nobody took a note of it. */
  changed_by: Schema.NullOr(Schema.String),
  /** Against the version before it; none for the first. */
  changes: Schema.Array(Change)
}).annotate({ identifier: "AssistantVersion" })
export const AssistantView = Schema.Struct({ ...version, updated_at: Schema.String }).annotate({
  identifier: "Assistant"
})

/** Secrets are written, never read back. */
export const shown = ({ configurable, ...config }: AssistantConfig) => ({
  ...dropUndefined(config),
  ...(configurable === undefined ? {} : { configurable: maskSecrets(configurable) })
})

const dropUndefined = <A>(object: Readonly<Record<string, A | undefined>>): Record<string, A> => {
  const rest: Record<string, A> = {}
  for (const [key, value] of Object.entries(object)) if (value !== undefined) rest[key] = value
  return rest
}

const versionOf = (version: Assistant | AssistantVersion) => ({
  assistant_id: version.assistant_id,
  graph_id: version.graph_id,
  version: version.version,
  name: version.name,
  description: version.description,
  config: shown(version.config),
  context: version.context,
  metadata: version.metadata,
  created_at: version.created_at.toISOString()
})

export const assistantVersionView = (version: AssistantVersion): typeof AssistantVersionView.Type => ({
  ...versionOf(version),
  changed_by: version.changed_by,
  changes: version.before === null ? [] : versionChanges(version.before, version)
})

export const assistantView = (assistant: Assistant): typeof AssistantView.Type => ({
  ...versionOf(assistant),
  updated_at: assistant.updated_at.toISOString()
})
