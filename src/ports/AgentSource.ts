import type { Effect, Option } from "effect"
import { Context, Schema } from "effect"
import type { Agent } from "../domain/Agent.ts"
import type { SyncPlan } from "../domain/AgentSync.ts"
import type { SyncScope } from "../domain/SyncScope.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** The consumer's tables are not what we read: one of them, or a column we can't do without, is missing. */
export class AgentTablesUnreadable extends Schema.TaggedError<AgentTablesUnreadable>()("AgentTablesUnreadable", {
  missing: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The agents' tables can't be read; missing: ${this.missing.join(", ")}`
  }
}

type Eff<A> = Effect.Effect<A, StorageUnavailable | AgentTablesUnreadable>

/** The consumer's tables of agents: read, but for the one column written back. */
export class AgentSource extends Context.Service<AgentSource, {
  /** Every active agent of a scope, in the order of their ids. */
  readonly list: (scope: SyncScope) => Eff<ReadonlyArray<Agent>>
  /** An active agent by its UUID. */
  readonly find: (agentId: string) => Eff<Option.Option<Agent>>
  /** Whether an agent has this UUID, in whatever state: it may be active tomorrow. */
  readonly has: (agentId: string) => Eff<boolean>
  readonly writeBack: (pairs: SyncPlan["writeBack"]) => Eff<void>
  /**
   * One at a time over all replicas, in one transaction: what runs inside happens altogether or not at all.
   * The other ports on the same database join it.
   */
  readonly exclusively: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageUnavailable, R>
}>()("throughline/ports/AgentSource") {}
