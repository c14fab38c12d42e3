import type { Redacted } from "effect"
import type { Json } from "../domain/Json.ts"

/** What a run needs and nobody may see: kept in memory, for as long as the run. */
export interface RunCredentials {
  /** The caller's own Supabase token, for servers with `auth_required`; absent where no caller is at hand. */
  readonly token: Redacted.Redacted<string> | null
  /** The values behind the masks of the pinned configuration, by their place (domain/Secrets.ts). */
  readonly secrets: Redacted.Redacted<ReadonlyMap<string, Json>>
}
