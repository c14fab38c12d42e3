import { Duration, Effect, Option } from "effect"
import type { Assistant } from "../../domain/Assistant.ts"
import { effectiveConfig } from "../../domain/EffectiveConfig.ts"
import type { JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { MultitaskStrategy, RunId } from "../../domain/Run.ts"
import type { CheckpointRef, RunRequest } from "../../domain/RunRequest.ts"
import { isResume, NothingToResume } from "../../domain/RunRequest.ts"
import { CheckpointNotFound, type ThreadId, ThreadNotFound } from "../../domain/Thread.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { CredentialsAtHand } from "../../ports/RunCredentials.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { Runs } from "../../ports/Runs.ts"
import { Threads } from "../../ports/Threads.ts"
import { WebhookPost } from "../../ports/WebhookPost.ts"
import { type AskedRun, type Caller, decideRun } from "./DecideRun.ts"
import { unexecuted } from "./EndRun.ts"
import { partSecrets } from "./RunSecrets.ts"
import { traceparent } from "./RunTrace.ts"

export type { Caller } from "./DecideRun.ts"

export interface NewRun extends AskedRun {
  readonly run_id: RunId
  readonly thread: ThreadChoice
  /** `timeout_seconds`: what is asked for; the operator's limit holds. */
  readonly request: Omit<RunRequest, "temporary" | "timeout_seconds"> & { readonly timeout_seconds: number | null }
  readonly after_seconds: number
  readonly multitask_strategy: MultitaskStrategy
}

/** A stateless run brings a thread of its own, which lives and dies with it unless `keep`. */
export type ThreadChoice =
  | { readonly _tag: "Existing"; readonly id: ThreadId; readonly orCreate: boolean }
  | { readonly _tag: "Stateless"; readonly id: ThreadId; readonly keep: boolean; readonly metadata?: JsonObject }

/** The thread is there for `Runs.create` to lock: it has to be the caller's, and says so if it is not. */
export const openThread = Effect.fnUntraced(function*(choice: ThreadChoice, principal: Principal) {
  if (choice._tag === "Existing" && !choice.orCreate) return
  const threads = yield* Threads
  const metadata = choice._tag === "Stateless" ? choice.metadata ?? {} : {}
  const create = Effect.asVoid(threads.create(choice.id, metadata, principal))
  const made = choice._tag === "Stateless"
    ? create
    : Effect.flatMap(threads.find(choice.id, principal), (found) => Option.isSome(found) ? Effect.void : create)
  // Somebody else's thread of that id stays theirs, and unseen.
  yield* Effect.catchTag(made, "ThreadExists", () => Effect.void)
})

/** Whether a thread of the caller's has it; of anybody else's nothing is told. */
const knownCheckpoint = Effect.fnUntraced(function*(id: ThreadId, at: CheckpointRef, principal: Principal) {
  const thread = yield* (yield* Threads).find(id, principal)
  if (Option.isSome(thread) && (yield* (yield* AgentGraphs).hasCheckpoint(id, at))) return
  return yield* Option.isSome(thread)
    ? new CheckpointNotFound({ thread: id, checkpoint: at.checkpoint_id })
    : new ThreadNotFound({ thread: id })
})

/** Whose share of the workers a run takes. */
export const tenantOf = ({ provenance }: Assistant, { userId }: Principal): string =>
  provenance._tag === "Agent" ? provenance.organizationId : userId

/**
 * What a run will be: assistant and thread as the caller sees them, configuration pinned with each key's origin. Nothing
 * is made yet; the answer makes it, all of it in whatever transaction it is put into.
 */
export const prepareRun = Effect.fn("prepareRun")(function*(run: NewRun, caller: Caller) {
  // Nothing is made yet: whoever leaves while a look-up waits for a sync leaves nothing behind.
  const ids = { run_id: run.run_id, thread_id: run.thread.id }
  const [took, { assistant, layers }] = yield* Effect.timed(Effect.interruptible(decideRun(run, ids, caller)))
  // It would bring a thread of its own, which waits for nobody.
  if (isResume(run.request) && run.thread._tag === "Stateless") {
    return yield* new NothingToResume({ thread: run.thread.id })
  }
  if (run.request.checkpoint !== null) yield* knownCheckpoint(run.thread.id, run.request.checkpoint, caller.principal)
  if (run.request.webhook !== null) yield* (yield* WebhookPost).admit(run.request.webhook)
  const { bound, credentials, pinned } = partSecrets(effectiveConfig(layers), caller.token)

  const queue = yield* RunQueue
  const atHand = yield* CredentialsAtHand
  const { timeoutSeconds } = yield* RunPolicy
  const created = (yield* Runs).create(
    {
      run_id: run.run_id,
      thread_id: run.thread.id,
      assistant_id: assistant.assistant_id,
      graph_id: assistant.graph_id,
      assistant_version: assistant.version,
      tenant: tenantOf(assistant, caller.principal),
      metadata: { ...pinned.metadata, graph_id: assistant.graph_id, assistant_id: assistant.assistant_id },
      request: {
        ...run.request,
        timeout_seconds: Math.min(run.request.timeout_seconds ?? timeoutSeconds, timeoutSeconds),
        temporary: run.thread._tag === "Stateless" && !run.thread.keep
      },
      configuration: pinned,
      multitask_strategy: run.multitask_strategy,
      home: bound ? queue.replica : null,
      traceparent: yield* traceparent,
      configured_ms: Duration.toMillis(took),
      after_seconds: run.after_seconds
    },
    caller.principal,
    yield* unexecuted
  )
  // Kept before anybody can take the run up.
  return (bound ? atHand.keep(run.run_id, credentials) : Effect.void).pipe(
    Effect.andThen(openThread(run.thread, caller.principal)),
    Effect.andThen(created),
    Effect.tapCause(() => atHand.forget([run.run_id]))
  )
}, Effect.uninterruptible)

/** Accepts a run: admitted by the multitask rule, offered to the queue. Every way in comes through `prepareRun`. */
export const createRun = Effect.fn("createRun")(
  (run: NewRun, caller: Caller) => Effect.flatten(prepareRun(run, caller)),
  Effect.uninterruptible
)
