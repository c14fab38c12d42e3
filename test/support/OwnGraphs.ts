import { fileURLToPath } from "node:url"

/** Graphs that a team brings along, beside the built-in one. */
export const ownGraphs = {
  env: { LANGGRAPH_CONFIG_PATH: fileURLToPath(new URL("../fixtures/graphs/langgraph.json", import.meta.url)) }
}
