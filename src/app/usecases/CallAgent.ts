import { Duration, Effect, Option, Result, Semaphore } from "effect"
import { SecureRandom } from "effect/crypto"
import { refusedAnswer, stoppedAnswer } from "../../domain/AgentAnswers.ts"
import { callingAgent } from "../../domain/AgentTools.ts"
import { effectiveConfig } from "../../domain/EffectiveConfig.ts"
import { isActive, type Run, RunId } from "../../domain/Run.ts"
import type { RunRequest } from "../../domain/RunRequest.ts"
import { ThreadId } from "../../domain/Thread.ts"
import type { AgentAnswer, AgentCall, AgentCalls } from "../../ports/AgentCalls.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { CredentialsAtHand, type RunCredentials } from "../../ports/RunCredentials.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import type { RunStop } from "../../ports/RunQueue.ts"
import { RunLedger } from "../../ports/Runs.ts"
import { Subruns } from "../../ports/Subruns.ts"
import { tenantOf } from "./CreateRun.ts"
import { decideRun } from "./DecideRun.ts"
import type { Ending } from "./EndRun.ts"
import { admitCall, offeredAgents, orRefused, refusal } from "./OfferAgents.ts"
import { partSecrets } from "./RunSecrets.ts"
import { traceparent } from "./RunTrace.ts"
import { answerOf, recordedAnswer } from "./SubrunAnswers.ts"

/** How many agents one run has at work at a time: what they do counts as one run of its organisation's. */
const sideBySide = 4
/** A worker hears of the runs in its queue; for these it looks itself. */
const lookForStops = Duration.seconds(1)

const requestOf = (message: string, { request: { timeout_seconds } }: Run): RunRequest => ({
  input: { messages: [{ role: "user", content: message }] },
  command: null,
  checkpoint: null,
  stream_mode: ["values", "messages-tuple"],
  stream_subgraphs: false,
  stream_resumable: true,
  interrupt_before: null,
  interrupt_after: null,
  durability: "async",
  temporary: false,
  // Of that time its caller has used some already, and stops it.
  timeout_seconds,
  webhook: null
})

/** How a run is carried out that has been taken up. */
export type CarryOut = (run: Run, stop: Effect.Effect<RunStop>) => Effect.Effect<Ending>

export interface CallerInRun {
  readonly run: Run
  readonly token: RunCredentials["token"]
  /** Told which call of a tool turns out to be which run. */
  readonly began: (toolCall: string, subrun: NonNullable<AgentAnswer["subrun"]>) => void
}

/**
 * Runs other agents for a run that names them, as the run's own caller: seen and configured as any run of theirs is, by
 * the rights that they have at that moment. Whoever executes the run executes these as well, while it waits for them: they
 * need no place that might be its own.
 */
export const agentCalls = Effect.gen(function*() {
  const atHand = yield* CredentialsAtHand
  const ledger = yield* RunLedger
  const memberships = yield* Memberships
  const { overrides } = yield* RunPolicy
  const subruns = yield* Subruns
  const context = yield* Effect.context<
    | Effect.Services<ReturnType<typeof decideRun>>
    | Effect.Services<ReturnType<typeof offeredAgents>>
    | Effect.Services<ReturnType<typeof recordedAnswer>>
  >()

  /** What a subrun will run with, if the caller may have it run. */
  const decide = Effect.fnUntraced(function*(call: AgentCall, { run, token }: CallerInRun) {
    const principal = yield* memberships.principal(run.owner)
    const ids = {
      run_id: RunId.make(SecureRandom.uuidV7Unsafe()),
      thread_id: ThreadId.make(SecureRandom.uuidV7Unsafe())
    }
    const asked = { assistant: call.assistant_id, config: {}, context: {}, metadata: {}, overrides }
    const [took, { assistant, layers }] = yield* Effect.timed(
      decideRun(asked, ids, { principal, token, headers: {} })
    )
    yield* admitCall(callingAgent(run), assistant)
    return { ids, principal, assistant, took, parts: partSecrets(effectiveConfig(layers), token) }
  })

  type Decided = Effect.Success<ReturnType<typeof decide>>

  const begin = Effect.fnUntraced(function*(call: AgentCall, place: string, { run }: CallerInRun, decided: Decided) {
    const { assistant, ids, parts: { pinned }, principal, took } = decided
    const of = { graph_id: assistant.graph_id, assistant_id: assistant.assistant_id }
    const within = { parent_run_id: run.run_id, parent_thread_id: run.thread_id }
    return yield* subruns.begin(
      {
        ...ids,
        ...of,
        assistant_version: assistant.version,
        tenant: tenantOf(assistant, principal),
        metadata: { ...pinned.metadata, ...of, ...within },
        thread_metadata: { ...of, ...within },
        request: requestOf(call.message, run),
        configuration: pinned,
        multitask_strategy: "reject",
        traceparent: yield* traceparent,
        configured_ms: Duration.toMillis(took),
        parent: { run_id: run.run_id, thread_id: run.thread_id, call: place, line: callingAgent(run).line }
      },
      run,
      principal
    )
  })

  /** Somebody wants it stopped, and not its caller with it. */
  const stopOf = (runId: RunId): Effect.Effect<RunStop> =>
    ledger.stopRequests([runId]).pipe(
      Effect.orElseSucceed(() => []),
      Effect.delay(lookForStops),
      Effect.repeat({ until: (requests) => requests.length > 0 }),
      Effect.map(([request]): RunStop => ({ _tag: "Cancelled", action: request?.action ?? "interrupt" })),
      Effect.withTracerEnabled(false)
    )

  return (caller: CallerInRun, carryOut: CarryOut): AgentCalls => {
    const { began, run: parent } = caller
    const atOnce = Semaphore.makeUnsafe(sideBySide)

    const ask = Effect.fnUntraced(function*(call: AgentCall) {
      const { name } = call
      const place = `${call.step}/${call.toolCall}`
      const earlier = parent.attempt > 1 ? yield* subruns.begun(parent, place) : Option.none()
      if (Option.isSome(earlier) && !isActive(earlier.value.status)) {
        const recorded = recordedAnswer(earlier.value, { name, thread_id: earlier.value.thread_id })
        return yield* Effect.provideContext(recorded, context)
      }
      const decided = yield* decide(call, caller).pipe(orRefused(call.assistant_id), Effect.provideContext(context))
      if (Result.isFailure(decided)) {
        return { text: refusedAnswer(name, decided.failure.problem ?? "not now"), failed: true, subrun: null }
      }
      const taken = Option.isSome(earlier)
        ? yield* subruns.resume(earlier.value.run_id, parent)
        : yield* begin(call, place, caller, decided.success)
      if (Option.isNone(taken)) return { text: stoppedAnswer({ name, thread_id: "" }), failed: true, subrun: null }
      const run = taken.value
      began(call.toolCall, { run_id: run.run_id, thread_id: run.thread_id })
      yield* atHand.keep(run.run_id, decided.success.parts.credentials)
      const ending = yield* Effect.ensuring(carryOut(run, stopOf(run.run_id)), atHand.forget([run.run_id]))
      return yield* answerOf(run, { name, thread_id: run.thread_id }, ending)
    })

    return {
      offered: (references) =>
        memberships.principal(parent.owner).pipe(
          Effect.flatMap((principal) => offeredAgents(references, callingAgent(parent), principal)),
          Effect.catchTag("AgentsUnreadable", (error) =>
            Effect.succeed(references.map((reference) => refusal(reference, error)))),
          Effect.provideContext(context)
        ),
      ask: (call) => Effect.withSpan(atOnce.withPermits(1)(ask(call)), "askAgent")
    }
  }
})
