import {
  getConfigTypeSchema,
  getInputTypeSchema,
  getOutputTypeSchema,
  getUpdateTypeSchema
} from "@langchain/langgraph/zod/schema"
import { Predicate } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { CompiledGraph } from "./GraphLoader.ts"
import { isConversation } from "./Messages.ts"
import { fieldsOf, toWireObject } from "./Serialise.ts"

const dialect = "https://json-schema.org/draft/2020-12/schema"

const channelSchema = (channel: unknown): JsonObject => isConversation(channel) ? { langgraph_type: "messages" } : {}

/** A state that has names but no types at run time: an annotation's are TypeScript's, and gone. */
const namesOnly = (graph: CompiledGraph): JsonObject => {
  const channels = Predicate.hasProperty(graph.builder, "channels") ? fieldsOf(graph.builder.channels) : {}
  const properties = Object.entries(channels).map(([name, channel]) => [name, channelSchema(channel)] as const)
  return { $schema: dialect, type: "object", properties: Object.fromEntries(properties) }
}

const nothing: JsonObject = { $schema: dialect, type: "object", properties: {} }

/** What Zod says, if the graph's schema is Zod's, and it can be said in JSON. */
const said = (read: (graph: unknown) => unknown, graph: CompiledGraph): JsonObject | undefined => {
  try {
    const schema = read(graph)
    return schema === undefined ? undefined : toWireObject(schema)
  } catch {
    return undefined
  }
}

/** The schemas of one graph; its configuration's and its context's are the same thing to LangGraph.js. */
export const graphSchemas = (graphId: string, graph: CompiledGraph): JsonObject => {
  const context = said(getConfigTypeSchema, graph) ?? nothing
  return {
    graph_id: graphId,
    input_schema: said(getInputTypeSchema, graph) ?? namesOnly(graph),
    output_schema: said(getOutputTypeSchema, graph) ?? namesOnly(graph),
    state_schema: said(getUpdateTypeSchema, graph) ?? namesOnly(graph),
    config_schema: context,
    context_schema: context
  }
}

/** Those of the graphs within a graph, by namespace. */
export const subgraphSchemas = async (
  graphId: string,
  graph: CompiledGraph,
  namespace: string | null,
  recurse: boolean
): Promise<JsonObject> => {
  const found: Array<[string, JsonObject]> = []
  for await (const [name, inner] of graph.getSubgraphsAsync(namespace ?? undefined, recurse)) {
    found.push([name, graphSchemas(graphId, inner)])
  }
  return Object.fromEntries(found)
}
