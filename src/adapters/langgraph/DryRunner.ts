import type { StructuredToolInterface } from "@langchain/core/tools"
import { Clock, Duration, Effect, Layer, Result } from "effect"
import type { DryRunOutcome } from "../../domain/AgentFacts.ts"
import { toolNames } from "../../domain/ToolNames.ts"
import { type DryRun, DryRuns } from "../../ports/DryRuns.ts"
import type { ShownTool } from "../../ports/ToolServers.ts"
import { agentSettings, defaults } from "./AgentSettings.ts"
import { systemPrompt } from "./BuiltInAgent.ts"
import { explainModel } from "./Equipment.ts"
import { failure, secretTexts } from "./Failures.ts"
import { Models } from "./Models.ts"

/** As few as every provider lets one ask for. */
const fewTokens = 16

const question = "This is a test of the connection. Answer with the word: ready"

/** The same to the model, by the names that it would see; whoever calls one finds nothing behind it. */
const shown = (
  offered: DryRun["tools"],
  make: (name: string, tool: ShownTool) => StructuredToolInterface
) => {
  const names = toolNames(offered.map(({ server, tool }) => ({ server, name: tool.name })))
  return offered.map(({ tool }, index) => make(names[index] ?? tool.name, tool))
}

/** Only the built-in graph is known to do nothing before its model answers. */
const builtIn = "agent"

export const layer = Layer.effect(
  DryRuns,
  Effect.gen(function*() {
    const models = yield* Models

    const attempt = Effect.fnUntraced(function*({ configurable, report, tools }: DryRun) {
      const settings = yield* agentSettings(configurable)
      const [{ agentGraph }, { DynamicStructuredTool }, { model }] = yield* Effect.all([
        Effect.promise(() => import("./AgentGraph.ts")),
        Effect.promise(() => import("@langchain/core/tools")),
        models.make({ ...settings, max_tokens: fewTokens })
      ], { concurrency: "unbounded" })
      const graph = agentGraph({
        model,
        tools: shown(
          tools,
          (name, { description, schema }) =>
            new DynamicStructuredTool({ name, description, schema, func: () => Promise.resolve("") })
        ),
        systemPrompt: systemPrompt(settings.system_prompt ?? defaults.system_prompt, report),
        checkpointer: false
      })
      const input = { messages: [{ role: "user", content: question }] }
      yield* Effect.tryPromise({
        // A model that would rather call a tool has been reached all the same.
        try: async (signal) => {
          const updates = await graph.stream(input, { signal, interruptBefore: ["tools"], streamMode: ["updates"] })
          // Read to its end: that is all that is wanted of it.
          for await (const _ of updates) continue
        },
        catch: (error) => error
      })
    })

    return DryRuns.of({
      model: Effect.fn("DryRuns.model")(function*(graphId, configurable) {
        if (graphId !== builtIn) return null
        const readable = Result.isSuccess(yield* Effect.result(agentSettings(configurable)))
        return { ...(yield* explainModel(models, configurable)), readable }
      }),
      canTry: (graphId) => graphId === builtIn,
      ask: Effect.fn("DryRuns.ask")(function*(dryRun) {
        const started = yield* Clock.currentTimeMillis
        const seconds = Math.round(Duration.toSeconds(dryRun.patience))
        const secrets = [...secretTexts(dryRun.configurable), ...models.keys]
        return yield* attempt(dryRun).pipe(
          Effect.andThen(Clock.currentTimeMillis),
          Effect.map((ended): DryRunOutcome => ({ _tag: "Answered", ms: ended - started })),
          Effect.timeoutOrElse({
            duration: dryRun.patience,
            orElse: () => Effect.succeed<DryRunOutcome>({ _tag: "TimedOut", seconds })
          }),
          Effect.catch((error) =>
            Effect.succeed<DryRunOutcome>({ _tag: "Refused", reason: failure(error, secrets).message })
          )
        )
      })
    })
  })
)
