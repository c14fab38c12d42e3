import type { Effect } from "effect"
import { Context, Schema } from "effect"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** What a table of the consumer's has of ours. */
export interface TableTrigger {
  readonly table: string
  /** `disabled`: somebody has switched it off. `impossible`: a view or the like, or not there at all. */
  readonly state: "installed" | "missing" | "disabled" | "impossible"
}

/** Why it can't be done, for the operator. */
export class TriggersRefused extends Schema.TaggedError<TriggersRefused>()("TriggersRefused", {
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

type Eff<A> = Effect.Effect<A, StorageUnavailable | TriggersRefused>

/** Triggers on the consumer's tables that tell of changes: only the operator asks for them. */
export class AgentTriggers extends Context.Service<AgentTriggers, {
  readonly status: Eff<ReadonlyArray<TableTrigger>>
  /** On each table for itself, so that none of the consumer's writes waits for more than one of them, and not for long. */
  readonly install: Eff<ReadonlyArray<TableTrigger>>
  /** Leaves nothing behind. */
  readonly remove: Eff<ReadonlyArray<TableTrigger>>
}>()("throughline/ports/AgentTriggers") {}
