import { Client } from "@langchain/langgraph-sdk"
import { Context, Effect, Exit, Layer, Logger, Redacted, References, Scope } from "effect"
import { HttpServer } from "effect/http"
import { randomBytes } from "node:crypto"
import pg from "pg"
import { mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { type Generation, loadWorld, people } from "../../src/adapters/demo/World.ts"
import { environment, type Settings, settings } from "../../src/app/Config.ts"
import type { Parts } from "../../src/app/Parts.ts"
import { serverLayer } from "../../src/app/ServerLayer.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { deadUrl, mcpServer } from "./McpServers.ts"
import { scriptedModel } from "./ScriptedModel.ts"
import { consumerWorld } from "./TestDatabase.ts"

export interface WorldOptions {
  readonly generation?: Generation
  /** `all` unless said otherwise. */
  readonly syncScope?: string
  readonly env?: Readonly<Record<string, string>>
  /** Parts to be used instead of the real ones: faults. */
  readonly swapped?: (settings: Settings) => Partial<Parts>
  /** Changes the database before the server starts. */
  readonly prepare?: (database: pg.Client) => Promise<unknown>
  /** The summary of the sync at the start is waited for. */
  readonly awaitSync?: boolean
  /** A database server of the test's own, instead of one for all. */
  readonly databaseUrl?: Redacted.Redacted<string>
  /** Starts another server in the surroundings of one, on the same database: a replica, or a restart. */
  readonly beside?: Surroundings
}

/** People by what they are in the world. */
export type Person = keyof typeof people

const inMemoryLog = (lines: Array<string>) =>
  Layer.mergeAll(
    Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]),
    Layer.succeed(References.MinimumLogLevel, "Debug")
  )

type Found<A> = A | undefined | false

export const until = async <A>(what: string, find: () => Found<A> | Promise<Found<A>>, ms = 30_000): Promise<A> => {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`${what} did not happen within ${ms} ms`)
}

/** What a server lives in: a database with the consumer's tables, a model, MCP servers, and its secrets. */
const surroundings = Effect.fnUntraced(function*(options: WorldOptions) {
  const secret = Redacted.make(randomBytes(32).toString("base64url"))
  const model = yield* scriptedModel
  const legal = yield* mcpServer({ name: "legal-mcp", tools: ["search_laws", "slow", "fails", "counter"] })
  const dead = yield* Effect.promise(deadUrl)
  const world = {
    generation: options.generation ?? "v1",
    secondOrganisation: true,
    legalMcpUrl: legal.url,
    documentMcpUrl: dead
  } as const
  const databaseUrl = options.databaseUrl ?? (yield* consumerWorld(world))
  if (options.databaseUrl !== undefined) yield* loadWorld({ ...world, url: options.databaseUrl })
  const database = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new pg.Client({ connectionString: Redacted.value(databaseUrl) })
      client.on("error", () => {}) // a test may cut connections, this one's among them
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.end())
  )
  if (options.prepare !== undefined) yield* Effect.promise(() => options.prepare?.(database) ?? Promise.resolve())
  return { secret, secretsKey: randomBytes(32).toString("base64url"), model, legal, databaseUrl, database }
})

const start = Effect.fnUntraced(function*(options: WorldOptions) {
  const around = options.beside ?? (yield* surroundings(options))
  const { database, databaseUrl, legal, model, secret, secretsKey } = around
  const given = yield* Effect.provide(
    Effect.flatMap(settings, serverSettings),
    environment({
      PORT: "0",
      DATABASE_URL: Redacted.value(databaseUrl),
      SUPABASE_JWT_SECRET: Redacted.value(secret),
      SECRETS_KEY: secretsKey,
      AGENT_SYNC_SCOPE: options.syncScope ?? "all",
      OPENAI_API_KEY: "sk-server-key-canary",
      OPENAI_BASE_URL: model.url,
      SHUTDOWN_TIMEOUT_SECONDS: "2",
      ...options.env
    })
  )
  const logs: Array<string> = []
  const server = yield* Layer.build(
    serverLayer(given, options.swapped?.(given)).pipe(Layer.provideMerge(inMemoryLog(logs)))
  )
  const { address } = Context.get(server, HttpServer.HttpServer)
  const url = `http://127.0.0.1:${"port" in address ? address.port : 0}`
  const tokens = yield* Effect.all({
    member: mintToken({ secret, userId: people.member }),
    admin: mintToken({ secret, userId: people.admin }),
    otherOrganisation: mintToken({ secret, userId: people.otherOrganisation }),
    noOrganisation: mintToken({ secret, userId: people.noOrganisation })
  })
  const token = (person: Person) => Redacted.value(tokens[person])
  const world = {
    url,
    around,
    databaseUrl: Redacted.value(databaseUrl),
    secret: Redacted.value(secret),
    /** A connection of the test's own to the database, as its owner. */
    database,
    /** What was logged, a JSON text a line. */
    logs,
    model,
    legal,
    token,
    /** The stock SDK as one of the people. */
    client: (person: Person) => new Client({ apiUrl: url, apiKey: null, defaultHeaders: bearer(token(person)) }),
    /** A bare request as one of the people, or as nobody. */
    fetch: (person: Person | undefined, path: string, init: RequestInit = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: {
          "content-type": "application/json",
          ...(person === undefined ? {} : bearer(token(person))),
          ...init.headers
        }
      }),
    until
  }
  if (options.awaitSync ?? true) {
    yield* Effect.promise(() => until("the sync", () => logs.some((line) => line.includes(summaryWords))))
  }
  return world
})

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const summaryWords = "Startup sync summary:"

export type Surroundings = Effect.Success<ReturnType<typeof surroundings>>
type Started = Effect.Success<ReturnType<typeof start>>

/** A Throughline of real parts in this process, with two organisations, a live MCP server and a dead one. */
export type Throughline = Started & { readonly stop: () => Promise<void> }

/** Opens something for as long as a test wants it. */
const held = async <A>(
  open: Effect.Effect<A, unknown, Scope.Scope>
): Promise<A & { readonly stop: () => Promise<void> }> => {
  const scope = await Effect.runPromise(Scope.make())
  const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const opened = await Effect.runPromise(Effect.provideService(open, Scope.Scope, scope)).catch(
    async (error: unknown) => {
      await stop()
      throw error
    }
  )
  return { ...opened, stop }
}

export const startThroughline = (options: WorldOptions = {}): Promise<Throughline> => held(start(options))

/** Surroundings without a server yet, for `beside`. */
export const openSurroundings = (options: WorldOptions = {}) => held(surroundings(options))
