import { Effect, Schema, SchemaIssue } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { McpConfig } from "../../domain/McpConfig.ts"
import { GraphFailed } from "../../ports/AgentGraphs.ts"

/** Absent and null mean the same: rows have nulls for what nobody set. */
const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** The keys of `configurable` that the graph `agent` reads. */
export const AgentSettings = Schema.Struct({
  model_name: optional(Schema.NonEmptyString),
  system_prompt: optional(Schema.String),
  temperature: optional(Schema.Finite),
  top_p: optional(Schema.Finite),
  top_k: optional(Schema.Int),
  max_tokens: optional(Schema.Int),
  frequency_penalty: optional(Schema.Finite),
  presence_penalty: optional(Schema.Finite),
  repetition_penalty: optional(Schema.Finite),
  stop: optional(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  seed: optional(Schema.Int),
  base_url: optional(Schema.String),
  custom_api_key: optional(Schema.String),
  apiKeys: optional(Schema.Record(Schema.String, Schema.NullOr(Schema.String))),
  mcp_config: optional(McpConfig),
  agent_tools: optional(Schema.Array(Schema.String))
})
export type AgentSettings = typeof AgentSettings.Type

/** What an agent has when nobody says otherwise. The prompt claims no tool: which there are, only the run knows. */
export const defaults = {
  model_name: "openai:gpt-4o",
  temperature: 0.7,
  max_tokens: 4000,
  system_prompt: "You are a helpful assistant. Answer in the language you are asked in. "
    + "When you do not know something or have no means to find it out, say so."
} satisfies JsonObject

const secret = ["custom_api_key", "apiKeys", "mcp_config"]

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** The settings in a configuration, or a failure that names the first key with a wrong value. */
export const agentSettings = (configurable: JsonObject): Effect.Effect<AgentSettings, GraphFailed> =>
  Schema.decodeUnknownEffect(AgentSettings)(configurable).pipe(
    Effect.mapError(({ issue }) => {
      const [first] = issuesOf(issue).issues
      const path = (first?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step))
      // A secret's value would be quoted by the message.
      const why = secret.includes(path[0] ?? "") ? "not what it should be" : first?.message ?? "not valid"
      return new GraphFailed({ error: "InvalidConfiguration", detail: `configurable.${path.join(".")}: ${why}` })
    })
  )
