import { Schema } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { AgentSettings } from "./AgentSettings.ts"

const messages: JsonObject = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: { messages: { langgraph_type: "messages" } },
  additionalProperties: false
}

const dialect = "https://json-schema.org/draft/2020-12/schema"
const asJson = Schema.decodeUnknownSync(Schema.JsonObject)

/** The schemas of the graph `agent`; its configuration's is the one that runs are checked against. */
export const agentSchemas = (): JsonObject => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(AgentSettings)
  const configurable = asJson({ $schema: dialect, ...schema, $defs: definitions })
  return {
    graph_id: "agent",
    input_schema: messages,
    output_schema: messages,
    state_schema: messages,
    config_schema: configurable,
    context_schema: { $schema: dialect, type: "object", properties: {} }
  }
}
