import type { DynamicStructuredTool } from "@langchain/core/tools"
import { loadMcpTools } from "@langchain/mcp-adapters"
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { Duration, Effect, type Scope } from "effect"
import { mcpEndpoint, type McpServer } from "../../domain/McpConfig.ts"
import { urlTexts } from "../../domain/UrlSecrets.ts"
import { saysWhoAsks, withoutUser } from "../../domain/UrlUser.ts"
import { answeredFetch } from "./AnsweredFetch.ts"
import { reasonOf } from "./Failures.ts"
import { ToolClient } from "./ToolClient.ts"

export interface ConnectionOptions {
  readonly fetch: typeof globalThis.fetch
  readonly headers: Readonly<Record<string, string>>
  readonly callTimeout: Duration.Duration
}

const transportTo = (url: URL, { fetch, headers }: ConnectionOptions) => {
  const requestInit = { headers: { ...headers } }
  if (url.pathname.endsWith("/sse")) return new SSEClientTransport(url, { fetch, requestInit })
  const transport: StreamableHTTPClientTransport = new StreamableHTTPClientTransport(url, {
    fetch: answeredFetch(fetch, (message) => transport.onmessage?.(message)),
    requestInit
  })
  return transport
}

type Transport = ReturnType<typeof transportTo>

/** Ends the session for the server's sake, if it answers soon, and the connection in any case. */
const close = (client: ToolClient, transport: Transport) => {
  const terminate = transport instanceof StreamableHTTPClientTransport
    ? Effect.tryPromise(() => transport.terminateSession())
    : Effect.void
  return terminate.pipe(
    Effect.timeout("500 millis"),
    Effect.andThen(Effect.tryPromise(() => client.close())),
    Effect.catch((error) =>
      Effect.logDebug("MCP session not ended properly", error.message).pipe(
        Effect.andThen(Effect.promise(() => client.close()))
      )
    )
  )
}

/** Fails with words of ours: an error's own may repeat a token, and every failure ends up in a trace. */
const attempt = <A>(evaluate: (signal: AbortSignal) => Promise<A>) =>
  Effect.tryPromise({ try: evaluate, catch: reasonOf })

/** Connects to a server for as long as the scope is open, with headers that never change, and lists its tools. */
export const connect = Effect.fn("Mcp.connect")(function*(
  server: McpServer,
  options: ConnectionOptions
): Effect.fn.Return<ReadonlyArray<DynamicStructuredTool>, string, Scope.Scope> {
  const named = yield* Effect.try({ try: () => mcpEndpoint(server.url), catch: reasonOf })
  const { headers: user, url } = withoutUser(named)
  // A run's token, or a header of the server's own, comes before what its URL says.
  const headers = saysWhoAsks(options.headers) ? options.headers : { ...options.headers, ...user }
  const { client, transport } = yield* Effect.acquireRelease(
    Effect.sync(() => ({
      client: new ToolClient(Duration.toMillis(options.callTimeout), [
        ...Object.values(headers),
        ...urlTexts(server.url)
      ]),
      transport: transportTo(url, { ...options, headers })
    })),
    ({ client, transport }) => close(client, transport)
  )
  yield* attempt((signal) => client.connect(transport, { signal }))
  const tools = yield* attempt(() => loadMcpTools(server.name, client, { throwOnLoadError: false }))
  const wanted = server.tools ?? null
  return wanted === null ? tools : tools.filter(({ name }) => wanted.includes(name))
})
