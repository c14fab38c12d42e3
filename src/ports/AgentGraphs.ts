import type { Effect, Stream } from "effect"
import { Context, Schema } from "effect"
import type { UnknownGraph } from "../domain/Assistant.ts"
import type { EffectiveConfig } from "../domain/EffectiveConfig.ts"
import type { Json, JsonObject } from "../domain/Json.ts"
import type { CheckpointRef, RunId, RunOvertaken, RunRequest, ToolReport } from "../domain/Run.ts"
import type { ThreadId } from "../domain/Thread.ts"
import type { RunCredentials } from "./RunCredentials.ts"
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

export interface HistoryQuery {
  readonly limit: number
  readonly before: string | null
  readonly metadata: JsonObject | null
  readonly checkpoint: CheckpointRef | null
}

type Eff<A, E = never> = Effect.Effect<A, E | UnknownGraph | StorageUnavailable>

/** The graphs that this server can run. */
export class AgentGraphs extends Context.Service<AgentGraphs, {
  readonly names: ReadonlyArray<string>
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
  readonly state: (graphId: string, threadId: ThreadId, at: CheckpointRef | null) => Eff<ThreadState>
  readonly history: (graphId: string, threadId: ThreadId, query: HistoryQuery) => Eff<ReadonlyArray<ThreadState>>
  readonly schemas: (graphId: string) => Eff<JsonObject>
  readonly drawing: (graphId: string, xray: boolean | number) => Eff<JsonObject>
}>()("throughline/ports/AgentGraphs") {}
