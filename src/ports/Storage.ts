import type { Effect } from "effect"
import { Context } from "effect"

/** Whether the database can be reached and has our tables. It may be away at the start, and come back. */
export class Storage extends Context.Service<Storage, {
  readonly ready: Effect.Effect<boolean>
  /** Returns once the tables are there, however long the database takes. */
  readonly awaitReady: Effect.Effect<void>
}>()("throughline/ports/Storage") {}
