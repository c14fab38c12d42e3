import type { Effect } from "effect"
import { Context, Schema } from "effect"
import type { RunId } from "../domain/Run.ts"
import type { OutboundRefused } from "./Outbound.ts"

/** A receiver did not take what it was sent. `why` names no more of its URL than the host. */
export class WebhookNotTaken extends Schema.TaggedError<WebhookNotTaken>()("WebhookNotTaken", {
  why: Schema.String,
  /** Trying again is of no use. */
  final: Schema.Boolean
}) {
  override get message() {
    return this.why
  }
}

/** How webhooks leave the house. */
export class WebhookPost extends Context.Service<WebhookPost, {
  /** Fails for a URL that can be seen to lead where callers may not send this server; of others it is seen when sent. */
  readonly admit: (url: string) => Effect.Effect<void, OutboundRefused>
  /** Sends JSON text once and waits, not long, for the receiver to take it. */
  readonly send: (post: {
    readonly url: string
    readonly body: string
    readonly delivery: RunId
    readonly attempt: number
  }) => Effect.Effect<void, WebhookNotTaken>
}>()("throughline/ports/WebhookPost") {}
