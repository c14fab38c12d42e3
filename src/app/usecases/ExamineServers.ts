import { Effect, Option, Schema } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { McpConfig, type McpServer, serverKey } from "../../domain/McpConfig.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import { type AskedServer, ToolServers, unasked } from "../../ports/ToolServers.ts"

/** No more sockets than one process should open at once. */
const sideBySide = 32

const decode = Schema.decodeUnknownOption(McpConfig)

/** The servers that a configuration names; none where it is not what it should be, which its model's link says. */
export const serversIn = (configurable: JsonObject): ReadonlyArray<McpServer> =>
  Option.match(decode(configurable["mcp_config"]), { onNone: () => [], onSome: ({ servers }) => servers })

/** Asks each server once, however many agents have it: a look-up of what it answered. */
export const examineServers = Effect.fn("examineServers")(function*(
  servers: ReadonlyArray<McpServer>,
  token: RunCredentials["token"]
) {
  const { ask } = yield* ToolServers
  const distinct = [...new Map(servers.map((server) => [serverKey(server), server]))]
  const answers = new Map(
    yield* Effect.forEach(
      distinct,
      ([key, server]) => Effect.map(ask(server, token), (asked): readonly [string, AskedServer] => [key, asked]),
      { concurrency: sideBySide }
    )
  )
  return (server: McpServer): AskedServer => answers.get(serverKey(server)) ?? unasked
})
