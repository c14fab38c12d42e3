import { Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse, HttpStaticServer, Mime } from "effect/http"
import { fileURLToPath } from "node:url"
import { SignIn } from "../../ports/SignIn.ts"

/** Where `npm run build:console` puts the page. */
export const builtConsole = fileURLToPath(new URL("../../../console/dist", import.meta.url))

export interface Options {
  readonly folder: string
}

const prefix = "/console/"

/** What nothing but the page itself may do in it: its own scripts, this server, and Supabase where people sign in there. */
const policy = (supabase: Option.Option<{ readonly url: string }>) =>
  Object.entries({
    "default-src": "'none'",
    "script-src": "'self'",
    // The component library writes style elements and attributes.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": ["'self'", ...Option.toArray(Option.map(supabase, ({ url }) => new URL(url).origin))].join(" "),
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'"
  }).map(([name, value]) => `${name} ${value}`).join("; ")

const guards = (supabase: Option.Option<{ readonly url: string }>) => ({
  "content-security-policy": policy(supabase),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()"
})

/** Assets carry a digest of what is in them in their names; everything else may change with the next build. */
const caching = (file: string) => file.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache"

/** In the order of preference, as the build leaves them beside each file. */
const encodings = [["br", ".br"], ["gzip", ".gz"]] as const

const accepted = (header = "") => {
  const offers = new Map(
    header.toLowerCase().split(",").map((offer) => {
      const [name = "", ...parameters] = offer.split(";").map((part) => part.trim())
      return [name, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))] as const
    })
  )
  return encodings.filter(([name]) => offers.get(name) ?? offers.get("*") ?? false)
}

const missing = HttpServerResponse.jsonUnsafe({ detail: "Not Found" }, { status: 404 })

const notBuilt = HttpServerResponse.jsonUnsafe(
  { detail: "The console is not built here: npm ci does it, or npm run build:console" },
  { status: 503 }
)

/** A way out of the folder, in whatever disguise: nothing that the page asks for looks like one. */
const leadsOut = (path: string) => /(^|[/\\])\.|[\\\0]/.test(path)

const pathOf = (url: string) =>
  Option.liftThrowable(decodeURIComponent)(url.replace(/[?#].*/s, "").slice(prefix.length))

/** A file of the page as this request can read it, compressed if the build has it so. */
const makeFiles = Effect.fnUntraced(function*({ folder }: Options) {
  const send = yield* HttpStaticServer.make({ root: folder, index: undefined })
  const sent = (request: HttpServerRequest.HttpServerRequest, name: string) =>
    send.pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, request.modify({ url: `/${encodeURI(name)}` })),
      Effect.map(Option.some),
      Effect.catch((error) => error.reason._tag === "RouteNotFound" ? Effect.succeedNone : Effect.die(error))
    )
  return Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest, file: string) {
    const headers = { "cache-control": caching(file), vary: "accept-encoding" }
    for (const [encoding, suffix] of accepted(request.headers["accept-encoding"])) {
      const found = yield* sent(request, file + suffix)
      if (Option.isSome(found)) {
        const type = Option.getOrElse(Mime.getType(file), () => "application/octet-stream")
        return Option.some(HttpServerResponse.setHeaders(found.value, {
          ...headers,
          "content-encoding": encoding,
          "content-type": /^text\/|svg/.test(type) ? `${type}; charset=utf-8` : type
        }))
      }
    }
    return Option.map(yield* sent(request, file), (response) => HttpServerResponse.setHeaders(response, headers))
  })
})

/**
 * The page at /console: files that a build has left, no template, no session. Whatever is no file is one of the page's own
 * addresses, for which it answers itself.
 */
export const layer = (options: Options) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const files = yield* makeFiles(options)
    const headers = guards((yield* SignIn).supabase)
    const answer = Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.method !== "GET" && request.method !== "HEAD") return missing
      if (!request.url.startsWith(prefix)) return HttpServerResponse.redirect(prefix, { status: 308 })
      const path = Option.filter(pathOf(request.url), (path) => !leadsOut(path))
      if (Option.isNone(path)) return missing
      const file = path.value === "" ? Option.none() : yield* files(request, path.value)
      if (Option.isSome(file)) return file.value
      if (path.value.startsWith("assets/")) return missing
      return Option.getOrElse(yield* files(request, "index.html"), () => notBuilt)
    })
    const guarded = Effect.map(answer, HttpServerResponse.setHeaders(headers))
    yield* router.add("*", `${prefix}*`, guarded)
  }))
