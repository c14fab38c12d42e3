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
  /** When it was asked; null: it was not. */
  readonly at: Date | null
}

/** Of a server that wants a token, where there is none to give. */
export const unasked: AskedServer = { answer: "no token", tools: [], ms: 0, at: null }

/** For whom a server is asked. What it answers serves nobody else. */
export interface Asker {
  /** Organisations, or a person on their own. */
  readonly tenants: ReadonlyArray<string>
  /** Servers from the agents' database may be private and get the caller's token; a caller's own neither. */
  readonly trusted: boolean
  readonly token: RunCredentials["token"]
}

/**
 * Asks tool servers what they offer, each one question at a time. An answer serves for a few seconds: people watch this
 * page by page, and several at once.
 */
export class ToolServers extends Context.Service<ToolServers, {
  readonly ask: (server: McpServer, asker: Asker) => Effect.Effect<AskedServer>
}>()("throughline/ports/ToolServers") {}
