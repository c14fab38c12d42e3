import { InMemoryEventStore } from "@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js"
import { Effect } from "effect"
import type { IncomingHttpHeaders } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { listen } from "../../src/adapters/demo/Loopback.ts"
import { serveMcp } from "../../src/adapters/demo/McpHttp.ts"
import { type McpToolName, mcpToolServers, type SeenCall } from "./McpTools.ts"

export interface McpServerOptions {
  readonly name?: string
  readonly tools?: ReadonlyArray<McpToolName>
  /** Every request waits this long first. */
  readonly delayMs?: number
  /** Whoever does not bear it gets 401. */
  readonly token?: string
  /** Takes every request and never answers one. */
  readonly silent?: boolean
  /** Answers that were cut off can be asked for again. */
  readonly resumable?: boolean
}

export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** What a server has seen so far. */
export interface Seen {
  readonly requests: Array<SeenRequest>
  readonly calls: Array<SeenCall>
  readonly opened: Array<string>
  /** Sessions that their client has ended, by DELETE. */
  readonly closed: Array<string>
}

/** A real MCP server on loopback that keeps a record. */
export const startMcpServer = async (options: McpServerOptions = {}) => {
  const seen: Seen = { requests: [], calls: [], opened: [], closed: [] }
  const { close, url } = await serveMcp({
    server: mcpToolServers(
      options.name ?? "test-mcp",
      options.tools ?? ["search_laws"],
      (call) => seen.calls.push(call)
    ),
    admit: async ({ headers, method = "", url: asked = "" }, response) => {
      seen.requests.push({ method, url: asked, headers })
      if (options.delayMs !== undefined) await sleep(options.delayMs)
      if (options.silent) return false
      if (options.token === undefined || headers.authorization === `Bearer ${options.token}`) return true
      response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error: "unauthorized" }))
      return false
    },
    ...(options.resumable ? { eventStore: new InMemoryEventStore() } : {}),
    onOpened: (session) => seen.opened.push(session),
    onClosed: (session) => seen.closed.push(session)
  })
  return { url, seen, close }
}

export const mcpServer = (options: McpServerOptions = {}) =>
  Effect.acquireRelease(
    Effect.promise(() => startMcpServer(options)),
    (server) => Effect.promise(server.close)
  )

/** A server of the transport that was before: one stream for all that it says, and a POST for each thing it is asked. */
export const sseServer = Effect.acquireRelease(
  Effect.promise(async () => {
    const calls: Array<SeenCall> = []
    const newServer = mcpToolServers("old-mcp", ["slow"], (call) => calls.push(call))
    let open: SSEServerTransport | undefined
    const { close, origin } = await listen((request, response) => {
      if (request.method === "POST") return void open?.handlePostMessage(request, response)
      open = new SSEServerTransport("/messages", response)
      void newServer().connect(open)
    })
    return { url: `${origin}/sse`, calls, close }
  }),
  ({ close }) => Effect.promise(close)
)

/** A port of this machine's on which nobody listens. */
export const deadUrl = async () => {
  const { close, origin } = await listen(() => {})
  await close()
  return `${origin}/mcp`
}
