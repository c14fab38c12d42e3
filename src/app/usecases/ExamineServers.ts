import { Effect, Option, Schema } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { McpConfig, type McpServer, serverKey } from "../../domain/McpConfig.ts"
import { type AskedServer, type Asker, ToolServers, unasked } from "../../ports/ToolServers.ts"

/** No more sockets than one process should open at once. */
const sideBySide = 32

const decode = Schema.decodeUnknownOption(McpConfig)

/** The servers that a configuration names; none where it is not what it should be, which its model's link says. */
export const serversIn = (configurable: JsonObject): ReadonlyArray<McpServer> =>
  Option.match(decode(configurable["mcp_config"]), { onNone: () => [], onSome: ({ servers }) => servers })

/** A server of an agent's or assistant's, and whose that is. */
export interface TenantsServer {
  readonly server: McpServer
  readonly tenant: string
}

/** Asks each server once, however many agents have it: a look-up of what it answered. */
export const examineServers = Effect.fn("examineServers")(function*(
  wanted: ReadonlyArray<TenantsServer>,
  asker: Omit<Asker, "tenants">
) {
  const { ask } = yield* ToolServers
  const tenants = new Map<string, Set<string>>()
  for (const { server, tenant } of wanted) {
    const key = serverKey(server)
    tenants.set(key, (tenants.get(key) ?? new Set()).add(tenant))
  }
  const distinct = new Map(wanted.map(({ server }) => [serverKey(server), server]))
  const answers = new Map(
    yield* Effect.forEach(
      distinct,
      ([key, server]) =>
        Effect.map(
          ask(server, { ...asker, tenants: [...tenants.get(key) ?? []] }),
          (asked): readonly [string, AskedServer] => [key, asked]
        ),
      { concurrency: sideBySide }
    )
  )
  return (server: McpServer): AskedServer => answers.get(serverKey(server)) ?? unasked
})

/** Why it has no tools, in a run's words. */
export const errorOf = ({ answer }: AskedServer): string | null => {
  if (answer === "listed") return null
  return answer === "no token" ? "auth required but no tokens" : answer.error
}
