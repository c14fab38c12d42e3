import type { StructuredToolInterface } from "@langchain/core/tools"
import type { Effect } from "effect"
import { Context } from "effect"
import type { ServerFacts } from "../domain/AgentFacts.ts"
import type { McpServer } from "../domain/McpConfig.ts"
import type { RunCredentials } from "./RunCredentials.ts"

/** A tool as a model is shown it: there is nothing behind it that could be called. */
export type ShownTool = Pick<StructuredToolInterface, "name" | "description" | "schema">

/** What a server answered, whichever agents have it. */
export interface AskedServer {
  readonly answer: ServerFacts["answer"]
  readonly tools: ReadonlyArray<ShownTool>
  readonly ms: number
}

/** Of a server that wants a token, where there is none to give. */
export const unasked: AskedServer = { answer: "no token", tools: [], ms: 0 }

/** Asks the agents' tool servers what they offer. An answer serves for a few seconds: people watch this page by page. */
export class ToolServers extends Context.Service<ToolServers, {
  readonly ask: (server: McpServer, token: RunCredentials["token"]) => Effect.Effect<AskedServer>
}>()("throughline/ports/ToolServers") {}
