import { type EventStore, StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { listen } from "./Loopback.ts"

export interface McpHttp {
  /** With the path `/mcp`. */
  readonly url: string
  readonly close: () => Promise<void>
}

export interface McpHttpOptions {
  /** Called for each session: the SDK's server serves one. */
  readonly server: () => { readonly connect: (transport: StreamableHTTPServerTransport) => Promise<void> }
  /** Sees each request first; one that it answers, or leaves hanging, goes no further. */
  readonly admit?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>
  /** The one to listen on if it is free. */
  readonly port?: number
  readonly onOpened?: (session: string) => void
  readonly onClosed?: (session: string) => void
  /** With one, answers that were cut off can be asked for again. */
  readonly eventStore?: EventStore
}

/** Serves MCP over streamable HTTP on loopback, sessions kept until they are closed. */
export const serveMcp = async (
  { admit, eventStore, onClosed, onOpened, port, server }: McpHttpOptions
): Promise<McpHttp> => {
  const sessions = new Map<string, StreamableHTTPServerTransport>()

  const opened = async () => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      ...(eventStore === undefined ? {} : { eventStore, retryInterval: 100 }),
      onsessioninitialized: (id) => {
        sessions.set(id, transport)
        onOpened?.(id)
      },
      onsessionclosed: (id) => {
        sessions.delete(id)
        onClosed?.(id)
      }
    })
    await server().connect(transport)
    return transport
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (admit !== undefined && !(await admit(request, response))) return
    const id = request.headers["mcp-session-id"]
    if (typeof id !== "string") return (await opened()).handleRequest(request, response)
    const transport = sessions.get(id)
    if (transport !== undefined) return transport.handleRequest(request, response)
    // The protocol's word for a session that is over: the client has to open a new one.
    response.writeHead(404).end()
  }

  const { close, origin } = await listen((request, response) => {
    handle(request, response).catch((error: unknown) => {
      console.error("MCP server:", error)
      response.destroy()
    })
  }, port)
  return { url: `${origin}/mcp`, close }
}
