import type { BaseStore } from "@langchain/langgraph-checkpoint"
import type { Effect, Scope } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"
import type { GraphRun } from "../../ports/AgentGraphs.ts"
import type { Equipment, EquipmentRequest } from "../../ports/Equipment.ts"
import type { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import type { Graph } from "./Graph.ts"
import type { Saver } from "./Saver.ts"

/** What a run remembers with: its thread's checkpoints, and what is kept beyond threads. */
export interface Memory {
  readonly saver: Saver
  /** Made for whoever wants one: LangGraph looks after a store's queue, every millisecond, for as long as a run lasts. */
  readonly store: Effect.Effect<BaseStore, StorageUnavailable>
}

/** A graph that is ready for one run. */
export interface RunnableGraph {
  readonly graph: Graph
  readonly report: ToolReport
  /** What of the run's configuration its nodes get to see. */
  readonly configurable: JsonObject
}

/** One of the graphs that this server has, the built-in one or an operator's. */
export interface ServedGraph {
  readonly defaults: JsonObject
  /** It is there, or there is a reason why not. */
  readonly ready: Effect.Effect<void, unknown>
  /** Made for each run: nothing of one run is in the next. */
  readonly forRun: (run: GraphRun, memory: Memory) => Effect.Effect<RunnableGraph, unknown, Scope.Scope>
  /** What a run of it would have, without one. */
  readonly equipment: (request: EquipmentRequest) => Effect.Effect<Equipment>
  /** For looking at threads, and writing to them: the same nodes as every run has, nothing behind them. */
  readonly forThreads: (saver: Saver) => Effect.Effect<Graph, unknown>
  readonly schemas: Effect.Effect<JsonObject, unknown>
  /** By namespace, the schemas of the graphs within it. */
  readonly subgraphs: (namespace: string | null, recurse: boolean) => Effect.Effect<JsonObject, unknown>
}
