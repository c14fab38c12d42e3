import { Effect } from "effect"
import type { EffectiveConfig } from "../../domain/EffectiveConfig.ts"
import type { GraphRun } from "../../ports/AgentGraphs.ts"
import { namedEquipment } from "./Equipment.ts"
import { bound, type GraphMaker, type GraphUnloadable, makeGraph } from "./GraphLoader.ts"
import type { Models } from "./Models.ts"
import type { Memory, ServedGraph } from "./ServedGraph.ts"

const noTools = { servers: [] }

/** What a factory gets: what the reference server gives it, and with it what its nodes will get. */
const configOf = ({ configurable, context, metadata, recursion_limit, tags }: EffectiveConfig, store: unknown) => ({
  configurable,
  context,
  metadata,
  recursion_limit,
  recursionLimit: recursion_limit,
  tags,
  store
})

/** An operator's own graph: what it does is its own, what it remembers and what it is told is like everybody's. */
export const ownGraph = (
  graphId: string,
  loaded: Effect.Effect<GraphMaker, GraphUnloadable>,
  models: Models["Service"]
): ServedGraph => {
  /** There is no run whose configuration it could be made by. */
  const forThreads = Effect.flatMap(
    loaded,
    (make) =>
      makeGraph(make, { configurable: { graph_id: graphId } }, {
        accessContext: "threads.read",
        executionRuntime: null
      })
  )
  const schemas = Effect.promise(() => import("./GraphSchemas.ts"))
  return {
    defaults: {},
    ready: Effect.asVoid(loaded),
    forRun: Effect.fnUntraced(function*({ configuration }: GraphRun, memory: Memory) {
      const { configurable, context } = configuration
      const store = yield* memory.store
      const graph = yield* makeGraph(yield* loaded, configOf(configuration, store), {
        accessContext: "threads.create_run",
        executionRuntime: { context }
      })
      return { graph: bound(graph, memory.saver, store), report: noTools, configurable }
    }),
    equipment: namedEquipment(models),
    forThreads: (saver) => Effect.map(forThreads, (graph) => bound(graph, saver)),
    schemas: Effect.gen(function*() {
      const graph = yield* forThreads
      return (yield* schemas).graphSchemas(graphId, graph)
    }),
    subgraphs: Effect.fnUntraced(function*(namespace: string | null, recurse: boolean) {
      const graph = yield* forThreads
      const { subgraphSchemas } = yield* schemas
      return yield* Effect.promise(() => subgraphSchemas(graphId, graph, namespace, recurse))
    })
  }
}
