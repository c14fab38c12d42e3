import { Client } from "@langchain/langgraph-sdk"
import type { Random } from "./Random.ts"

type Servers = readonly [{ readonly url: string }, ...ReadonlyArray<{ readonly url: string }>]

/** Sends each request to any of the servers, whether it is up or not: as a simple balancer in front of them does. */
const balancing = (servers: Servers, random: Random) => (input: string | URL | Request, init?: RequestInit) => {
  const url = new URL(input instanceof Request ? input.url : input)
  return fetch(`${random.pick(servers).url}${url.pathname}${url.search}`, init)
}

/**
 * The stock SDK in front of all servers. Where a stream is cut it reconnects by itself, wherever that leads. Its retries
 * of other requests are off: it would also repeat a POST that was accepted already, and create a run twice.
 */
export const clientOf = (servers: Servers, token: string, random: Random) =>
  new Client({
    apiUrl: "http://throughline.invalid",
    apiKey: null,
    defaultHeaders: { authorization: `Bearer ${token}` },
    callerOptions: { maxRetries: 0, maxConcurrency: Infinity, fetch: balancing(servers, random) }
  })
