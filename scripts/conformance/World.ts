import { Client as Older } from "@langchain/langgraph-sdk"
import { Client as Newer } from "langgraph-sdk-1"
import { randomUUID } from "node:crypto"
import { type Answer, answered, ask, type Events, events, open, type Request, type Target, type Who } from "./Ask.ts"
import { Mismatch } from "./Expect.ts"
import type { Need } from "./Row.ts"
import type { Hook } from "./Webhooks.ts"

/** The majors of the stock SDK: 1 is 1.15.0, which is the newer code, and 2 is 2.0.0. */
export type Sdk = "1" | "2"

type Of<Group extends keyof Older & keyof Newer> = Pick<Older[Group], keyof Older[Group] & keyof Newer[Group]>

/** What both of them can do. */
export interface Stock {
  readonly assistants: Of<"assistants">
  readonly threads: Of<"threads">
  readonly runs: Of<"runs">
  readonly crons: Of<"crons">
  readonly store: Of<"store">
  readonly "~ui": Of<"~ui">
}

export interface Server extends Target {
  /** An assistant with the tool `search_laws`. */
  readonly toolAssistant?: string
  readonly hook?: () => Hook
  readonly has: ReadonlySet<Need>
}

/** What a row gets to work with. */
export interface World {
  readonly sdk: Sdk
  readonly client: Stock
  readonly other: Stock
  readonly admin: Stock
  /** With the methods that only one of them has. */
  readonly newer: Newer | undefined
  readonly toolAssistant: string
  /** Somewhere for a webhook to go to. */
  readonly hook: () => Hook
  readonly ask: (path: string, request?: Request) => Promise<Answer>
  /** Asks and fails unless the answer has this status. */
  readonly answers: (status: number, path: string, request?: Request) => Promise<Answer>
  readonly events: (path: string, request?: Request) => Promise<Events>
  readonly open: (path: string, request?: Request) => ReturnType<typeof open>
  /** A thread of its own. */
  readonly thread: () => Promise<string>
  /** A text that nobody else uses. */
  readonly unique: () => string
  readonly until: <A>(what: string, find: () => Promise<A | undefined | false>, ms?: number) => Promise<A>
}

const options = ({ tokens, url }: Target, who: Who) => ({
  apiUrl: url,
  apiKey: null,
  // A refusal is to be seen, not to be tried again.
  callerOptions: { maxRetries: 0, maxConcurrency: 50 },
  defaultHeaders: tokens[who] === undefined ? {} : { authorization: `Bearer ${tokens[who]}` }
})

const stock = (sdk: Sdk, target: Target, who: Who): Stock =>
  sdk === "1" ? new Newer(options(target, who)) : new Older(options(target, who))

const until: World["until"] = async (what, find, ms = 30_000) => {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Mismatch(`${what} did not happen within ${ms / 1000} s`)
}

export const worldOf = (server: Server, sdk: Sdk): World => {
  const client = stock(sdk, server, "user")
  const asked = (path: string, request?: Request) => ask(server, path, request)
  return {
    sdk,
    client,
    other: stock(sdk, server, "other"),
    admin: stock(sdk, server, "admin"),
    newer: sdk === "1" ? new Newer(options(server, "user")) : undefined,
    toolAssistant: server.toolAssistant ?? "agent",
    hook: () => {
      if (server.hook === undefined) throw new Mismatch("there is nobody to take a webhook")
      return server.hook()
    },
    ask: asked,
    answers: async (status, path, request) => answered(await asked(path, request), status),
    events: (path, request) => events(server, path, request),
    open: (path, request) => open(server, path, request),
    thread: async () => (await client.threads.create()).thread_id,
    unique: randomUUID,
    until
  }
}
