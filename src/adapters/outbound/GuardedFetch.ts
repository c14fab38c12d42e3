import { Effect, Layer } from "effect"
import { lookup, type LookupAddress, type LookupOptions } from "node:dns"
import { isIP } from "node:net"
import type { buildConnector } from "undici"
import { isPrivateAddress } from "../../domain/Outbound.ts"
import { isAllowedHost } from "../../domain/OutboundHost.ts"
import { Outbound, OutboundRefused } from "../../ports/Outbound.ts"

export interface Options {
  /** Hosts, or hosts with a port, that callers' URLs may reach although private. */
  readonly allow: ReadonlyArray<string>
}

const withoutBrackets = (host: string) => host.replace(/^\[|\]$/g, "").toLowerCase()

const defaultPort = (protocol: string) => protocol === "https:" ? "443" : "80"

type Resolved = (error: Error | null, address: string | Array<LookupAddress>, family?: number) => void

/** Name resolution that has no private address to offer: what is checked here is what is connected to. */
const publicLookup = (name: string, options: LookupOptions, done: Resolved): void =>
  lookup(name, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? []
    if (error !== null || first === undefined) return done(error ?? new Error(`${name} has no address`), [])
    const refused = addresses.find(({ address }) => isPrivateAddress(address))
    if (refused !== undefined) {
      return done(new OutboundRefused({ host: name, why: `it resolves to the private address ${refused.address}` }), [])
    }
    return options.all === true ? done(null, addresses) : done(null, first.address, first.family)
  })

type Place = Pick<URL, "hostname" | "port" | "protocol">

/** What becomes of a connection: nothing stands in its way, its name is looked up first, or it is refused. */
const admission = (allow: Options["allow"], { hostname, port, protocol }: Place) => {
  const host = withoutBrackets(hostname)
  if (isAllowedHost(allow, host, port || defaultPort(protocol))) return "free"
  // Nobody looks an IP address up, so it is checked here. Its odd spellings the URL parser has already written out.
  const refused = isIP(host) !== 0 && isPrivateAddress(host)
  return refused ? new OutboundRefused({ host, why: "it is a private address" }) : "looked up"
}

const guardedConnector = (build: typeof buildConnector, allow: Options["allow"]): buildConnector.connector => {
  const free = build({})
  const guarded = build({ lookup: publicLookup })
  return (options, done) => {
    const admitted = admission(allow, options)
    if (admitted === "free") return free(options, done)
    return admitted === "looked up" ? guarded(options, done) : done(admitted, null)
  }
}

const urlOf = (input: string | URL | Request): URL => new URL(input instanceof Request ? input.url : input)

/**
 * What is asked, without any object of the undici that Node brings: ours is another one, and would take such a form for a
 * text. The signal is the caller's own: a request's is heard only for as long as somebody keeps the request.
 */
const writtenOut = async (input: string | URL | Request, init: RequestInit = {}) => {
  const request = new Request(input, { ...init, signal: null })
  return {
    method: request.method,
    headers: [...request.headers],
    redirect: request.redirect,
    signal: init.signal ?? (input instanceof Request ? input.signal : null),
    body: request.body === null ? null : await request.arrayBuffer()
  }
}

/** What fetch hides behind `fetch failed` when it was us who refused the connection. */
const refusalIn = (error: unknown): OutboundRefused | undefined => {
  if (error instanceof OutboundRefused) return error
  return error instanceof Error && error.cause !== undefined ? refusalIn(error.cause) : undefined
}

const refusedScheme = ({ host, protocol }: URL): OutboundRefused | undefined =>
  protocol === "http:" || protocol === "https:"
    ? undefined
    : new OutboundRefused({ host: host || "(no host)", why: `${protocol} is not a scheme of the web` })

/** Asks for a name's addresses, as a connection does. */
const lookedUp = (host: string) =>
  Effect.callback<void, OutboundRefused>((resume) =>
    publicLookup(host, {}, (error) => resume(error instanceof OutboundRefused ? Effect.fail(error) : Effect.void))
  )

export const layer = ({ allow }: Options) =>
  Layer.effect(
    Outbound,
    Effect.gen(function*() {
      // Loaded by the first caller's URL: most servers never see one.
      let loading: ReturnType<typeof load> | undefined
      const load = async () => {
        const { Agent, buildConnector, fetch, Response: Answer } = await import("undici")
        return {
          agent: new Agent({ connect: guardedConnector(buildConnector, allow) }),
          fetch,
          // The same class as Node's but for its version, and its types are declared a second time.
          isResponse: (answer: unknown): answer is Response => answer instanceof Answer
        }
      }
      yield* Effect.addFinalizer(() => Effect.promise(async () => (await loading)?.agent.destroy()))

      const guarded: typeof globalThis.fetch = async (input, init) => {
        const url = urlOf(input)
        const refused = refusedScheme(url)
        if (refused !== undefined) throw refused
        const { agent, fetch, isResponse } = await (loading ??= load())
        const answer: unknown = await fetch(url, { ...await writtenOut(input, init), dispatcher: agent }).catch(
          (error: unknown) => {
            throw refusalIn(error) ?? error
          }
        )
        if (!isResponse(answer)) throw new TypeError("undici answered with something else than its responses")
        return answer
      }
      const check = Effect.fnUntraced(function*(url: URL) {
        const admitted = refusedScheme(url) ?? admission(allow, url)
        if (admitted instanceof OutboundRefused) return yield* admitted
        if (admitted === "looked up") yield* lookedUp(withoutBrackets(url.hostname))
      })

      return Outbound.of({ trusted: (input, init) => globalThis.fetch(input, init), guarded, check })
    })
  )
