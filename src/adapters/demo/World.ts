import { Effect, Redacted, Schema } from "effect"
import { readFile } from "node:fs/promises"
import { Client } from "pg"
import { OrganizationId, UserId } from "../../domain/Principal.ts"

export class WorldError extends Schema.TaggedError<WorldError>()("WorldError", {
  message: Schema.String,
  cause: Schema.Defect()
}) {}

/** Two generations of the consumer's tables. */
export type Generation = "v1" | "v2"

export interface World {
  readonly url: Redacted.Redacted<string>
  readonly generation: Generation
  /** Also an agent of the second organisation, which Session 72 did not have. */
  readonly secondOrganisation?: boolean
  /** Where the servers of the rows `legal-mcp` and `document-mcp` really listen. */
  readonly legalMcpUrl?: string
  readonly documentMcpUrl?: string
}

/** The people of the world, by what they are in it. */
export const people = {
  member: UserId.make("d4e5f6a7-0000-4000-a000-000000000001"),
  admin: UserId.make("d4e5f6a7-0000-4000-a000-000000000002"),
  otherOrganisation: UserId.make("d4e5f6a7-0000-4000-a000-000000000003"),
  noOrganisation: UserId.make("d4e5f6a7-0000-4000-a000-000000000004")
}

export const organizations = {
  kanzleiNord: OrganizationId.make("11111111-1111-4111-a111-111111111111"),
  immobilienSued: OrganizationId.make("22222222-2222-4222-a222-222222222222")
}

export const agents = {
  dokumente: "a0000000-0000-4000-a000-000000000001",
  recht: "a0000000-0000-4000-a000-000000000002",
  wartung: "a0000000-0000-4000-a000-000000000003",
  allgemein: "a0000000-0000-4000-a000-000000000004",
  expose: "a0000000-0000-4000-a000-000000000005"
} as const

/** The second generation comes last, as it did for the consumer: it moves the settings of the agents it finds. */
const files = ({ generation, secondOrganisation }: World) => [
  "schema-v1",
  "session-72",
  ...(secondOrganisation ? ["second-organisation"] : []),
  ...(generation === "v2" ? ["schema-v2"] : [])
]

const isLoaded = (client: Client) =>
  client.query<{ loaded: boolean }>("select to_regclass('public.agents') is not null as loaded")
    .then(({ rows }) => rows.some(({ loaded }) => loaded))

/** All or nothing: the next start has to know whether there is a world. */
const load = async (client: Client, world: World) => {
  await client.query("begin")
  for (const name of files(world)) {
    await client.query(await readFile(new URL(`world/${name}.sql`, import.meta.url), "utf8"))
  }
  await client.query("commit")
}

/** A row that somebody has pointed at a server of their own is left so. */
const pointServers = async (client: Client, world: World) => {
  const servers = { "legal-mcp": world.legalMcpUrl, "document-mcp": world.documentMcpUrl }
  for (const [name, url] of Object.entries(servers)) {
    if (url === undefined) continue
    await client.query(
      `update public.mcp_tools set endpoint_url = $1
       where tool_name = $2 and endpoint_url ~ '^http://(127[.]0[.]0[.]1|legal-mcp|document-mcp):'`,
      [url, name]
    )
  }
}

const onDatabase = <A>(url: Redacted.Redacted<string>, use: (client: Client) => Promise<A>) =>
  Effect.tryPromise({
    try: async () => {
      // pg and not sql-pg: a file holds many statements, which only the simple protocol takes at once.
      const client = new Client({ connectionString: Redacted.value(url) })
      await client.connect()
      return await use(client).finally(() => client.end())
    },
    catch: (cause) =>
      new WorldError({
        message: `The demo's tables could not be made: ${cause instanceof Error ? cause.message : cause}`,
        cause
      })
  })

/** Puts the consumer's tables and the agents of Session 72 into a database, once; where their servers are, each time. */
export const loadWorld = Effect.fn("World.load")((world: World) =>
  onDatabase(world.url, async (client) => {
    if (!(await isLoaded(client))) await load(client, world)
    await pointServers(client, world)
  })
)

/** Where `legal-mcp` listened at the last start, or 0. Runs that go on after a restart still look for it there. */
export const lastLegalMcpPort = Effect.fn("World.lastLegalMcpPort")((url: Redacted.Redacted<string>) =>
  onDatabase(url, async (client) => {
    if (!(await isLoaded(client))) return 0
    const { rows } = await client.query<{ port: number }>(
      `select substring(endpoint_url from '^http://127[.]0[.]0[.]1:([0-9]{1,5})/mcp$')::int as port
       from public.mcp_tools
       where tool_name = 'legal-mcp' and endpoint_url ~ '^http://127[.]0[.]0[.]1:[0-9]{1,5}/mcp$'`
    )
    return rows[0]?.port ?? 0
  })
)
