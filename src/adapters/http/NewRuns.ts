import { Effect, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { NewRun } from "../../app/usecases/CreateRun.ts"
import { createRun } from "../../app/usecases/CreateRun.ts"
import { createRuns } from "../../app/usecases/CreateRuns.ts"
import type { OnDisconnect } from "../../app/usecases/FollowRun.ts"
import { awaitRun, followRun, whenReaderLeaves } from "../../app/usecases/FollowRun.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { Run } from "../../domain/Run.ts"
import { RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { CurrentCaller } from "./Authorization.ts"
import type { StatelessRun, ThreadRun } from "./RunRequests.ts"
import { awaitedJson, eventStream } from "./Sse.ts"
import { checkpointOf } from "./StateRequests.ts"

const freshId = () => SecureRandom.uuidV7Unsafe()

type Asked = Omit<NewRun, "run_id" | "overrides">

const requestOf = (
  asked: ThreadRun | StatelessRun,
  checkpoint: NewRun["request"]["checkpoint"]
): NewRun["request"] => ({
  input: asked.input,
  command: asked.command ?? null,
  checkpoint,
  stream_mode: asked.stream_mode,
  stream_subgraphs: asked.stream_subgraphs,
  stream_resumable: asked.stream_resumable,
  interrupt_before: asked.interrupt_before ?? null,
  interrupt_after: asked.interrupt_after ?? null,
  durability: asked.durability ?? (asked.checkpoint_during === false ? "exit" : "async"),
  timeout_seconds: asked.timeout ?? null,
  webhook: asked.webhook ?? null
})

/** A run on a thread, as its request asks for it. */
export const onThread = (id: ThreadId, asked: ThreadRun): Asked => ({
  assistant: asked.assistant_id,
  thread: { _tag: "Existing", id, orCreate: asked.if_not_exists === "create" },
  request: requestOf(asked, checkpointOf(asked.checkpoint) ?? checkpointOf(asked)),
  config: asked.config,
  context: asked.context,
  metadata: asked.metadata,
  multitask_strategy: asked.multitask_strategy,
  after_seconds: asked.after_seconds ?? 0
})

/** A run with a thread of its own. */
export const stateless = (asked: StatelessRun): Asked => ({
  assistant: asked.assistant_id,
  thread: { _tag: "Stateless", id: ThreadId.make(freshId()), keep: asked.on_completion === "keep" },
  request: requestOf(asked, null),
  config: asked.config,
  context: asked.context,
  metadata: asked.metadata,
  multitask_strategy: "reject",
  after_seconds: asked.after_seconds ?? 0
})

/** Creates a run by the operator's policy, for whoever asks. */
export const accept = Effect.fnUntraced(function*(asked: Asked) {
  const { overrides } = yield* RunPolicy
  return yield* createRun({ ...asked, run_id: RunId.make(freshId()), overrides }, yield* CurrentCaller)
})

/** Several, or none. */
export const acceptAll = Effect.fnUntraced(function*(asked: ReadonlyArray<Asked>) {
  const { overrides } = yield* RunPolicy
  const runs = asked.map((run) => ({ ...run, run_id: RunId.make(freshId()), overrides }))
  return yield* createRuns(runs, yield* CurrentCaller)
})

/** As `accept`, for a caller who stays to read: one who left meanwhile has left the run as well. */
const acceptForReader = Effect.fnUntraced(function*(asked: Asked, onDisconnect: OnDisconnect) {
  const { principal } = yield* CurrentCaller
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.tap(
      accept(asked),
      (run) => Effect.onInterrupt(restore(Effect.yieldNow), () => whenReaderLeaves(run, onDisconnect, principal))
    )
  )
})

export const acceptAndStream = Effect.fnUntraced(function*(asked: Asked, onDisconnect: OnDisconnect) {
  const run = yield* acceptForReader(asked, onDisconnect)
  return eventStream(run, yield* followRun(run, -1, onDisconnect, (yield* CurrentCaller).principal))
})

export const acceptAndWait = Effect.fnUntraced(function*(asked: Asked, onDisconnect: OnDisconnect) {
  const run = yield* acceptForReader(asked, onDisconnect)
  return yield* awaited(run, onDisconnect, (yield* CurrentCaller).principal)
})

/** Once the answer has begun there is no status left to fail with: what goes wrong then is told as the SDK reads it. */
export const awaited = Effect.fnUntraced(function*(run: Run, onDisconnect: OnDisconnect, principal: Principal) {
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof awaitRun>>>()
  const json = awaitRun(run, onDisconnect, principal).pipe(
    Effect.catch(({ _tag, message }) => Effect.succeed(JSON.stringify({ __error__: { error: _tag, message } }))),
    Effect.provideContext(context)
  )
  return awaitedJson(run, Stream.fromEffect(json))
})
