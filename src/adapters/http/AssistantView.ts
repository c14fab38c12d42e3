import { Schema } from "effect"
import type { Assistant, AssistantConfig, AssistantVersion } from "../../domain/Assistant.ts"
import { maskSecrets } from "../../domain/Secrets.ts"

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

export const AssistantVersionView = Schema.Struct(version).annotate({ identifier: "AssistantVersion" })
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

export const assistantVersionView = (version: AssistantVersion): typeof AssistantVersionView.Type => ({
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

export const assistantView = (assistant: Assistant): typeof AssistantView.Type => ({
  ...assistantVersionView(assistant),
  updated_at: assistant.updated_at.toISOString()
})
