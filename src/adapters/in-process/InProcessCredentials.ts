import { Effect, Layer, Option } from "effect"
import type { RunId } from "../../domain/Run.ts"
import { CredentialsAtHand, type RunCredentials } from "../../ports/RunCredentials.ts"

export const layer = Layer.sync(CredentialsAtHand, () => {
  const kept = new Map<RunId, RunCredentials>()
  return CredentialsAtHand.of({
    keep: (runId, credentials) => Effect.sync(() => void kept.set(runId, credentials)),
    find: (runId) => Effect.sync(() => Option.fromUndefinedOr(kept.get(runId))),
    forget: (runIds) => Effect.sync(() => runIds.forEach((runId) => kept.delete(runId))),
    runs: Effect.sync(() => [...kept.keys()])
  })
})
