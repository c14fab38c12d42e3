import { Duration, Effect } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import type { AgentChain } from "../../domain/AgentChain.ts"
import type { AgentFacts } from "../../domain/AgentFacts.ts"
import { diagnose, isWorthTrying } from "../../domain/Diagnosis.ts"
import { printableUrl } from "../../domain/McpConfig.ts"
import type { Principal } from "../../domain/Principal.ts"
import { through } from "../../domain/Visibility.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { DryRuns } from "../../ports/DryRuns.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import type { AskedServer } from "../../ports/ToolServers.ts"
import { type AgentCase, agentCases } from "./AgentCase.ts"
import { errorOf, examineServers } from "./ExamineServers.ts"

export interface Examination {
  readonly agents: ReadonlyArray<Agent>
  /** Whose view of them is judged; null: nobody's in particular. */
  readonly asked: Principal | null
  /** What servers that want one get: the caller's own, as in a run. */
  readonly token: RunCredentials["token"]
  /** Whether their models are asked. */
  readonly dryRun: boolean
  /** Of how many at most, in the order of the agents. */
  readonly tries?: number
  /** How long a model may take for a word. */
  readonly patience?: Duration.Duration
  /** Told after each agent. */
  readonly onDone?: Effect.Effect<void>
}

type Answers = (server: AgentCase["servers"][number]) => AskedServer

const usualPatience = Duration.seconds(20)

/** Models that are asked at the same time. */
const sideBySide = 24

const notAskedFor = { without: "not asked for" }

const factsOf = Effect.fnUntraced(function*(
  { agent, audience, configurable, provenance, servers, stored }: AgentCase,
  asked: Principal | null,
  answers: Answers
) {
  const { names: graphs } = yield* AgentGraphs
  return {
    agent,
    graphs,
    stored,
    audience,
    model: yield* (yield* DryRuns).model(agent.graphId, configurable),
    asked: asked === null ? null : { user: asked.userId, through: through(asked, { provenance }) },
    servers: servers.map((server) => {
      const { answer, ms, tools } = answers(server)
      return { name: server.name, filtered: server.tools != null, answer, ms, tools: tools.map(({ name }) => name) }
    }),
    dryRun: notAskedFor
  } satisfies AgentFacts
})

/** The model asked with all that a run would bring; those whose graph is an operator's own are left alone. */
const tried = Effect.fnUntraced(function*(
  { agent, configurable, servers }: AgentCase,
  answers: Answers,
  patience: Duration.Duration
) {
  const dryRuns = yield* DryRuns
  const { graphId } = agent
  if (!dryRuns.canTry(graphId)) return { without: `graph ${graphId} is the operator's own: it is not run for a trial` }
  const asked = servers.map((server) => ({ server, ...answers(server) }))
  return yield* dryRuns.ask({
    configurable,
    tools: asked.flatMap(({ server, tools }) => tools.map((tool) => ({ server: server.name, tool }))),
    report: {
      servers: asked.map(({ server, ...answered }) => ({
        name: server.name,
        url: printableUrl(server.url),
        tools: answered.tools.map(({ name }) => name),
        error: errorOf(answered),
        ms: answered.ms
      }))
    },
    patience
  })
})

const leftOut = (tries: number) => ({
  without: `not asked: one request asks ${tries} models; ask for this agent by agent_ids, or for pages of ${tries}`
})

/** Walks each agent's chain. Each server is asked once, however many agents have it; each model for each agent. */
export const examineAgents = Effect.fn("examineAgents")(function*(
  { agents, asked, dryRun, onDone = Effect.void, patience = usualPatience, token, tries = Infinity }: Examination
) {
  const cases = yield* agentCases(agents)
  const answers = yield* examineServers(
    cases.flatMap(({ agent, servers }) => servers.map((server) => ({ server, tenant: agent.organizationId }))),
    { trusted: true, token }
  )
  const found = yield* Effect.forEach(
    cases,
    (one) => Effect.map(factsOf(one, asked, answers), (facts) => ({ one, facts })),
    { concurrency: sideBySide }
  )
  const worthTrying = dryRun ? found.filter(({ facts }) => isWorthTrying(facts)) : []
  const chosen = new Set(worthTrying.slice(0, tries)), rest = new Set(worthTrying.slice(tries))
  const examined = Effect.fnUntraced(function*(agent: typeof found[number]) {
    const { facts, one } = agent
    const outcome = chosen.has(agent) ? yield* tried(one, answers, patience) : facts.dryRun
    return diagnose({ ...facts, dryRun: rest.has(agent) ? leftOut(tries) : outcome })
  })
  return yield* Effect.forEach(
    found,
    (agent): Effect.Effect<AgentChain, never, DryRuns> => Effect.tap(examined(agent), onDone),
    { concurrency: sideBySide }
  )
})
