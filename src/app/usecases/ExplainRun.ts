import { Effect } from "effect"
import { callingAgent, namedAgents, type OfferedAgent } from "../../domain/AgentTools.ts"
import { type Assistant, AssistantNotFound } from "../../domain/Assistant.ts"
import { type ConfigLayers, type DroppedKey, effectiveConfig } from "../../domain/EffectiveConfig.ts"
import { explainedConfig, refusedCredentials } from "../../domain/ExplainedConfig.ts"
import type { ExplainedAgentTool, ExplainedModel, Explanation } from "../../domain/Explanation.ts"
import { keyOfPlace, secretsOf } from "../../domain/Secrets.ts"
import { through } from "../../domain/Visibility.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { tenantOf } from "./CreateRun.ts"
import { type AskedRun, type Caller, decideRun } from "./DecideRun.ts"
import { explainedServers } from "./ExplainServers.ts"
import { offeredAgents } from "./OfferAgents.ts"
import { partSecrets } from "./RunSecrets.ts"

/** What the sync had to make do with. Only what the server wrote itself: a member's metadata is the member's. */
const syncWarnings = ({ metadata: { warnings }, provenance }: Assistant): ReadonlyArray<string> =>
  provenance._tag === "Agent" && Array.isArray(warnings) ? warnings.map(String) : []

/** Keys whose secret is kept sealed, and can't be opened with this server's `SECRETS_KEY`. */
const sealedWarnings = (kept: Assistant, opened: ConfigLayers["assistant"]): ReadonlyArray<string> => {
  const found = secretsOf(opened.config.configurable ?? {})
  const places = [...secretsOf(kept.config.configurable ?? {}).keys()].filter((place) => !found.has(place))
  return [...new Set(places.map(keyOfPlace))].map((key) =>
    `the secret in ${key} can't be opened: it was locked with another SECRETS_KEY; write it again`
  )
}

/** A key that is lacking may be one that was sent and not taken. */
const withRefusal = (model: ExplainedModel | null, dropped: ReadonlyArray<DroppedKey>): ExplainedModel | null => {
  const refused = refusedCredentials(dropped)
  if (model === null || model.problem === null || model.key !== "absent" || refused === null) return model
  return { ...model, problem: `${model.problem}. ${refused}` }
}

/** The other agents that it may call, by the names that a run would give them. */
const explainedAgents = (offered: ReadonlyArray<OfferedAgent>, servers: Explanation["servers"]) =>
  namedAgents(offered, servers.flatMap(({ tools }) => tools))
    .map(({ assistant_id, name, problem, tool }): ExplainedAgentTool => ({ assistant_id, tool, name, problem }))

/**
 * What a run by this caller would get, now, by the code that gives it to a run. Nothing is made; the model is not asked,
 * the tool servers are.
 */
export const explainRun = Effect.fn("explainRun")(function*(asked: AskedRun, caller: Caller) {
  const ids = { run_id: null, thread_id: null }
  const { assistant, layers, principal, staleSince } = yield* decideRun(asked, ids, caller)
  const visible = through(principal, assistant)
  if (visible === undefined) return yield* new AssistantNotFound({ assistant: asked.assistant })
  const configuration = effectiveConfig(layers)
  const { token } = partSecrets(configuration, caller.token).credentials
  const [{ agents, model }, servers] = yield* Effect.all([
    (yield* AgentGraphs).equipment({ graphId: assistant.graph_id, configuration }),
    explainedServers(configuration, token, tenantOf(assistant, principal))
  ], { concurrency: "unbounded" })
  const calling = callingAgent({ assistant_id: assistant.assistant_id, configuration, parent: null })
  const offered = yield* offeredAgents(agents, calling, principal)
  return {
    assistant_id: assistant.assistant_id,
    assistant_version: assistant.version,
    graph_id: assistant.graph_id,
    name: assistant.name,
    visible,
    stale_since: staleSince,
    ...explainedConfig(layers),
    model: withRefusal(model, configuration.dropped),
    servers,
    agent_tools: explainedAgents(offered, servers),
    warnings: [...syncWarnings(assistant), ...sealedWarnings(assistant, layers.assistant)]
  } satisfies Explanation
})
