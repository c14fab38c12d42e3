import { ByteSize, Effect, Layer, SchemaIssue } from "effect"
import { Headers, HttpIncomingMessage, HttpServerRequest } from "effect/http"
import { HttpApiError, HttpApiMiddleware } from "effect/http-api"
import { isJsonObject } from "../../domain/Json.ts"
import { BodyTooLarge, failures, InvalidRequest, MalformedBody, NotJson } from "./Errors.ts"

/** Stands in front of every handler: refuses bodies that none may see, and puts into words what does not decode. */
export class RequestChecks extends HttpApiMiddleware.Service<RequestChecks>()("throughline/http/RequestChecks", {
  error: failures
}) {}

const maxBody = ByteSize.mebibytes(4)

/** More than any message has; without a bound a few kilobytes of brackets exhaust the stack of whoever walks them. */
const maxDepth = 500

const unstorable = (text: string) => text.includes("\0") || !text.isWellFormed()

/** NUL and halves of surrogate pairs are JSON, and can be in no column of a Postgres. */
const holdsUnstorable = (value: unknown): boolean => {
  if (typeof value === "string") return unstorable(value)
  if (Array.isArray(value)) return value.some(holdsUnstorable)
  return isJsonObject(value)
    && Object.entries(value).some(([key, item]) => unstorable(key) || holdsUnstorable(item))
}

const depthOf = (text: string): number => {
  let depth = 0, deepest = 0, quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (quoted) {
      if (char === 0x5c) at++ // \
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x5b || char === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (char === 0x5d || char === 0x7d) depth--
  }
  return deepest
}

const inBody = (msg: string) => new InvalidRequest({ problems: [{ loc: ["body"], msg, type: "value_error" }] })

const bodyOf = (request: HttpServerRequest.HttpServerRequest) =>
  request.text.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
    Effect.mapError(({ reason }) =>
      reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
        ? new BodyTooLarge({ message: "The body is larger than 4 MB" })
        : new MalformedBody({ message: "The body could not be read" })
    )
  )

const parsed = (text: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => new MalformedBody({ message: "Malformed JSON in request body" })
  })

/** What schemas can't see, from the text alone; it is parsed here only if it may hold what is to be refused. */
const checkBody = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  if (!/^application\/([^;]+\+)?json/i.test(request.headers["content-type"] ?? "application/json")) {
    return yield* new NotJson({ message: "The body must be JSON, with content-type application/json" })
  }
  const text = yield* bodyOf(request)
  if (depthOf(text) > maxDepth) return yield* inBody(`Nested deeper than ${maxDepth} levels`)
  if (/\\u(0000|d[89a-f])/i.test(text) && holdsUnstorable(yield* parsed(text))) {
    return yield* inBody("A text holds a NUL or half a surrogate pair")
  }
})

/** What proxies forward without a word of its type arrives as plain text: Agent Chat UI's own does so with all it forwards. */
const asJson = (request: HttpServerRequest.HttpServerRequest) =>
  /^text\/plain\b/i.test(request.headers["content-type"] ?? "")
    ? request.modify({ headers: Headers.set(request.headers, "content-type", "application/json") })
    : request

const places = { Payload: "body", Params: "path", Query: "query", Headers: "header" } as const

const wording = SchemaIssue.makeFormatterStandardSchemaV1()
const kinds = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: ({ _tag }) => _tag === "MissingKey" ? "missing" : _tag === "InvalidType" ? "type_error" : "value_error",
  checkHook: () => "value_error"
})

/** What is none of several things is told without asking the hooks: its value is wrong. */
const kindOf = (told: string | undefined) => told === "missing" || told === "type_error" ? told : "value_error"

const isIndex = (part: PropertyKey): part is number => typeof part === "number"

const partOf = (segment: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const part = typeof segment === "object" ? segment.key : segment
  return isIndex(part) ? part : String(part)
}

const invalid = (place: string, issue: SchemaIssue.Issue) => {
  const types = kinds(issue).issues
  return new InvalidRequest({
    problems: wording(issue).issues.map(({ message, path }, index) => ({
      loc: [place, ...(path ?? []).map(partOf)],
      msg: message,
      type: kindOf(types[index]?.message)
    }))
  })
}

/** A body that is no JSON at all is malformed, anything else that does not decode is invalid. */
const undecodable = Effect.fnUntraced(function*({ cause, kind }: HttpApiError.HttpApiSchemaError) {
  // A response that does not fit its own schema is our mistake, not the caller's.
  if (kind === "Body" || kind === "ResponseHeaders") return yield* Effect.die(cause)
  if (kind === "Payload") {
    const text = yield* bodyOf(yield* HttpServerRequest.HttpServerRequest)
    if (text !== "") yield* parsed(text)
  }
  return yield* invalid(places[kind], cause.issue)
})

export const layer = Layer.succeed(
  RequestChecks,
  (handler, { endpoint }) =>
    (endpoint.payload.size > 0 ? Effect.andThen(checkBody, handler) : handler).pipe(
      Effect.catch((error) => HttpApiError.HttpApiSchemaError.is(error) ? undecodable(error) : Effect.fail(error)),
      Effect.updateService(HttpServerRequest.HttpServerRequest, asJson)
    )
)
