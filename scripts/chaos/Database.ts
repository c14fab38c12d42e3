import { Effect, Redacted } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { Client, Pool, type QueryResultRow } from "pg"
import { agents, loadWorld } from "../../src/adapters/demo/World.ts"

/** By which the harness knows its own connections, and spares them. */
const ourName = "throughline-chaos"

const awayForMs = 60_000

/** Asks again for as long as the database may be restarting: only reading, which can be repeated. */
const patiently = async <A>(ask: () => Promise<A>): Promise<A> => {
  for (const end = Date.now() + awayForMs;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(200)
    }
  }
}

/** A database with the consumer's tables, whose agents of both organisations have the counting tool server. */
export const chaosDatabase = Effect.fnUntraced(function*(
  server: string,
  name: string,
  tools: { readonly counting: string; readonly dead: string }
) {
  const onServer = (statement: string) =>
    Effect.promise(async () => {
      const client = new Client({ connectionString: server })
      await client.connect()
      await client.query(statement).finally(() => client.end())
    })
  yield* Effect.acquireRelease(
    onServer(`create database ${name}`),
    () => onServer(`drop database if exists ${name} with (force)`)
  )
  const url = new URL(server)
  url.pathname = `/${name}`
  yield* loadWorld({
    url: Redacted.make(url.href),
    generation: "v1",
    secondOrganisation: true,
    legalMcpUrl: tools.counting,
    documentMcpUrl: tools.dead
  })
  return url.href
})

/** The harness's own view of the database. */
export const observer = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new Pool({ connectionString: url, max: 4, application_name: ourName })
      // Connections go down with the database; the next query has a new one.
      pool.on("error", () => undefined)
      return pool
    }),
    (pool) => Effect.promise(() => pool.end())
  ).pipe(
    Effect.map((pool) => ({
      rows: async <Row extends QueryResultRow>(text: string, values: ReadonlyArray<unknown> = []) =>
        (await patiently(() => pool.query<Row>(text, [...values]))).rows
    }))
  )

export type Observer = Effect.Success<ReturnType<typeof observer>>

/** The Exposé-Assistent gets the counting tools, the Dokumenten-Assistent gets them beside the server that is dead. */
export const giveTools = ({ rows }: Observer) =>
  rows(
    `insert into public.agent_mcp_tools (agent_id, mcp_tool_id)
     select agent.id, tool.id
     from public.agents agent, public.mcp_tools tool
     where agent.id in ($1, $2) and tool.tool_name = 'legal-mcp'
     on conflict do nothing`,
    [agents.expose, agents.dokumente]
  )

/** Ends the servers' connections: those that listen, or all. Answers how many. */
export const cutConnections = async ({ rows }: Observer, which: "listening" | "all"): Promise<number> => {
  const cut = await rows(
    `select pg_terminate_backend(pid)
     from pg_stat_activity
     where
       datname = current_database()
       and application_name <> $1
       and ($2 or application_name like '%signals%' or query ilike 'listen%')`,
    [ourName, which === "all"]
  )
  return cut.length
}
