import { at, holds, refused, same } from "../Expect.ts"
import { group } from "../Row.ts"
import { nobody } from "./Turns.ts"

export const drawings = group("assistants", {
  "getSchemas tells a graph's input, output, state and context": async ({ client }) => {
    const schemas = await client.assistants.getSchemas("typed")
    same("graph_id", schemas.graph_id, "typed")
    for (
      const [schema, key] of [
        ["input_schema", "celsius"],
        ["output_schema", "fahrenheit"],
        ["state_schema", "celsius"],
        ["context_schema", "digits"]
      ] as const
    ) {
      holds(`${schema} has ${key}`, at(schemas, schema, "properties", key) !== undefined, at(schemas, schema))
    }
  },

  "getSchemas of a conversation names its messages": async ({ client }) => {
    const { input_schema } = await client.assistants.getSchemas("agent")
    holds("input_schema has messages", at(input_schema, "properties", "messages") !== undefined, input_schema)
  },

  "getGraph draws nodes and edges": async ({ client }) => {
    const { edges, nodes } = await client.assistants.getGraph("nested")
    same("nodes", nodes.map(({ id }) => id), ["__start__", "p1", "sub", "__end__"])
    holds("an edge from p1 to sub", edges.some(({ source, target }) => source === "p1" && target === "sub"), edges)
  },

  "getGraph with xray draws into subgraphs": async ({ client }) => {
    const inner = async (xray: boolean | number) =>
      (await client.assistants.getGraph("nested", { xray })).nodes.map(({ id }) => String(id))
    for (const xray of [true, 1]) {
      const found = await inner(xray)
      holds(`xray ${xray} shows c1`, found.some((id) => id.endsWith("c1")), found)
    }
  },

  "getSubgraphs names them": async ({ client }) => {
    same("subgraphs", Object.keys(await client.assistants.getSubgraphs("nested")), ["sub"])
    same("with recurse", Object.keys(await client.assistants.getSubgraphs("nested", { recurse: true })), ["sub"])
    same("of a graph without", Object.keys(await client.assistants.getSubgraphs("echo")), [])
  },

  "getSubgraphs of a namespace tells that one": async ({ client }) => {
    same("sub", Object.keys(await client.assistants.getSubgraphs("nested", { namespace: "sub" })), ["sub"])
  },

  "schemas, graph and subgraphs of an unknown one are 404": async ({ client }) => {
    await refused(client.assistants.getSchemas(nobody), 404)
    await refused(client.assistants.getGraph(nobody), 404)
    await refused(client.assistants.getSubgraphs(nobody), 404)
  }
})
