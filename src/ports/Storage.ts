import type { Effect } from "effect"
import { Context } from "effect"

/** Whether the database can be reached, has our tables and tells us what happens. It may be away at the start, and come back. */
export class Storage extends Context.Service<Storage, {
  readonly ready: Effect.Effect<boolean>
  /** Returns once the tables are there, however long the database takes. */
  readonly awaitReady: Effect.Effect<void>
  /** Whether it tells us at once what other replicas do; else we look every now and then, which is slower and enough. */
  readonly listening: Effect.Effect<boolean>
}>()("throughline/ports/Storage") {}
