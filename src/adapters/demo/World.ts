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

const load = async (client: Client, world: World) => {
  for (const name of files(world)) {
    await client.query(await readFile(new URL(`world/${name}.sql`, import.meta.url), "utf8"))
  }
  const servers = { "legal-mcp": world.legalMcpUrl, "document-mcp": world.documentMcpUrl }
  for (const [name, url] of Object.entries(servers)) {
    if (url !== undefined) {
      await client.query("update public.mcp_tools set endpoint_url = $1 where tool_name = $2", [url, name])
    }
  }
}

/** Puts the consumer's tables and the agents of Session 72 into an empty database. */
export const loadWorld = Effect.fn("World.load")((world: World) =>
  Effect.tryPromise({
    try: async () => {
      // pg and not sql-pg: a file holds many statements, which only the simple protocol takes at once.
      const client = new Client({ connectionString: Redacted.value(world.url) })
      await client.connect()
      await load(client, world).finally(() => client.end())
    },
    catch: (cause) =>
      new WorldError({
        message: `The demo's tables could not be made: ${cause instanceof Error ? cause.message : cause}`,
        cause
      })
  })
)
