import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { listen, readBody } from "../../src/adapters/demo/Loopback.ts"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { layer as mcpLayer } from "../../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../../src/adapters/outbound/GuardedFetch.ts"
import { telemetry } from "../../src/app/Telemetry.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { question } from "../support/Conversation.ts"
import { startEchoingProvider } from "../support/EchoingProvider.ts"
import { type ServerProcess, startServer } from "../support/ServerProcesses.ts"
import { openSurroundings } from "../support/Throughline.ts"
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

const Span = Schema.Struct({
  name: Schema.String,
  traceId: Schema.String,
  attributes: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.Json }))
})
const Spans = Schema.Struct({ spans: Schema.Array(Span) })
const Traces = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({ scopeSpans: Schema.Array(Spans) }))
})
const tracesIn = Schema.decodeUnknownOption(Schema.fromJsonString(Traces))

/** The spans of a name, as `[trace, attempt]`. */
const spansOf = (received: ReadonlyArray<string>, name: string) =>
  received.flatMap((body) => Option.toArray(tracesIn(body)))
    .flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .filter((span) => span.name === name)
    .map(({ attributes, traceId }) => {
      const attempt = attributes.find(({ key }) => key === "attempt")
      return [traceId, attempt === undefined ? "" : JSON.stringify(attempt.value)] as const
    })

/** Two servers one after the other, of which the second has to finish what the first was asked for. */
const handedOn = async (otlp: string, headers: Readonly<Record<string, string>>) => {
  const around = await openSurroundings()
  const token = Redacted.value(await Effect.runPromise(mintToken({ secret: around.secret, userId: people.member })))
  const start = (env: Readonly<Record<string, string>> = {}) =>
    startServer({
      DATABASE_URL: Redacted.value(around.databaseUrl),
      SUPABASE_JWT_SECRET: Redacted.value(around.secret),
      OPENAI_API_KEY: "sk-any",
      OPENAI_BASE_URL: around.model.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
      ...env
    })
  const started: Array<ServerProcess> = []
  try {
    const first = start({ SHUTDOWN_TIMEOUT_SECONDS: "0" })
    started.push(first)
    const asked = await fetch(`${await first.ready()}/runs`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: JSON.stringify({ assistant_id: agents.recht, input: question("slow:4000:spät") })
    })
    assert.strictEqual(asked.status, 200, await asked.text())
    while (around.model.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    first.kill("SIGTERM")
    await first.ended
    const second = start()
    started.push(second)
    await second.ready()
    // The thread goes with its run.
    const threads = () => around.database.query("select from langgraph_server.threads")
    while ((await threads()).rowCount !== 0) await new Promise((resolve) => setTimeout(resolve, 20))
    second.kill("SIGTERM")
    await second.ended
  } finally {
    for (const server of started) server.kill("SIGKILL")
    await around.stop()
  }
}

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

  it.live("go on from the request into the worker, in whatever process it is", () =>
    Effect.gen(function*() {
      const { origin, received } = yield* collector
      const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
      yield* Effect.promise(() => handedOn(origin, { traceparent: `00-${trace}-00f067aa0ba902b7-01` }))
      assert.deepEqual(spansOf(received, "createRun").map(([traceId]) => traceId), [trace])
      assert.deepEqual(spansOf(received, "executeRun").toSorted(), [
        [trace, "{\"intValue\":1}"],
        [trace, "{\"intValue\":2}"]
      ])
    }).pipe(Effect.scoped))
})
