import type { KeyOrigin } from "./EffectiveConfig.ts"
import type { Json, JsonObject } from "./Json.ts"
import type { GivenValue } from "./RunRecord.ts"
import type { Through } from "./Visibility.ts"

export interface ExplainedKey {
  readonly key: string
  /** Secrets masked: present (`***`), never shown. */
  readonly value: Json
  readonly origin: KeyOrigin
  /** Every layer that named the key, what is in force included. */
  readonly given: ReadonlyArray<GivenValue>
}

export interface ExplainedModel {
  /** As written: `provider:model`. */
  readonly name: string
  readonly provider: string | null
  /** Where the provider's key would come from; `absent`: nowhere, the run would fail. */
  readonly key: "server" | "run" | "assistant" | "absent"
  /** Why a run could not begin with it; null: it could. */
  readonly problem: string | null
}

export interface ExplainedServer {
  readonly name: string
  /** Without userinfo, query and fragment. */
  readonly url: string
  readonly auth_required: boolean
  readonly reachable: boolean
  /** How long it took to connect and list its tools, or to fail, in milliseconds. */
  readonly ms: number
  /** An answer serves for a few seconds; null: it was not asked. */
  readonly asked_at: Date | null
  readonly tools: ReadonlyArray<string>
  readonly error: string | null
}

/** Another agent that this one may call. */
export interface ExplainedAgentTool {
  readonly assistant_id: string
  /** What the model calls it by; null: it may not be used. */
  readonly tool: string | null
  readonly name: string | null
  /** Why it may not be used. */
  readonly problem: string | null
}

/** What a run by this caller would get, now. */
export interface Explanation {
  readonly assistant_id: string
  readonly assistant_version: number
  readonly graph_id: string
  readonly name: string
  readonly visible: Through
  /** Set where the agents' tables could not be read: since when what is shown was last in force. */
  readonly stale_since: Date | null
  readonly keys: ReadonlyArray<ExplainedKey>
  /** Keys that somebody gave and the run would not have at all. */
  readonly dropped: ReadonlyArray<{ readonly key: string } & GivenValue>
  readonly recursion_limit: number
  readonly tags: ReadonlyArray<string>
  readonly metadata: JsonObject
  readonly context: JsonObject
  /** Null: a graph of the operator's own whose configuration names none. */
  readonly model: ExplainedModel | null
  readonly servers: ReadonlyArray<ExplainedServer>
  readonly agent_tools: ReadonlyArray<ExplainedAgentTool>
  /** What was made do with: an agent without an engine, sampling parameters that no model takes. */
  readonly warnings: ReadonlyArray<string>
}
