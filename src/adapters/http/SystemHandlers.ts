import { Effect, Option, Schema } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, OpenApi } from "effect/http-api"
import { PrometheusMetrics } from "effect/observability"
import { isIP } from "node:net"
import packageJson from "../../../package.json" with { type: "json" }
import { SignIn } from "../../ports/SignIn.ts"
import { Storage } from "../../ports/Storage.ts"
import { Api } from "./Api.ts"
import { demoPersonView } from "./DemoPersonView.ts"
import { docsPage } from "./Docs.ts"
import { NoDemo } from "./Errors.ts"
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

/** A name of this machine's, or an address: any other may be made to lead here by whoever owns it. */
const isOwnName = (host: string) => {
  const url = `http://${host}`
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return hostname === "localhost" || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0
}

/** A page of another origin says which: whoever visits one is not to lend it the demo. */
const isForeign = ({ headers: { host = "", origin } }: HttpServerRequest.HttpServerRequest) =>
  !isOwnName(host) || (origin !== undefined && origin.replace(/^https?:\/\//, "") !== host)

/** How a page lets people sign in. */
const supabase = Effect.map(
  SignIn,
  (signIn) => Option.getOrNull(Option.map(signIn.supabase, ({ anonKey, url }) => ({ url, anon_key: anonKey })))
)

const demoPeople = Effect.gen(function*() {
  const { demoPeople } = yield* SignIn
  if (Option.isNone(demoPeople) || isForeign(yield* HttpServerRequest.HttpServerRequest)) return yield* new NoDemo()
  return (yield* demoPeople.value).map(demoPersonView)
})

export const layer = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function*(handlers) {
    const openapi = yield* Effect.cached(Effect.sync(() => document(JSON.parse(JSON.stringify(OpenApi.fromApi(Api))))))
    return handlers.handleAll({
      home: () => Effect.succeed({ name, version, console: "/console", docs: "/docs", openapi: "/openapi.json" }),
      ok: ({ query }) => query.check_db ? connected : Effect.succeed({ ok: true }),
      live: () => Effect.succeed({ ok: true }),
      ready: () => ready,
      health: () => health,
      info: () =>
        Effect.map(supabase, (supabase) => ({
          version,
          context: "js",
          flags: { assistants: true, crons: true, langsmith: false, langsmith_tracing_replicas: false },
          supabase
        })),
      demoPeople: () => demoPeople,
      docs: () => Effect.succeed(docsPage(name, version, routes)),
      openapi: () => openapi,
      metrics: () => PrometheusMetrics.format()
    })
  })
)
