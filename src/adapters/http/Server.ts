import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Clock, type Duration, Effect, Layer } from "effect"
import { Headers, HttpMiddleware, HttpRouter, HttpServerRequest, HttpServerResponse, UrlParams } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { createServer } from "node:http"
import { retryAfterSeconds } from "../../domain/Run.ts"
import { Api } from "./Api.ts"
import * as AssistantHandlers from "./AssistantHandlers.ts"
import { maxAssistantId } from "./AssistantRequests.ts"
import * as Authorization from "./Authorization.ts"
import * as CronHandlers from "./CronHandlers.ts"
import * as ProtocolHandlers from "./ProtocolHandlers.ts"
import * as RequestChecks from "./RequestChecks.ts"
import * as RunHandlers from "./RunHandlers.ts"
import * as StatelessRunHandlers from "./StatelessRunHandlers.ts"
import * as StoreHandlers from "./StoreHandlers.ts"
import * as SystemHandlers from "./SystemHandlers.ts"
import * as ThreadHandlers from "./ThreadHandlers.ts"
import * as ThreadStateHandlers from "./ThreadStateHandlers.ts"

export interface Options {
  /** 0: any free one; `HttpServer.address` tells which. */
  readonly port: number
  readonly host: string
  readonly corsOrigins: "*" | ReadonlyArray<string>
  /** What browsers are told beyond the origins. */
  readonly cors?: {
    /** Origins beside those that are listed. */
    readonly originPattern?: RegExp
    readonly methods?: ReadonlyArray<string>
    /** Unless said otherwise, whichever are asked for. */
    readonly headers?: ReadonlyArray<string>
    readonly exposed?: ReadonlyArray<string>
    readonly credentials?: boolean
    readonly maxAge?: number
  }
  /** How long a stop waits for the requests under way. */
  readonly gracefulShutdownTimeout: Duration.Input
}

const detail = (status: number, detail: unknown) => HttpServerResponse.jsonUnsafe({ detail }, { status })

const routes = HttpApiBuilder.layer(Api).pipe(
  Layer.provide([
    AssistantHandlers.layer,
    ThreadHandlers.layer,
    ThreadStateHandlers.layer,
    RunHandlers.layer,
    StatelessRunHandlers.layer,
    ProtocolHandlers.layer,
    CronHandlers.layer,
    StoreHandlers.layer,
    SystemHandlers.layer
  ]),
  Layer.provide([Authorization.layer, RequestChecks.layer])
)

/** Of a parameter in a path, as it is written there: an assistant's id, every letter of it in percents. */
const longestId = 12 * maxAssistantId

const unknownRoute = HttpRouter.add("*", "/*", detail(404, "Not Found"))

const nulInUrl = detail(422, [{ loc: ["path"], msg: "The URL holds a NUL", type: "value_error" }])

/** What a status wants beside its body. */
const advice: Readonly<Record<number, Record<string, string>>> = {
  401: { "www-authenticate": "Bearer" },
  // The rest of the body is not read: nothing else can come over this connection.
  413: { connection: "close" },
  429: { "retry-after": String(retryAfterSeconds) },
  503: { "retry-after": "1" }
}

const advised = (response: HttpServerResponse.HttpServerResponse) => {
  const headers = advice[response.status]
  return headers === undefined ? response : HttpServerResponse.setHeaders(response, headers)
}

/** Around every request: no defect gets out but into the log, and each leaves a line without its query or headers. */
const envelope = HttpRouter.middleware(
  (handler) =>
    Effect.gen(function*() {
      const { method, url } = yield* HttpServerRequest.HttpServerRequest
      const started = yield* Clock.currentTimeMillis
      const response = url.includes("%00") ? nulInUrl : advised(
        yield* Effect.catchDefect(handler, (defect) =>
          Effect.as(Effect.logError("Request failed unexpectedly", defect), detail(500, "Internal Server Error")))
      )
      const ms = (yield* Clock.currentTimeMillis) - started
      yield* Effect.logDebug("Request answered").pipe(
        Effect.annotateLogs({ method, path: url.replace(/[?#].*/s, ""), status: response.status, ms })
      )
      return response
    }),
  { global: true }
)

const cors = (origins: Options["corsOrigins"], more: Options["cors"] = {}) => {
  const { credentials = false, exposed = [], headers, maxAge = 600, methods, originPattern } = more
  const allowed = (origin: string) => origins.includes(origin) || originPattern?.test(origin) === true
  return HttpRouter.middleware(
    HttpMiddleware.cors({
      ...(origins === "*" ? {} : { allowedOrigins: allowed }),
      ...(methods === undefined ? {} : { allowedMethods: methods }),
      ...(headers === undefined || headers.includes("*") ? {} : { allowedHeaders: headers }),
      exposedHeaders: [
        ...new Set([
          "content-location",
          "location",
          "x-pagination-total",
          "x-pagination-next",
          "retry-after",
          ...exposed
        ])
      ],
      // Nobody's credentials for whoever asks.
      credentials: credentials && origins !== "*",
      maxAge
    }),
    { global: true }
  )
}

/** Headers that carry credentials are in no trace (`x-*` ones may), nor is what a query says: clients put tokens there. */
const redaction = Layer.mergeAll(
  Layer.succeed(Headers.CurrentRedactedNames, ["authorization", "cookie", "set-cookie", /^x-/]),
  Layer.succeed(UrlParams.CurrentRedactedNames, [/./])
)

/** Room for 200 headers; connections outlive the idle timeouts of the usual load balancers. */
const nodeServer = () => {
  const server = createServer({ maxHeaderSize: 128 * 1024, keepAliveTimeout: 75_000 })
  // A stop closes the connections that are idle then; this is for those that become it when their last answer is out.
  return server.on(
    "request",
    (_, response) => response.once("close", () => server.listening ? undefined : server.closeIdleConnections())
  )
}

/** The API over HTTP. It listens at once: whether the database is there is for `/ready` to say. */
export const layer = ({ cors: more, corsOrigins, gracefulShutdownTimeout, host, port }: Options) =>
  HttpRouter.serve(
    Layer.mergeAll(routes, unknownRoute, envelope, cors(corsOrigins, more)),
    { disableLogger: true, disableListenLog: true, routerConfig: { maxParamLength: longestId } }
  ).pipe(
    Layer.provideMerge(NodeHttpServer.layerServer(nodeServer, { port, host, gracefulShutdownTimeout })),
    Layer.provide([NodeHttpServer.layerHttpServices, redaction])
  )
