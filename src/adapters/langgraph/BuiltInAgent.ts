import { Effect } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"
import type { GraphRun } from "../../ports/AgentGraphs.ts"
import type { ToolSource } from "../../ports/ToolSource.ts"
import { agentSettings, defaults } from "./AgentSettings.ts"
import { agentSchemas } from "./Descriptions.ts"
import { builtInEquipment } from "./Equipment.ts"
import type { Models } from "./Models.ts"
import { callableAgents, offeredAgents } from "./OfferedAgents.ts"
import type { Memory, ServedGraph } from "./ServedGraph.ts"
import { timedTools } from "./TimedTools.ts"

const logInvoked = (configurable: JsonObject) => {
  const keys = Object.keys(configurable).sort()
  return Effect.logInfo(`graph() invoked; configurable_keys=[${keys.join(", ")}]`).pipe(
    Effect.annotateLogs({ configurable_keys: keys })
  )
}

const logParsed = (modelName: string) =>
  Effect.logInfo(`graph() parsed_config; model_name=${modelName}`).pipe(Effect.annotateLogs({ model_name: modelName }))

/** The agent's own words first. What we add is one line, and only for what is missing: else the model makes tools up. */
export const systemPrompt = (words: string, { agents = [], servers }: ToolReport): string => {
  const dead = servers.filter(({ error }) => error !== null).map(({ name }) => name)
  const absent = agents.filter(({ error }) => error !== null).map(({ assistant_id, name }) => name ?? assistant_id)
  const missing = [
    ...(dead.length === 0 ? [] : [`the tools of ${dead.join(", ")}`]),
    ...(absent.length === 0 ? [] : [`the agents ${absent.join(", ")}`])
  ]
  return missing.length === 0 ? words : `${words}\n\nNot available in this run: ${missing.join("; ")}.`
}

interface Parts {
  readonly models: Models["Service"]
  readonly toolSource: ToolSource["Service"]
}

/**
 * The graph `agent`, which synced agents run on. Making one costs a fifth of a millisecond. Its nodes see nothing of the
 * configuration: what it says is in the graph itself by then.
 */
export const builtInAgent = ({ models, toolSource }: Parts): ServedGraph => {
  const loaded = Effect.promise(() => import("./AgentGraph.ts"))
  return {
    defaults,
    ready: Effect.void,
    forRun: Effect.fnUntraced(function*(run: GraphRun, { saver }: Memory) {
      const { configuration: { configurable }, steps, token, trusted } = run
      yield* logInvoked(configurable)
      const settings = yield* agentSettings(configurable)
      const servers = settings.mcp_config?.servers ?? []
      yield* logParsed(settings.model_name ?? defaults.model_name)
      const [{ agentGraph }, { model }, served, offered] = yield* Effect.all([
        loaded,
        models.make(settings),
        timedTools(steps, servers, toolSource.load({ servers, trusted, token })),
        offeredAgents(run)
      ], { concurrency: "unbounded" })
      const called = yield* callableAgents(run, offered, served.tools.map(({ name }) => name))
      const report = { ...served.report, ...called.report }
      const graph = agentGraph({
        model,
        tools: [...served.tools, ...called.tools],
        systemPrompt: systemPrompt(settings.system_prompt ?? defaults.system_prompt, report),
        checkpointer: saver,
        // A run that keeps its checkpoints to itself has to ask whether it is still this worker's.
        beforeTools: () => run.request.durability === "exit" ? saver.held() : saver.settled()
      })
      return { graph, report, configurable: {} }
    }),
    equipment: builtInEquipment(models),
    forThreads: (saver) =>
      Effect.map(
        loaded,
        ({ agentGraph }) => agentGraph({ model: defaults.model_name, tools: [], systemPrompt: "", checkpointer: saver })
      ),
    schemas: Effect.sync(agentSchemas),
    subgraphs: () => Effect.succeed({})
  }
}
