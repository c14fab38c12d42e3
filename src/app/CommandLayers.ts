import { Effect, Layer } from "effect"
import * as LangGraphs from "../adapters/langgraph/LangGraphs.ts"
import { PgAgentTriggers } from "../adapters/postgres/PgAgentTriggers.ts"
import { AgentGraphs } from "../ports/AgentGraphs.ts"
import { parts } from "./Parts.ts"
import type { ServerSettings } from "./ServerSettings.ts"
import {
  agentsKept,
  askingServers,
  database,
  examining,
  graphNames,
  graphs,
  runPolicy,
  storage
} from "./SharedLayers.ts"

/** The built-in graph, and the names of the operator's own: no code of theirs is loaded for a look at agents. */
const namedGraphs = (settings: ServerSettings) =>
  Layer.effect(
    AgentGraphs,
    Effect.map(AgentGraphs, (graphs) => AgentGraphs.of({ ...graphs, names: graphNames(settings) }))
  ).pipe(Layer.provide(LangGraphs.layer()))

/** What telling of changes takes. */
export const triggersLayer = (settings: ServerSettings) => PgAgentTriggers.pipe(Layer.provide(database(settings)))

/** What syncing agents takes, with the database behind it. */
export const agentsLayer = (settings: ServerSettings) => {
  const use = { ...parts(settings), graphs: namedGraphs(settings) }
  return Layer.mergeAll(graphs(settings, use), storage(Effect.void)).pipe(
    Layer.provideMerge(agentsKept(settings, use)),
    Layer.provideMerge(database(settings))
  )
}

/** What examining and healing them takes. */
export const doctorLayer = (settings: ServerSettings) => {
  const use = parts(settings)
  return Layer.mergeAll(examining(settings, use), use.leftovers).pipe(Layer.provideMerge(agentsLayer(settings)))
}

/** What explaining a run takes: what decides one, the operator's own graphs included. */
export const explainLayer = (settings: ServerSettings) => {
  const use = parts(settings)
  return Layer.mergeAll(graphs(settings, use), askingServers(use), storage(Effect.void)).pipe(
    Layer.provideMerge(Layer.mergeAll(agentsKept(settings, use), use.secretBox, runPolicy(settings))),
    Layer.provideMerge(database(settings))
  )
}
