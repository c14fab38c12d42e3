import type { Duration, Effect } from "effect"
import { Context } from "effect"
import type { DryRunOutcome, ModelFacts } from "../domain/AgentFacts.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { ToolReport } from "../domain/ToolReport.ts"
import type { ShownTool } from "./ToolServers.ts"

export interface DryRun {
  /** The effective configuration that a run would have. */
  readonly configurable: JsonObject
  /** What its servers offer, by the server's name. They are shown to the model, and never called. */
  readonly tools: ReadonlyArray<{ readonly server: string; readonly tool: ShownTool }>
  readonly report: ToolReport
  readonly patience: Duration.Duration
}

/** Asks an agent's model as a run would, a few words at most; there is no thread, no run and no checkpoint of it. */
export class DryRuns extends Context.Service<DryRuns, {
  /** The model that a configuration leads to, without asking it. Null: the graph is the operator's own. */
  readonly model: (graphId: string, configurable: JsonObject) => Effect.Effect<ModelFacts | null>
  /** Whether a graph can be tried without doing in the world what its nodes do. */
  readonly canTry: (graphId: string) => boolean
  readonly ask: (dryRun: DryRun) => Effect.Effect<DryRunOutcome>
}>()("throughline/ports/DryRuns") {}
