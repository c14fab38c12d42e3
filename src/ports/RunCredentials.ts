import type { Effect, Option, Redacted } from "effect"
import { Context } from "effect"
import type { Json } from "../domain/Json.ts"
import type { RunId } from "../domain/Run.ts"

/** What a run needs and nobody may see. */
export interface RunCredentials {
  /** The caller's own Supabase token, for servers with `auth_required`; absent where no caller is at hand. */
  readonly token: Redacted.Redacted<string> | null
  /** The values behind the masks of the pinned configuration, by their place (domain/Secrets.ts). */
  readonly secrets: Redacted.Redacted<ReadonlyMap<string, Json>>
}

/**
 * Kept in the memory of the process that accepted the run, for as long as the run, and nowhere else. Another process
 * that has to execute it after all does so without them.
 */
export class CredentialsAtHand extends Context.Service<CredentialsAtHand, {
  readonly keep: (runId: RunId, credentials: RunCredentials) => Effect.Effect<void>
  readonly find: (runId: RunId) => Effect.Effect<Option.Option<RunCredentials>>
  readonly forget: (runIds: ReadonlyArray<RunId>) => Effect.Effect<void>
  readonly runs: Effect.Effect<ReadonlyArray<RunId>>
}>()("throughline/ports/CredentialsAtHand") {}
