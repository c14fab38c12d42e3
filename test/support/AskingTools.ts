import { tool } from "@langchain/core/tools"
import { interrupt } from "@langchain/langgraph"
import { Effect, Layer } from "effect"
import { z } from "zod"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { altered } from "./Parts.ts"

/** No MCP server can interrupt a graph, so this tool that asks a person is one of the server's own. */
const ask = () =>
  tool(({ question }) => `answered ${JSON.stringify(interrupt({ question }))}`, {
    name: "ask",
    description: "Asks a person",
    schema: z.object({ question: z.string() })
  })

/** The tools of a run's servers, and one that asks. */
export const askingBeside = <E, R>(source: Layer.Layer<ToolSource, E, R>) =>
  altered(ToolSource, source, (real) => ({
    load: (request) => Effect.map(real.load(request), ({ report, tools }) => ({ report, tools: [...tools, ask()] }))
  }))
