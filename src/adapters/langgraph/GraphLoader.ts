import type { BaseStore } from "@langchain/langgraph-checkpoint"
import { Data, Effect, Predicate } from "effect"
import { pathToFileURL } from "node:url"
import type { Graph } from "./Graph.ts"
import type { GraphFile } from "./GraphFile.ts"
import type { Saver } from "./Saver.ts"

/** A compiled graph of whoever's: LangGraph's own fields and no more of them than we need. */
export interface CompiledGraph extends Graph {
  readonly builder?: unknown
  checkpointer?: unknown
  store?: unknown
  /** A copy. */
  withConfig(config: object): CompiledGraph
  getSubgraphsAsync(namespace?: string, recurse?: boolean): AsyncIterable<[string, CompiledGraph]>
}

/** How the reference server calls a factory: for a run, or for looking at threads. */
export interface Runtime {
  readonly accessContext: "threads.create_run" | "threads.read"
  readonly executionRuntime: { readonly context: unknown } | null
}

/** Makes the graph of a run, or has it already. */
export type GraphMaker = (config: object, runtime: Runtime) => Promise<CompiledGraph>

/** Why a graph can't be had, in words for the operator. */
export class GraphUnloadable extends Data.TaggedError("GraphUnloadable")<{ readonly reason: string }> {}

const unloadable = (error: unknown) =>
  new GraphUnloadable({ reason: error instanceof Error ? error.message : String(error) })

const has = <Name extends string>(value: unknown, ...names: ReadonlyArray<Name>): boolean =>
  names.every((name) => Predicate.hasProperty(value, name) && typeof value[name] === "function")

const isCompiled = (value: unknown): value is CompiledGraph =>
  has(value, "stream", "getState", "getStateHistory", "getGraphAsync", "getSubgraphsAsync", "withConfig")

const isUncompiled = (value: unknown): value is { compile(): unknown } => has(value, "compile")

const compiled = (value: unknown): CompiledGraph => {
  const graph = isUncompiled(value) ? value.compile() : value
  // LangChain's `createAgent` wraps the graph that it makes.
  const inner = Predicate.hasProperty(graph, "graph") ? graph.graph : undefined
  if (isCompiled(inner)) return inner
  if (isCompiled(graph)) return graph
  throw new Error("it is neither a graph nor a function that makes one")
}

const maker = async (found: unknown): Promise<GraphMaker> => {
  if (typeof found === "function") {
    return async (config, runtime) => compiled(await found(config, runtime))
  }
  const graph = compiled(await found)
  return () => Promise.resolve(graph)
}

/** Loads the module of a graph; one that never comes to an end with loading is not waited for. */
export const loadGraph = ({ exported, file }: GraphFile): Effect.Effect<GraphMaker, GraphUnloadable> =>
  Effect.tryPromise({
    try: async () => {
      const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href)
      if (!(exported in module)) throw new Error(`${file} has no export "${exported}"`)
      return maker(module[exported])
    },
    catch: unloadable
  }).pipe(
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => Effect.fail(new GraphUnloadable({ reason: "it was not loaded within 30 seconds" }))
    })
  )

export const makeGraph = (make: GraphMaker, config: object, runtime: Runtime) =>
  Effect.tryPromise({ try: () => make(config, runtime), catch: unloadable })

/** The same graph with a memory of its own: many runs of one graph go on side by side, and each writes for itself. */
export const bound = (graph: CompiledGraph, checkpointer: Saver, store?: BaseStore): CompiledGraph =>
  Object.assign(graph.withConfig({}), { checkpointer, ...(store === undefined ? {} : { store }) })
