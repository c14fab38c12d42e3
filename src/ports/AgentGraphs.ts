import type { Effect, Stream } from "effect"
import { Context, Schema } from "effect"
import type { UnknownGraph } from "../domain/Assistant.ts"
import type { EffectiveConfig } from "../domain/EffectiveConfig.ts"
import type { Json, JsonObject } from "../domain/Json.ts"
import type { RunId, RunOvertaken } from "../domain/Run.ts"
import type { CheckpointRef, RunRequest } from "../domain/RunRequest.ts"
import type { StateClaim, StateClaimLost, ThreadId } from "../domain/Thread.ts"
import type { ToolReport } from "../domain/ToolReport.ts"
import type { AgentCalls } from "./AgentCalls.ts"
import type { Equipment, EquipmentRequest } from "./Equipment.ts"
import type { RunCredentials } from "./RunCredentials.ts"
import type { RunSteps } from "./RunSteps.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** The graph, its model or a tool failed. `error` is the kind, both are safe to show: no credential in them. */
export class GraphFailed extends Schema.TaggedError<GraphFailed>()("GraphFailed", {
  error: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

export interface GraphRun {
  readonly graphId: string
  readonly runId: RunId
  readonly threadId: ThreadId
  readonly attempt: number
  readonly request: RunRequest
  /** With its secrets in place. */
  readonly configuration: EffectiveConfig
  /** The agent's own servers are trusted with the caller's token and with private addresses; a caller's are not. */
  readonly trusted: boolean
  readonly token: RunCredentials["token"]
  /** What its time goes into is noted here. */
  readonly steps: RunSteps
  /** Other agents that it may have work for it. */
  readonly agents: AgentCalls
}

/** What a running graph tells. */
export type GraphSignal =
  /** A frame for the stream, `data` as JSON text; the name as on the wire (`values`, `messages/partial`, …). */
  | { readonly _tag: "Frame"; readonly event: string; readonly data: string }
  | { readonly _tag: "Tools"; readonly report: ToolReport }
  /** Last: the final state, and what waits for a person. */
  | { readonly _tag: "Ended"; readonly values: string; readonly interrupts: JsonObject; readonly waiting: boolean }

/** A thread's state at one checkpoint, in the API's shape. */
export interface ThreadState {
  readonly values: Json
  readonly next: ReadonlyArray<string>
  readonly tasks: ReadonlyArray<Json>
  readonly metadata: JsonObject
  readonly created_at: string | null
  readonly checkpoint: JsonObject | null
  readonly parent_checkpoint: JsonObject | null
}

/** What is written to a thread's state as if a node of its graph had returned it. */
export interface StateUpdate {
  /** `null`: nothing is written; the state is copied, or, `as_node` being `__end__`, what is pending is cleared. */
  readonly values: Json
  readonly command: JsonObject | null
  /** `null`: whichever node was last, where that is clear. */
  readonly as_node: string | null
}

/** The graph does not take it: no such node, no such key, or it is not clear who should have written it. */
export class InvalidStateUpdate extends Schema.TaggedError<InvalidStateUpdate>()("InvalidStateUpdate", {
  reason: Schema.String
}) {
  override get message() {
    return `The state can't be updated: ${this.reason}`
  }
}

/** Where a state is after an update. */
export interface UpdatedState {
  readonly checkpoint: JsonObject
  /** What a run without input would do next. */
  readonly next: ReadonlyArray<string>
  readonly interrupts: JsonObject
}

/** A checkpoint; or without an id the latest of a namespace, which is how a nested graph is looked at. */
export interface CheckpointPlace {
  readonly checkpoint_ns: string
  readonly checkpoint_id: string | null
}

export interface HistoryQuery {
  readonly limit: number
  readonly before: string | null
  readonly metadata: JsonObject | null
  readonly checkpoint: CheckpointPlace | null
}

type Eff<A, E = never> = Effect.Effect<A, E | UnknownGraph | StorageUnavailable>

/** The graphs that this server can run. */
export class AgentGraphs extends Context.Service<AgentGraphs, {
  readonly names: ReadonlyArray<string>
  /** Whether there is such a graph, and it could be loaded. */
  readonly check: (graphId: string) => Effect.Effect<void, UnknownGraph>
  /** What a run of it has when nobody says otherwise. */
  readonly defaults: (graphId: string) => JsonObject
  /**
   * Runs a graph, or goes on with a run that was taken up before, from its last checkpoint. Interrupting the reader
   * aborts the requests of its model and tools.
   */
  readonly run: (run: GraphRun) => Stream.Stream<
    GraphSignal,
    GraphFailed | RunOvertaken | UnknownGraph | StorageUnavailable
  >
  /** What a run would have: its model, and the other agents that it may call. Found out by what a run is made with. */
  readonly equipment: (request: EquipmentRequest) => Effect.Effect<Equipment, UnknownGraph>
  /** `subgraphs`: the states of nested graphs that are under way, in the tasks they belong to. */
  readonly state: (
    graphId: string,
    threadId: ThreadId,
    at: CheckpointPlace | null,
    options: { readonly subgraphs: boolean }
  ) => Eff<ThreadState>
  /**
   * A new checkpoint after the given one (after the latest: null), as the graph's reducers make it of the update. Nothing
   * is written once the claim is void.
   */
  readonly update: (
    graphId: string,
    claim: StateClaim,
    update: StateUpdate,
    at: CheckpointRef | null
  ) => Eff<UpdatedState, InvalidStateUpdate | StateClaimLost>
  /** The state of a new thread, step by step: updates of one step are applied together. */
  readonly replay: (
    graphId: string,
    claim: StateClaim,
    steps: ReadonlyArray<ReadonlyArray<StateUpdate>>
  ) => Eff<UpdatedState, InvalidStateUpdate | StateClaimLost>
  /** Whether a checkpoint is one of the thread's. */
  readonly hasCheckpoint: (threadId: ThreadId, at: CheckpointRef) => Effect.Effect<boolean, StorageUnavailable>
  readonly history: (graphId: string, threadId: ThreadId, query: HistoryQuery) => Eff<ReadonlyArray<ThreadState>>
  readonly schemas: (graphId: string) => Eff<JsonObject>
  /** Schemas of nested graphs by namespace, one level deep unless `recurse`. */
  readonly subgraphs: (graphId: string, namespace: string | null, recurse: boolean) => Eff<JsonObject>
  readonly drawing: (graphId: string, xray: boolean | number) => Eff<JsonObject>
}>()("throughline/ports/AgentGraphs") {}
