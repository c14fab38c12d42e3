import type { DynamicStructuredTool } from "@langchain/core/tools"
import { Duration, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { type McpServer, printableUrl, whoAsks } from "../../domain/McpConfig.ts"
import { toolNames } from "../../domain/ToolNames.ts"
import { Outbound } from "../../ports/Outbound.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import { ToolSource } from "../../ports/ToolSource.ts"
import { timedOut } from "./Failures.ts"

export interface Options {
  /** How long a server may take to connect and list its tools. */
  readonly connectTimeout?: Duration.Input
  /** How long one call of a tool may take. */
  readonly callTimeout?: Duration.Input
}

/** More servers than any agent has, and no more sockets than one run should open at once. */
const sideBySide = 32

interface Loaded {
  readonly server: McpServer
  readonly tools: ReadonlyArray<DynamicStructuredTool>
  readonly error: string | null
}

/** With how long it took. */
type Asked = Loaded & { readonly ms: number }

/** The headers of a server, or nothing if it wants a token and there is none that it may see. */
const headersFor = (server: McpServer, trusted: boolean, token: RunCredentials["token"]) => {
  const headers = server.headers ?? {}
  const who = whoAsks(server, { trusted, token: token !== null })
  if (who === "nobody") return undefined
  return who === "caller" && token !== null ? { ...headers, Authorization: `Bearer ${Redacted.value(token)}` } : headers
}

const skipped = (server: McpServer) => {
  const { name } = server, url = printableUrl(server.url)
  return Effect.logWarning(`MCP server skipped (auth required but no tokens): name=${name} url=${url}`).pipe(
    Effect.annotateLogs({ name, url }),
    Effect.as<Loaded>({ server, tools: [], error: "auth required but no tokens" })
  )
}

const failed = (server: McpServer, error: string) => {
  const { name } = server, url = printableUrl(server.url)
  return Effect.logWarning(`MCP server failed: name=${name} url=${url} reason=${error}`).pipe(
    Effect.annotateLogs({ name, url, reason: error }),
    Effect.as<Loaded>({ server, tools: [], error })
  )
}

/** In whole milliseconds: more than that no network keeps to. */
const timed = <E, R>(asking: Effect.Effect<Loaded, E, R>): Effect.Effect<Asked, E, R> =>
  Effect.map(Effect.timed(asking), ([took, loaded]) => ({ ...loaded, ms: Math.round(Duration.toMillis(took)) }))

/** Gives the tools the names by which the model will call them. */
const renamed = (loaded: ReadonlyArray<Loaded>): ReadonlyArray<DynamicStructuredTool> => {
  const tools = loaded.flatMap(({ server, tools }) =>
    tools.map((tool) => ({ server: server.name, name: tool.name, tool }))
  )
  const names = toolNames(tools)
  return tools.map(({ tool }, index) => {
    tool.name = names[index] ?? tool.name
    return tool
  })
}

const report = (loaded: ReadonlyArray<Asked>) => ({
  servers: loaded.map(({ error, ms, server, tools }) => ({
    name: server.name,
    url: printableUrl(server.url),
    tools: tools.map(({ name }) => name),
    error,
    ms
  }))
})

const logLoaded = (loaded: ReadonlyArray<Loaded>, count: number) => {
  const servers = loaded.filter(({ error }) => error === null).map(({ server }) => printableUrl(server.url))
  return Effect.logInfo(`MCP tools loaded: count=${count} servers=[${servers.join(", ")}]`).pipe(
    Effect.annotateLogs({ count, servers })
  )
}

export const layer = (options: Options = {}) =>
  Layer.effect(
    ToolSource,
    Effect.gen(function*() {
      const outbound = yield* Outbound
      const connectTimeout = Duration.fromInputUnsafe(options.connectTimeout ?? "5 seconds")
      const callTimeout = Duration.fromInputUnsafe(options.callTimeout ?? "2 minutes")

      const ask = Effect.fnUntraced(function*(
        server: McpServer,
        trusted: boolean,
        token: RunCredentials["token"],
        run: Scope.Scope
      ) {
        const headers = headersFor(server, trusted, token)
        if (headers === undefined) return yield* skipped(server)
        // The protocol's packages take most of a second to load, so they wait for the first run that wants them.
        const { connect } = yield* Effect.promise(() => import("./McpConnection.ts"))
        const scope = yield* Scope.fork(run)
        const fetch = trusted ? outbound.trusted : outbound.guarded
        return yield* connect(server, { fetch, headers, callTimeout }).pipe(
          Effect.timeoutOrElse({
            duration: connectTimeout,
            orElse: () => Effect.fail(timedOut)
          }),
          Scope.provide(scope),
          // A server that failed is let go of at once, not when the run is over.
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
          Effect.map((tools): Loaded => ({ server, tools, error: null })),
          Effect.catch((reason) => failed(server, reason))
        )
      })

      return ToolSource.of({
        load: Effect.fn("ToolSource.load")(function*({ servers, token, trusted }) {
          if (servers.length === 0) return { tools: [], report: { servers: [] } }
          // Closed side by side as well: one that is slow to say goodbye does not hold up the others.
          const run = yield* Scope.fork(yield* Scope.Scope, "parallel")
          const loaded = yield* Effect.forEach(servers, (server) => timed(ask(server, trusted, token, run)), {
            concurrency: sideBySide
          })
          const tools = renamed(loaded)
          yield* logLoaded(loaded, tools.length)
          return { tools, report: report(loaded) }
        })
      })
    })
  )
