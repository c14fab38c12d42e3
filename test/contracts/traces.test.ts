import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { listen, readBody } from "../../src/adapters/demo/Loopback.ts"
import { layer as mcpLayer } from "../../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../../src/adapters/outbound/GuardedFetch.ts"
import { telemetry } from "../../src/app/Telemetry.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { startEchoingProvider } from "../support/EchoingProvider.ts"
import { send, world } from "./http-world.ts"

/** Somebody who collects what the server tells of itself. */
const collector = Effect.acquireRelease(
  Effect.promise(async () => {
    const received: Array<string> = []
    const { close, origin } = await listen((request, response) => {
      void readBody(request).then((body) => {
        received.push(body)
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    })
    return { received, close, origin }
  }),
  ({ close }) => Effect.promise(close)
)

const tracing = (origin: string) =>
  telemetry({ logFormat: Option.none(), logLevel: "none", otlpEndpoint: Option.some(origin) }, false)

const tools = mcpLayer().pipe(Layer.provide(outboundLayer({ allow: [] })))

describe("traces", () => {
  it.live("hold no token, whatever a server answers to it", () =>
    Effect.gen(function*() {
      const { origin, received } = yield* collector
      const echo = yield* Effect.acquireRelease(
        Effect.promise(startEchoingProvider),
        ({ close }) => Effect.promise(close)
      )
      const loading = Effect.gen(function*() {
        const source = yield* ToolSource
        const server = { name: "echo", url: echo.url, auth_required: true }
        const servers = [server, { ...server, url: `${echo.url}/sse` }]
        return yield* source.load({ servers, trusted: true, token: Redacted.make("canary of a token") })
      })
      // Closing the telemetry sends what it has.
      const { report } = yield* Effect.scoped(loading).pipe(
        Effect.provide(tools),
        Effect.provide(tracing(origin))
      )
      assert.lengthOf(report.servers.filter(({ error }) => error !== null), 2)
      assert.include(echo.seen.join(), "canary of a token")
      assert.include(received.join(), "Mcp.connect")
      assert.notInclude(received.join(), "canary of a token")
    }).pipe(Effect.scoped))

  it.live("hold neither a query's values nor a header's", () =>
    Effect.gen(function*() {
      const { origin, received } = yield* collector
      const headers = { authorization: "Bearer canary 1", apikey: "canary 2", "x-api-key": "canary 3" }
      const { status } = yield* send("/ok?access_token=canary+4", { headers }).pipe(
        Effect.provide(Layer.provide(world(), tracing(origin)))
      )
      assert.strictEqual(status, 200)
      assert.include(received.join(), "url.query")
      assert.notInclude(received.join(), "canary")
    }).pipe(Effect.scoped))
})
