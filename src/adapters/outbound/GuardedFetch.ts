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

const guardedConnector = (build: typeof buildConnector, allow: Options["allow"]): buildConnector.connector => {
  const free = build({})
  const guarded = build({ lookup: publicLookup })
  return (options, done) => {
    const host = withoutBrackets(options.hostname)
    if (isAllowedHost(allow, host, options.port || defaultPort(options.protocol))) return free(options, done)
    // Nobody looks an IP address up, so it is checked here. Its odd spellings the URL parser has already written out.
    if (isIP(host) !== 0 && isPrivateAddress(host)) {
      return done(new OutboundRefused({ host, why: "it is a private address" }), null)
    }
    return guarded(options, done)
  }
}

const urlOf = (input: string | URL | Request): URL => new URL(input instanceof Request ? input.url : input)

/** What fetch hides behind `fetch failed` when it was us who refused the connection. */
const refusalIn = (error: unknown): OutboundRefused | undefined => {
  if (error instanceof OutboundRefused) return error
  return error instanceof Error && error.cause !== undefined ? refusalIn(error.cause) : undefined
}

export const layer = ({ allow }: Options) =>
  Layer.effect(
    Outbound,
    Effect.gen(function*() {
      // Loaded by the first caller's URL: most servers never see one.
      let loading: ReturnType<typeof load> | undefined
      const load = async () => {
        const { Agent, buildConnector, fetch } = await import("undici")
        const agent = new Agent({ connect: guardedConnector(buildConnector, allow) })
        // Node's fetch is undici's, but its types are declared a second time.
        return { agent, fetch: fetch as unknown as (input: unknown, init: object) => Promise<Response> }
      }
      yield* Effect.addFinalizer(() => Effect.promise(async () => (await loading)?.agent.destroy()))

      const guarded: typeof globalThis.fetch = async (input, init) => {
        const { host, protocol } = urlOf(input)
        if (protocol !== "http:" && protocol !== "https:") {
          throw new OutboundRefused({ host: host || "(no host)", why: `${protocol} is not a scheme of the web` })
        }
        const { agent, fetch } = await (loading ??= load())
        return fetch(input, { ...init, dispatcher: agent }).catch((error: unknown) => {
          throw refusalIn(error) ?? error
        })
      }
      return Outbound.of({ trusted: (input, init) => globalThis.fetch(input, init), guarded })
    })
  )
