import { Effect, Result } from "effect"
import { AgentNotCallable, type CallingAgent, type OfferedAgent, whyNotCallable } from "../../domain/AgentTools.ts"
import { type Assistant, AssistantNotFound } from "../../domain/Assistant.ts"
import type { Principal } from "../../domain/Principal.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { resolveAssistant } from "./ResolveAssistant.ts"

/** Each is a query or two: enough to be quick, and no more than one run should ask at once. */
const sideBySide = 8

type Refusal = { readonly _tag: string; readonly message: string }

/** Why an agent can't be called, as it may be told. */
export const refusal = (assistant_id: string, error: Refusal): OfferedAgent => {
  // Of what the caller can't see only that it is not there.
  const unseen = { assistant_id, name: null, description: null }
  if (error instanceof AgentNotCallable) {
    return { assistant_id, name: error.name, description: error.description, problem: error.reason }
  }
  return { ...unseen, problem: error instanceof AssistantNotFound ? error.reason ?? "not found" : error.message }
}

/** Whatever speaks against an agent is told as such; a database that is away says nothing about it. */
export const orRefused = (reference: string) => <A, E extends Refusal, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.matchEffect(effect, {
    onSuccess: (value) => Effect.succeed(Result.succeed(value)),
    onFailure: (error): Effect.Effect<Result.Result<A, OfferedAgent>, StorageUnavailable> =>
      error instanceof StorageUnavailable ? Effect.fail(error) : Effect.succeed(Result.fail(refusal(reference, error)))
  })

/** Fails where an agent that the caller sees may not be called from where they are. */
export const admitCall = (calling: CallingAgent, assistant: Assistant) => {
  const reason = whyNotCallable(calling, assistant)
  const { description, name } = assistant
  return reason === undefined ? Effect.void : Effect.fail(new AgentNotCallable({ name, description, reason }))
}

const offered = Effect.fnUntraced(function*(assistant_id: string, calling: CallingAgent, principal: Principal) {
  const assistant = yield* resolveAssistant(assistant_id, principal)
  yield* admitCall(calling, assistant)
  const { description, name } = assistant
  return yield* (yield* AgentGraphs).check(assistant.graph_id).pipe(
    Effect.mapError((error) => new AgentNotCallable({ name, description, reason: error.message })),
    Effect.as<OfferedAgent>({ assistant_id, name, description, problem: null })
  )
})

/**
 * The agents that a run names, each as its row says at this moment and as the caller sees it: which of them the model may
 * call, and why it may not call the others.
 */
export const offeredAgents = Effect.fn("offeredAgents")(
  (references: ReadonlyArray<string>, calling: CallingAgent, principal: Principal) =>
    Effect.forEach(
      references,
      (reference) => Effect.map(orRefused(reference)(offered(reference, calling, principal)), Result.merge),
      { concurrency: sideBySide }
    )
)
