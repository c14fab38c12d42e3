import { Context } from "effect"

/** How requests leave the house. */
export class Outbound extends Context.Service<Outbound, {
  /** For URLs that the operator configured or that stand in the agents' database. */
  readonly trusted: typeof globalThis.fetch
  /**
   * For URLs that a caller supplied: refuses loopback, private and link-local addresses after name resolution, at each
   * connection and each redirect, unless OUTBOUND_ALLOW names the host.
   */
  readonly guarded: typeof globalThis.fetch
}>()("throughline/ports/Outbound") {}
