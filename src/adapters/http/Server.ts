import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Clock, type Duration, Effect, Layer } from "effect"
import {
  Headers,
  HttpMiddleware,
  HttpRouter,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse,
  UrlParams
} from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { retryAfterSeconds } from "../../domain/Run.ts"
import { oldestOf } from "../../domain/Staleness.ts"
import { StaleAnswers } from "../../ports/StaleAnswers.ts"
import { Api } from "./Api.ts"
import * as AssistantHandlers from "./AssistantHandlers.ts"
import { maxAssistantId } from "./AssistantRequests.ts"
import * as Authorization from "./Authorization.ts"
import * as Console from "./Console.ts"
import * as CronHandlers from "./CronHandlers.ts"
import * as DoctorHandlers from "./DoctorHandlers.ts"
import { nodeServer } from "./NodeServer.ts"
import * as ProtocolHandlers from "./ProtocolHandlers.ts"
import * as RequestChecks from "./RequestChecks.ts"
import * as RunHandlers from "./RunHandlers.ts"
import * as StatelessRunHandlers from "./StatelessRunHandlers.ts"
import * as StoreHandlers from "./StoreHandlers.ts"
import * as SystemHandlers from "./SystemHandlers.ts"
import * as ThreadHandlers from "./ThreadHandlers.ts"
import * as ThreadStateHandlers from "./ThreadStateHandlers.ts"
import * as UiHandlers from "./UiHandlers.ts"

const staleSince = "throughline-stale-since"

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
  /** Where the console's files are, if not where its build puts them. */
  readonly consoleFolder?: string
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
    UiHandlers.layer,
    DoctorHandlers.layer,
    SystemHandlers.layer
  ]),
  Layer.provide([Authorization.layer, RequestChecks.layer])
)

/** Of a parameter in a path, as it is written there: an assistant's id, every letter of it in percents. */
const longestId = 12 * maxAssistantId

const unknownRoute = HttpRouter.add("*", "/*", detail(404, "Not Found"))

/** Of a path that can't be decoded the router knows no route, not even the one for all others. */
const noRoute = (error: unknown) => HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"

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

/** What was put into an answer without a look at the agents' tables is said in its headers. */
const sayingHowOld = <E, R>(handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.suspend(() => {
    let oldest: Date | null = null
    const note = (since: Date) => Effect.sync(() => void (oldest = oldestOf(oldest, since)))
    return handler.pipe(
      Effect.map((response) =>
        oldest === null ? response : HttpServerResponse.setHeader(response, staleSince, oldest.toISOString())
      ),
      Effect.provideService(StaleAnswers, { note })
    )
  })

/** Around every request: no defect gets out but into the log, and each leaves a line without its query or headers. */
const envelope = HttpRouter.middleware(
  (handler) =>
    Effect.gen(function*() {
      const { method, url } = yield* HttpServerRequest.HttpServerRequest
      const started = yield* Clock.currentTimeMillis
      const routed = Effect.catchIf(handler, noRoute, () => Effect.succeed(detail(404, "Not Found")))
      const response = url.includes("%00") ? nulInUrl : advised(
        yield* Effect.catchDefect(sayingHowOld(routed), (defect) =>
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
          staleSince,
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

/** The API over HTTP. It listens at once: whether the database is there is for `/ready` to say. */
export const layer = (
  { consoleFolder, cors: more, corsOrigins, gracefulShutdownTimeout, host, port }: Options
) =>
  HttpRouter.serve(
    Layer.mergeAll(
      routes,
      Console.layer({ folder: consoleFolder ?? Console.builtConsole }),
      unknownRoute,
      envelope,
      cors(corsOrigins, more)
    ),
    { disableLogger: true, disableListenLog: true, routerConfig: { maxParamLength: longestId } }
  ).pipe(
    Layer.provideMerge(NodeHttpServer.layerServer(nodeServer, { port, host, gracefulShutdownTimeout })),
    Layer.provide([NodeHttpServer.layerHttpServices, redaction])
  )
