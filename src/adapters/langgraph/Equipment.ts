import { Effect, Result } from "effect"
import { agentToolsOf } from "../../domain/EffectiveConfig.ts"
import type { EffectiveConfig } from "../../domain/EffectiveConfig.ts"
import type { ExplainedModel } from "../../domain/Explanation.ts"
import type { JsonObject } from "../../domain/Json.ts"
import type { Equipment, EquipmentRequest } from "../../ports/Equipment.ts"
import { agentSettings, defaults } from "./AgentSettings.ts"
import type { Models, ResolvedModel } from "./Models.ts"

/** Where a provider's key would come from, by who named the key of the configuration that it is in. */
const keyOf = (key: ResolvedModel["key"], origins: EffectiveConfig["origins"]): ExplainedModel["key"] => {
  if (key === null) return "absent"
  if (key === "server") return "server"
  const origin = origins[key] ?? "assistant"
  return origin === "assistant" ? "assistant" : origin === "header" || origin === "request" ? "run" : "server"
}

const explained = ({ key, name, provider }: ResolvedModel, origins: EffectiveConfig["origins"]) => ({
  name,
  provider,
  key: keyOf(key, origins)
})

/** A model of which not even the name could be read. */
const unreadable = ({ model_name = defaults.model_name }: JsonObject, problem: string): ExplainedModel => ({
  name: typeof model_name === "string" ? model_name : "",
  provider: null,
  key: "absent",
  problem
})

/** The model that a configuration asks for, and why a run could not begin with it. Without origins it is an assistant's. */
export const explainModel = Effect.fn("explainModel")(function*(
  models: Models["Service"],
  configurable: JsonObject,
  origins: EffectiveConfig["origins"] = {}
) {
  const settings = yield* Effect.result(agentSettings(configurable))
  if (Result.isFailure(settings)) return unreadable(configurable, settings.failure.message)
  const problem = yield* models.check(settings.success).pipe(
    Effect.as(null),
    Effect.catch(({ message }) => Effect.succeed(message))
  )
  return { ...explained(models.resolve(settings.success), origins), problem } satisfies ExplainedModel
})

/** What a run of the built-in graph has: decided by the code that a run is made with, as far as that goes. */
export const builtInEquipment = (models: Models["Service"]) => ({ configuration }: EquipmentRequest) => {
  const { configurable, origins } = configuration
  return Effect.map(
    explainModel(models, configurable, origins),
    (model): Equipment => ({ model, agents: agentToolsOf(configurable) })
  )
}

/** What a configuration names for a graph of the operator's own, which does with it what it likes. */
export const namedEquipment = (models: Models["Service"]) =>
  Effect.fnUntraced(function*({ configuration }: EquipmentRequest): Effect.fn.Return<Equipment> {
    const { configurable, origins } = configuration
    if (typeof configurable["model_name"] !== "string") return { model: null, agents: [] }
    const model = yield* explainModel(models, configurable, origins)
    // What would keep the built-in graph from it is nothing to this one.
    return { model: { ...model, problem: null }, agents: [] }
  })
