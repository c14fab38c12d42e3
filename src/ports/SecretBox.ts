import type { Effect } from "effect"
import { Context, Schema } from "effect"

/** A secret was to be kept, and there is no key to lock it with. */
export class NoSecretsKey extends Schema.TaggedError<NoSecretsKey>()("NoSecretsKey", {}) {
  override get message() {
    return "This server can't keep secrets: SECRETS_KEY is not set. Send keys, headers, and URLs with a user or a query,"
      + " with each run instead, or have the operator set it."
  }
}

/** Locks the secrets of assistants that members made (keys, headers, what URLs hide), so that no row shows them. */
export class SecretBox extends Context.Service<SecretBox, {
  readonly seal: (secret: string) => Effect.Effect<string, NoSecretsKey>
  /** The secret in a sealed text; any other text is returned as it is. One sealed with another key opens to null. */
  readonly open: (text: string) => Effect.Effect<string | null>
}>()("throughline/ports/SecretBox") {}
