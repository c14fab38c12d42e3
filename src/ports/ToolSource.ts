import type { StructuredToolInterface } from "@langchain/core/tools"
import type { Effect, Scope } from "effect"
import { Context } from "effect"
import type { McpServer } from "../domain/McpConfig.ts"
import type { ToolReport } from "../domain/ToolReport.ts"
import type { RunCredentials } from "./RunCredentials.ts"

export interface LoadedTools {
  readonly tools: ReadonlyArray<StructuredToolInterface>
  /** Every server with its tools, or with why it has none. */
  readonly report: ToolReport
}

/** Tools of MCP servers, connected for as long as the scope is open. A server that fails costs its own tools only. */
export class ToolSource extends Context.Service<ToolSource, {
  readonly load: (request: {
    readonly servers: ReadonlyArray<McpServer>
    /** Servers from the agents' database may be private and get the caller's token; a caller's own neither. */
    readonly trusted: boolean
    readonly token: RunCredentials["token"]
  }) => Effect.Effect<LoadedTools, never, Scope.Scope>
}>()("throughline/ports/ToolSource") {}
