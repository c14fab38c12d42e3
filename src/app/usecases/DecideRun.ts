import { Effect, type Redacted } from "effect"
import type { Assistant, AssistantConfig } from "../../domain/Assistant.ts"
import type { ConfigLayers, RunOverrides } from "../../domain/EffectiveConfig.ts"
import type { JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { RunId } from "../../domain/Run.ts"
import { markedStale } from "../../domain/Staleness.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { resolve } from "./ResolveAssistant.ts"
import { withSecrets } from "./RunSecrets.ts"

/** Who asks for a run, with what only this request knows of them. */
export interface Caller {
  readonly principal: Principal
  /** Null where nobody is there: a cron's tick has no caller's token. */
  readonly token: Redacted.Redacted<string> | null
  /** As received, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** Of what is asked for, that which decides what the run runs with. */
export interface AskedRun {
  readonly assistant: string
  readonly config: AssistantConfig
  readonly context: JsonObject
  readonly metadata: JsonObject
  readonly overrides: RunOverrides
}

/** The run and its thread; null where none is to be made. */
export interface RunIds {
  readonly run_id: RunId | null
  readonly thread_id: ThreadId | null
}

const layersOf = (asked: AskedRun, ids: RunIds, assistant: Assistant, caller: Caller, defaults: JsonObject) => {
  const { userId } = caller.principal
  const { assistant_id, graph_id, provenance } = assistant
  const organization: JsonObject = provenance._tag === "Agent"
    ? { supabase_organization_id: provenance.organizationId }
    : {}
  return {
    defaults,
    assistant,
    request: { headers: caller.headers, config: asked.config, context: asked.context, metadata: asked.metadata },
    overrides: asked.overrides,
    pinned: {
      ...organization,
      run_id: ids.run_id,
      thread_id: ids.thread_id,
      assistant_id,
      graph_id,
      user_id: userId,
      owner: userId,
      langgraph_auth_user: { identity: userId, display_name: userId, is_authenticated: true, permissions: [] },
      langgraph_auth_user_id: userId
    }
  } satisfies ConfigLayers
}

/**
 * The one place where it is decided what a run runs with, whichever way it came in, and whether it is to be made or only
 * explained: the assistant as the caller sees it, and what each layer gives, secrets in place.
 */
export const decideRun = Effect.fn("decideRun")(function*(asked: AskedRun, ids: RunIds, caller: Caller) {
  const { assistant, principal, staleSince } = yield* resolve(asked.assistant, caller.principal)
  const graphs = yield* AgentGraphs
  yield* graphs.check(assistant.graph_id)
  const open = yield* withSecrets(assistant, asked.config)
  const defaults = graphs.defaults(assistant.graph_id)
  const opened = { ...asked, config: open.config, metadata: markedStale(asked.metadata, staleSince) }
  return { assistant, principal, staleSince, layers: layersOf(opened, ids, open.assistant, caller, defaults) }
})
