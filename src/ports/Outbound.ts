import type { Effect } from "effect"
import { Context, Schema } from "effect"

/** A caller's URL leads where callers may not send this server. `guarded` throws it as it is. */
export class OutboundRefused extends Schema.TaggedError<OutboundRefused>()("OutboundRefused", {
  host: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `Requests to ${this.host} are refused: ${this.why}. If this host is meant to be reached, add it to OUTBOUND_ALLOW.`
  }
}

/** How requests leave the house. */
export class Outbound extends Context.Service<Outbound, {
  /** For URLs that the operator configured or that stand in the agents' database. */
  readonly trusted: typeof globalThis.fetch
  /**
   * For URLs that a caller supplied: refuses loopback, private and link-local addresses after name resolution, at each
   * connection and each redirect, unless OUTBOUND_ALLOW names the host.
   */
  readonly guarded: typeof globalThis.fetch
  /** Whether `guarded` would connect to a URL now, found out without connecting. A name that leads nowhere is not refused. */
  readonly check: (url: URL) => Effect.Effect<void, OutboundRefused>
}>()("throughline/ports/Outbound") {}
