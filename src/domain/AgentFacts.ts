import type { Agent } from "./Agent.ts"
import type { ExplainedModel } from "./Explanation.ts"
import type { Role } from "./Principal.ts"
import type { Through } from "./Visibility.ts"

/** Of what holds the agent's id among the assistants. */
export type StoredState =
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Taken"; readonly bare: boolean }
  | { readonly _tag: "Synced"; readonly retired: boolean; readonly equal: boolean }

/** The model that it leads to; not `readable`: a setting has a value that no run could begin with. */
export interface ModelFacts extends ExplainedModel {
  readonly readable: boolean
}

/** What one of its servers answered. */
export interface ServerFacts {
  readonly name: string
  /** As the model would see them if this server were the only one. */
  readonly tools: ReadonlyArray<string>
  readonly filtered: boolean
  readonly answer: "listed" | "no token" | { readonly error: string }
  readonly ms: number
}

export type DryRunOutcome =
  | { readonly _tag: "Answered"; readonly ms: number }
  | { readonly _tag: "Refused"; readonly reason: string }
  | { readonly _tag: "TimedOut"; readonly seconds: number }

/** How many people may use it, by their roles in its organisation. */
export type Audience = Readonly<Record<Role, number>>

/** All that was found out about one agent. */
export interface AgentFacts {
  readonly agent: Agent
  readonly graphs: ReadonlyArray<string>
  /** Null: its graph is the operator's own, which makes of a model's name what it likes. */
  readonly model: ModelFacts | null
  readonly stored: StoredState
  readonly audience: Audience
  /** Set where it is judged for one person. */
  readonly asked: { readonly user: string; readonly through: Through | undefined } | null
  readonly servers: ReadonlyArray<ServerFacts>
  /** Why there was none, or what came of it. */
  readonly dryRun: { readonly without: string } | DryRunOutcome
}
