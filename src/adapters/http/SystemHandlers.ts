import { Effect, Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder, OpenApi } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"
import packageJson from "../../../package.json" with { type: "json" }
import { Storage } from "../../ports/Storage.ts"
import { Api } from "./Api.ts"
import { docsPage } from "./Docs.ts"
import { routes } from "./Routes.ts"

const { name, version } = packageJson

const document = Schema.decodeUnknownSync(Schema.JsonObject)

/** Asks the database only: the listener is up, or nobody would be answering. */
const whenReady = <A>(ready: (storage: Storage["Service"]) => Effect.Effect<A>) =>
  Effect.gen(function*() {
    const storage = yield* Storage
    if (yield* storage.ready) return yield* ready(storage)
    return HttpServerResponse.jsonUnsafe(
      { detail: "The database can't be reached, or its tables are not there yet" },
      { status: 503 }
    )
  })

const ready = whenReady(({ listening }) => Effect.map(listening, (listening) => ({ ok: true, listening })))
const connected = whenReady(() => Effect.succeed({ ok: true }))
const health = whenReady(() => Effect.succeed({ status: "ok", database: "reachable" }))

export const layer = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function*(handlers) {
    const openapi = yield* Effect.cached(Effect.sync(() => document(JSON.parse(JSON.stringify(OpenApi.fromApi(Api))))))
    return handlers.handleAll({
      home: () => Effect.succeed({ name, version, docs: "/docs", openapi: "/openapi.json" }),
      ok: ({ query }) => query.check_db ? connected : Effect.succeed({ ok: true }),
      live: () => Effect.succeed({ ok: true }),
      ready: () => ready,
      health: () => health,
      info: () =>
        Effect.succeed({
          version,
          context: "js",
          flags: { assistants: true, crons: true, langsmith: false, langsmith_tracing_replicas: false }
        }),
      docs: () => Effect.succeed(docsPage(name, version, routes)),
      openapi: () => openapi,
      metrics: () => PrometheusMetrics.format()
    })
  })
)
