import { Effect } from "effect"
import type { OfferedAgent } from "../domain/AgentTools.ts"
import type { RunId } from "../domain/Run.ts"
import type { ThreadId } from "../domain/Thread.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** One call of a tool, as its model made it. */
export interface AgentCall {
  /** The agent, as the configuration has it. */
  readonly assistant_id: string
  /** What it was called when it was offered. */
  readonly name: string
  readonly message: string
  /** The id that the model gave its call. */
  readonly toolCall: string
  /** The step that carries it out: the same one if the run is taken up again and comes to it once more. */
  readonly step: string
}

export interface AgentAnswer {
  /** For the model. */
  readonly text: string
  readonly failed: boolean
  /** Where it can be looked at; null: there was none. */
  readonly subrun: { readonly run_id: RunId; readonly thread_id: ThreadId } | null
}

/** How a run's graph gets other agents to work for it: as the run's own caller, who sees what they do. */
export interface AgentCalls {
  /** What the agents that are named look like to the caller now, and which of them may not be called. */
  readonly offered: (
    assistants: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<OfferedAgent>, StorageUnavailable>
  /**
   * Runs an agent to its end and answers with what it said last. Whatever speaks against it is told in the answer.
   * Interrupted, it stops.
   */
  readonly ask: (call: AgentCall) => Effect.Effect<AgentAnswer, StorageUnavailable>
}

/** For runs that call nobody. */
export const noAgents: AgentCalls = {
  offered: () => Effect.succeed([]),
  ask: () => Effect.succeed({ text: "There are no other agents here.", failed: true, subrun: null })
}
