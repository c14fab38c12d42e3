import { Effect } from "effect"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { mcpServer } from "../../test/support/McpServers.ts"
import { ownServer, worldDatabase } from "../support/OwnWorld.ts"
import type { Hook } from "./Webhooks.ts"
import type { Server } from "./World.ts"

const graphs = new URL("../../test/fixtures/graphs/langgraph.json", import.meta.url).pathname

/** How a Throughline has to be configured for the rows: the graphs of the tests, and a webhook on this machine. */
export const conformanceEnv = { LANGGRAPH_CONFIG_PATH: graphs, OUTBOUND_ALLOW: "127.0.0.1" }

/** A Throughline in a process of its own, on a Postgres of its own, with two organisations. */
export const throughline = Effect.fnUntraced(function*(modelUrl: string, hook: () => Hook) {
  const legal = yield* mcpServer({ name: "legal-mcp", tools: ["search_laws"] })
  const databaseUrl = yield* worldDatabase("conformance", legal.url)
  const { tokenOf, tokens, url } = yield* ownServer({ databaseUrl, modelUrl, env: conformanceEnv })
  const server: Server = {
    url,
    tokens: { user: tokens.member, other: tokens.other, admin: yield* tokenOf(people.admin) },
    toolAssistant: agents.recht,
    hook,
    has: new Set(["model", "tool", "other", "admin", "webhooks"])
  }
  return server
})
