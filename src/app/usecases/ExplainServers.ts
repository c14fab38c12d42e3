import { Effect } from "effect"
import { type EffectiveConfig, serversAreTheAgents } from "../../domain/EffectiveConfig.ts"
import type { ExplainedServer } from "../../domain/Explanation.ts"
import { printableUrl } from "../../domain/McpConfig.ts"
import { toolNames } from "../../domain/ToolNames.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import { errorOf, examineServers, serversIn } from "./ExamineServers.ts"

/**
 * What the tool servers of a run would answer, with the names by which its model would call their tools. They are told of
 * even where another key is wrong, and the run could not begin.
 */
export const explainedServers = Effect.fn("explainedServers")(function*(
  configuration: EffectiveConfig,
  token: RunCredentials["token"],
  tenant: string
) {
  const servers = serversIn(configuration.configurable)
  const answers = yield* examineServers(servers.map((server) => ({ server, tenant })), {
    trusted: serversAreTheAgents(configuration),
    token
  })
  const asked = servers.map((server) => ({ server, ...answers(server) }))
  const offered = asked.flatMap(({ server, tools }) => tools.map(({ name }) => ({ server, name })))
  const names = toolNames(offered.map(({ name, server }) => ({ server: server.name, name })))
  return asked.map(({ server, ...answered }): ExplainedServer => ({
    name: server.name,
    url: printableUrl(server.url),
    auth_required: server.auth_required === true,
    reachable: answered.answer === "listed",
    ms: answered.ms,
    asked_at: answered.at,
    tools: names.filter((_, index) => offered[index]?.server === server),
    error: errorOf(answered)
  }))
})
