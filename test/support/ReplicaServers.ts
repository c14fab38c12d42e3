import { Client } from "@langchain/langgraph-sdk"
import { Effect, Redacted } from "effect"
import { availableParallelism, loadavg } from "node:os"
import pg from "pg"
import { afterAll, beforeAll, describe, test } from "vitest"
import { mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { type ServerProcess, startServer } from "./ServerProcesses.ts"
import { openSurroundings, type Person, until, type WorldOptions } from "./Throughline.ts"

type Environment = Readonly<Record<string, string>>

export interface ReplicasOptions extends Pick<WorldOptions, "databaseUrl" | "generation"> {
  /** Of every replica. */
  readonly env?: Environment
  /** Another entry point than the server's own: faults, or tools of a test's. */
  readonly entry?: string
}

/** Starting servers takes a machine that is busy its time. */
const patiently: typeof until = (what, find, ms = 90_000) => until(what, find, ms)

const bearer = (token: string): Environment => ({ authorization: `Bearer ${token}` })

/**
 * An agent of the Kanzlei's that has the legal server, and one that is dead and wants the caller's token: its runs stay
 * with the replica that accepted them.
 */
export const homely = agents.dokumente

/** Short, so that a lost replica is soon missed: the least that may be set. */
export const heartbeatSeconds = 10

/** Where nobody is lost, nobody is to be missed either, however busy the machine is. */
export const calm: Environment = { RUN_HEARTBEAT_SECONDS: "60" }

/** Surroundings in which servers run as processes of their own, as many as are started. */
export const openReplicas = async (options: ReplicasOptions = {}) => {
  const around = await openSurroundings({
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
    ...(options.generation === undefined ? {} : { generation: options.generation })
  })
  const { database, model, secret } = around
  await database.query(
    `insert into public.agent_mcp_tools (agent_id, mcp_tool_id)
     select $1, id from public.mcp_tools where tool_name = 'legal-mcp'`,
    [homely]
  )
  const tokenOf = async (person: Person) =>
    Redacted.value(await Effect.runPromise(mintToken({ secret, userId: people[person] })))
  const tokens = {
    member: await tokenOf("member"),
    admin: await tokenOf("admin"),
    otherOrganisation: await tokenOf("otherOrganisation"),
    noOrganisation: await tokenOf("noOrganisation")
  }
  const started: Array<ServerProcess> = []
  /** Outlasts restarts of the database. */
  const observer = new pg.Pool({ connectionString: Redacted.value(around.databaseUrl), max: 2 })
  observer.on("error", () => undefined)

  /** The SDK without its retries, which would send what was accepted once more. */
  const clientOf = (apiUrl: string, person: Person, fetchBy: typeof fetch = fetch) =>
    new Client({
      apiUrl,
      apiKey: null,
      defaultHeaders: bearer(tokens[person]),
      callerOptions: { maxRetries: 0, maxConcurrency: Infinity, fetch: fetchBy }
    })

  /** Each asks the model with a key of its own: so it is known who executes what. */
  const start = async (env: Environment = {}) => {
    const name = `replica-${started.length + 1}`
    const server = startServer({
      DATABASE_URL: Redacted.value(around.databaseUrl),
      SUPABASE_JWT_SECRET: Redacted.value(secret),
      SECRETS_KEY: around.secretsKey,
      AGENT_SYNC_SCOPE: "all",
      OPENAI_API_KEY: `sk-${name}`,
      OPENAI_BASE_URL: model.url,
      RUN_HEARTBEAT_SECONDS: String(heartbeatSeconds),
      SHUTDOWN_TIMEOUT_SECONDS: "2",
      ...options.env,
      ...env
    }, options.entry)
    started.push(server)
    const url = await server.ready()
    return {
      name,
      url,
      pid: server.pid,
      output: server.output,
      ended: server.ended,
      signal: server.kill,
      /** As a crash: at once and without a word. */
      kill: async () => {
        server.kill("SIGKILL")
        await server.ended
      },
      stop: async () => {
        server.kill("SIGTERM")
        return server.ended
      },
      client: (person: Person = "member") => clientOf(url, person),
      fetch: (path: string, init: RequestInit = {}, person: Person = "member") =>
        fetch(`${url}${path}`, {
          ...init,
          headers: { "content-type": "application/json", ...bearer(tokens[person]), ...init.headers }
        })
    }
  }

  type Replica = Awaited<ReturnType<typeof start>>

  const askedBy = (text: string) =>
    mentioning(text).map(({ headers }) => headers.authorization?.replace("Bearer sk-", "") ?? "nobody")

  const mentioning = (text: string) => model.requests.filter(({ body }) => JSON.stringify(body).includes(text))

  return {
    ...around,
    observer,
    start,
    /** Two of them, ready. */
    startTwo: async (env: Environment = {}) => {
      const [one, two] = await Promise.all([start(env), start(env)])
      return [one, two] as const
    },
    token: (person: Person) => tokens[person],
    clientOf,
    until: patiently,
    /** What the model was asked about a text, in order. */
    asked: mentioning,
    /** By whom: the names of the replicas. */
    askedBy,
    /** The one of two that executes what the model was asked last, and the other. */
    executing: async ([one, other]: readonly [Replica, Replica], text: string) => {
      const name = await patiently(`the model was asked: ${text}`, () => askedBy(text).at(-1))
      return name === one.name ? [one, other] as const : [other, one] as const
    },
    /** What the servers found worth a warning, for whoever has to find out why a scenario failed. */
    complaints: () =>
      started.map(({ output }, index) =>
        [
          `replica-${index + 1}:`,
          ...output.stdout.split("\n").filter((line) => /"(WARN|ERROR|FATAL)"/i.test(line)).slice(-15),
          output.stderr.slice(-2000)
        ].join("\n")
      ).join("\n"),
    stop: async () => {
      for (const server of started) server.kill("SIGKILL")
      await Promise.all(started.map(({ ended }) => ended))
      await observer.end()
      await around.stop()
    }
  }
}

export type Replicas = Awaited<ReturnType<typeof openReplicas>>
export type Replica = Awaited<ReturnType<Replicas["start"]>>

/** What happens to servers and their runs, and what must come of it: fails by throwing. Starts whom it needs. */
export type ReplicaScenario = (world: Replicas) => Promise<void>

export type ReplicaScenarios = Readonly<Record<string, ReplicaScenario>>

/** With this much to do for each core, not everybody is heard of every ten seconds, or gets a connection in time. */
const tooBusy = () => (loadavg()[0] ?? 0) > 4 * availableParallelism()

/** A scenario in surroundings of its own; once more, or twice, where it fails on a machine that is too busy for it. */
export const onReplicas = async (scenario: ReplicaScenario, options: ReplicasOptions = {}, more = 2): Promise<void> => {
  const world = await openReplicas(options)
  try {
    return await scenario(world)
  } catch (error) {
    console.error(world.complaints())
    if (more === 0 || !tooBusy()) throw error
    console.warn(`Once more, as this machine has a load of ${loadavg()[0]}. It failed with`, error)
  } finally {
    await world.stop()
  }
  return onReplicas(scenario, options, more - 1)
}

/** A scenario that harms neither of two replicas. */
export type SharedScenario = (world: Replicas, both: readonly [Replica, Replica]) => Promise<void>

/** Plays scenarios one after the other on the same two replicas. */
export const playOnTwo = (
  title: string,
  scenarios: Readonly<Record<string, SharedScenario>>,
  options: ReplicasOptions = {}
) =>
  describe(title, { timeout: 400_000 }, () => {
    let world: Replicas
    let both: readonly [Replica, Replica]
    beforeAll(async () => {
      world = await openReplicas(options)
      both = await world.startTwo(calm)
    }, 240_000)
    afterAll(() => world.stop())
    for (const [name, scenario] of Object.entries(scenarios)) test(name, () => scenario(world, both))
  })

/** Plays scenarios side by side: most of their time they wait for a replica to be missed. */
export const playOnReplicas = (title: string, scenarios: ReplicaScenarios, options: ReplicasOptions = {}) =>
  describe(title, { concurrent: true, timeout: 500_000 }, () => {
    for (const [name, scenario] of Object.entries(scenarios)) test(name, () => onReplicas(scenario, options))
  })
