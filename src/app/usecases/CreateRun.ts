import { Deferred, Effect, Exit, Option, Redacted } from "effect"
import type { Assistant, AssistantConfig } from "../../domain/Assistant.ts"
import type { EffectiveConfig, RunOverrides } from "../../domain/EffectiveConfig.ts"
import { effectiveConfig } from "../../domain/EffectiveConfig.ts"
import type { Json, JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { MultitaskStrategy, Run, RunId, RunRequest } from "../../domain/Run.ts"
import { isResume, NothingToResume } from "../../domain/Run.ts"
import { mapSecrets, maskSecrets, restoreSecrets, secretsOf } from "../../domain/Secrets.ts"
import type { Thread, ThreadId } from "../../domain/Thread.ts"
import { ThreadNotFound } from "../../domain/Thread.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import { RunEvents } from "../../ports/RunEvents.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { Runs } from "../../ports/Runs.ts"
import { SecretBox } from "../../ports/SecretBox.ts"
import { Threads } from "../../ports/Threads.ts"
import { resolveAssistant } from "./ResolveAssistant.ts"

/** Who asks for a run, with what only this request knows of them. */
export interface Caller {
  readonly principal: Principal
  readonly token: Redacted.Redacted<string>
  /** As received, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

export interface NewRun {
  readonly run_id: RunId
  readonly assistant: string
  readonly thread: ThreadChoice
  readonly request: Omit<RunRequest, "temporary">
  readonly config: AssistantConfig
  readonly context: JsonObject
  readonly metadata: JsonObject
  readonly multitask_strategy: MultitaskStrategy
  readonly overrides: RunOverrides
}

/** A stateless run brings a thread of its own, which lives and dies with it unless `keep`. */
export type ThreadChoice =
  | { readonly _tag: "Existing"; readonly id: ThreadId; readonly orCreate: boolean }
  | { readonly _tag: "Stateless"; readonly id: ThreadId; readonly keep: boolean }

const openThread = Effect.fnUntraced(function*(choice: ThreadChoice, principal: Principal) {
  const threads = yield* Threads
  const create = threads.create(choice.id, {}, principal)
  const missing = new ThreadNotFound({ thread: choice.id })
  if (choice._tag === "Stateless") return yield* Effect.catchTag(create, "ThreadExists", () => Effect.fail(missing))
  const find = threads.find(choice.id, principal)
  const found = yield* find
  if (Option.isSome(found)) return found.value
  if (!choice.orCreate) return yield* missing
  // Somebody else's thread of that id stays theirs, and unseen.
  return yield* Effect.catchTag(
    create,
    "ThreadExists",
    () => Effect.flatMap(find, (thread) => Effect.mapError(Effect.fromOption(thread), () => missing))
  )
})

/** The one place where a run's configuration is decided, whichever way the run came in. */
const configure = (run: NewRun, assistant: Assistant, thread: Thread, caller: Caller, defaults: JsonObject) => {
  const { userId } = caller.principal
  const { assistant_id, graph_id, provenance } = assistant
  const organization: JsonObject = provenance._tag === "Agent"
    ? { supabase_organization_id: provenance.organizationId }
    : {}
  return effectiveConfig({
    defaults,
    assistant,
    request: { headers: caller.headers, config: run.config, context: run.context, metadata: run.metadata },
    overrides: run.overrides,
    pinned: {
      ...organization,
      run_id: run.run_id,
      thread_id: thread.thread_id,
      assistant_id,
      graph_id,
      user_id: userId,
      owner: userId,
      langgraph_auth_user: { identity: userId, display_name: userId, is_authenticated: true, permissions: [] },
      langgraph_auth_user_id: userId
    }
  })
}

/** An assistant's secrets, unlocked. Only here: what a run brings itself is taken as it is, or it could open others'. */
const unlocked = Effect.fnUntraced(function*(configurable: JsonObject) {
  const box = yield* SecretBox
  const secrets = new Map<string, Json>()
  for (const [place, secret] of secretsOf(configurable)) {
    secrets.set(place, typeof secret === "string" ? yield* box.open(secret) : secret)
  }
  return secrets
})

/** The configurations of assistant and run with their secrets in place; a run's mask stands for the assistant's. */
const withSecrets = Effect.fnUntraced(function*(assistant: Assistant, config: AssistantConfig) {
  const { configurable = {} } = assistant.config
  const secrets = yield* unlocked(configurable)
  return {
    assistant: {
      ...assistant,
      config: { ...assistant.config, configurable: mapSecrets(configurable, (_, place) => secrets.get(place) ?? null) }
    },
    config: { ...config, configurable: restoreSecrets(config.configurable ?? {}, secrets) }
  }
})

/** Parts what may be kept from what stays in memory. */
const partSecrets = (configuration: EffectiveConfig, token: Caller["token"]) => {
  const credentials: RunCredentials = { token, secrets: Redacted.make(secretsOf(configuration.configurable)) }
  return {
    credentials,
    pinned: { ...configuration, configurable: maskSecrets(configuration.configurable) }
  }
}

/**
 * Accepts a run: assistant and thread as the caller sees them, configuration pinned with each key's origin, admitted by
 * the multitask rule, handed to the queue. Every way in comes through here.
 */
export const createRun = Effect.fn("createRun")(function*(run: NewRun, caller: Caller) {
  // Nothing is made yet: whoever leaves while a look-up waits for a sync leaves nothing behind.
  const assistant = yield* Effect.interruptible(resolveAssistant(run.assistant, caller.principal))
  const graphs = yield* AgentGraphs
  // It would bring a thread of its own, which waits for nobody.
  if (isResume(run.request) && run.thread._tag === "Stateless") {
    return yield* new NothingToResume({ thread: run.thread.id })
  }
  const thread = yield* openThread(run.thread, caller.principal)
  const open = yield* withSecrets(assistant, run.config)
  const asked = { ...run, config: open.config }
  const configuration = configure(asked, open.assistant, thread, caller, graphs.defaults(assistant.graph_id))
  const { credentials, pinned } = partSecrets(configuration, caller.token)

  const queue = yield* RunQueue
  const events = yield* RunEvents
  const committed = yield* Deferred.make<boolean>()
  const enqueue = (accepted: Run) =>
    Effect.andThen(events.open(accepted.run_id), queue.enqueue(accepted, credentials, Deferred.await(committed)))
  const created = (yield* Runs).create(
    {
      run_id: run.run_id,
      thread_id: thread.thread_id,
      assistant_id: assistant.assistant_id,
      graph_id: assistant.graph_id,
      assistant_version: assistant.version,
      metadata: { ...pinned.metadata, graph_id: assistant.graph_id, assistant_id: assistant.assistant_id },
      request: { ...run.request, temporary: run.thread._tag === "Stateless" && !run.thread.keep },
      configuration: pinned,
      multitask_strategy: run.multitask_strategy
    },
    caller.principal,
    enqueue
  )
  const { admission, run: accepted } = yield* created.pipe(
    Effect.onExit((exit) => Deferred.succeed(committed, Exit.isSuccess(exit)))
  )
  if (admission._tag === "AcceptedAfter") {
    yield* Effect.forEach(admission.stop, (earlier) => queue.cancel(earlier, admission.action), { discard: true })
  }
  return accepted
}, Effect.uninterruptible)
