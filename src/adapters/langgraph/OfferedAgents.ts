import type { StructuredToolInterface } from "@langchain/core/tools"
import { Effect, FiberSet } from "effect"
import { AsyncLocalStorage } from "node:async_hooks"
import { namedAgents, type OfferedAgent } from "../../domain/AgentTools.ts"
import { agentToolsOf } from "../../domain/EffectiveConfig.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"
import type { AgentAnswer } from "../../ports/AgentCalls.ts"
import type { GraphRun } from "../../ports/AgentGraphs.ts"
import type { StorageUnavailable } from "../../ports/StorageUnavailable.ts"

interface Offered {
  readonly tools: ReadonlyArray<StructuredToolInterface>
  /** Absent where the run names none. */
  readonly report: Pick<ToolReport, "agents">
}

const none: Offered = { tools: [], report: {} }

/** What the agents that a run names look like to its caller now. */
export const offeredAgents = ({ agents, configuration }: GraphRun) => {
  const named = agentToolsOf(configuration.configurable)
  return named.length === 0 ? Effect.succeed([]) : agents.offered(named)
}

const logMissing = ({ assistant_id, error, name }: NonNullable<ToolReport["agents"]>[number]) =>
  Effect.logWarning(`Agent can't be called: ${name ?? assistant_id}: ${error}`).pipe(
    Effect.annotateLogs({ agent: assistant_id, reason: error })
  )

/**
 * Those that may be called, as tools beside others, for as long as the scope is open: then they stop. What they do is not
 * part of the graph that calls them, while LangGraph takes a graph that is run from within a tool for a nested one.
 */
export const callableAgents = Effect.fnUntraced(function*(
  { agents }: GraphRun,
  offered: ReadonlyArray<OfferedAgent>,
  taken: ReadonlyArray<string>
) {
  if (offered.length === 0) return none
  const all = namedAgents(offered, taken).map(({ problem, ...agent }) => ({ ...agent, error: problem }))
  yield* Effect.forEach(all.filter(({ error }) => error !== null), logMissing, { discard: true })
  const { agentTools } = yield* Effect.promise(() => import("./AgentTools.ts"))
  const run = yield* FiberSet.makeRuntimePromise<never, AgentAnswer, StorageUnavailable>()
  const outside = AsyncLocalStorage.snapshot()
  const tools = agentTools(
    all,
    (call, signal) => outside(() => run(agents.ask(call), signal === undefined ? {} : { signal }))
  )
  return {
    tools,
    report: { agents: all.map(({ assistant_id, error, name, tool }) => ({ assistant_id, name, tool, error })) }
  } satisfies Offered
})
