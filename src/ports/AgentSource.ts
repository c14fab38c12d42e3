import type { Effect, Option } from "effect"
import { Context, Schema } from "effect"
import type { Agent } from "../domain/Agent.ts"
import type { AgentState } from "../domain/AgentGone.ts"
import type { SyncPlan } from "../domain/AgentSync.ts"
import type { Principal, UserId } from "../domain/Principal.ts"
import type { SyncScope } from "../domain/SyncScope.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/**
 * The consumer's tables are not what we read: one of them, or a column we can't do without, is missing. Or nothing is, and
 * they can't be read all the same.
 */
export class AgentTablesUnreadable extends Schema.TaggedError<AgentTablesUnreadable>()("AgentTablesUnreadable", {
  missing: Schema.Array(Schema.String),
  why: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return `The agents' tables can't be read; ${this.why ?? `missing: ${this.missing.join(", ")}`}`
  }
}

type Eff<A> = Effect.Effect<A, StorageUnavailable | AgentTablesUnreadable>

export interface SeenAgent {
  /** None: there is no active one. */
  readonly agent: Option.Option<Agent>
  /** Whoever asked, with their memberships. */
  readonly principal: Principal
}

/** The consumer's tables of agents: read, but for the one column written back. */
export class AgentSource extends Context.Service<AgentSource, {
  /** Every active agent of a scope, in the order of their ids. */
  readonly list: (scope: SyncScope) => Eff<ReadonlyArray<Agent>>
  /** An active agent by its UUID. */
  readonly find: (agentId: string) => Eff<Option.Option<Agent>>
  /**
   * The same, and who asks for it, both as they are at this moment: one statement. It waits for nobody who has locked the
   * tables; that is `AgentTablesUnreadable`, as it is where there is no table of members.
   */
  readonly seenBy: (agentId: string, userId: UserId) => Eff<SeenAgent>
  /** Whatever its state is; `none`: no row has this UUID. */
  readonly state: (agentId: string) => Eff<Option.Option<AgentState>>
  /** Why the tables can't be read, as of now or of the last two seconds. */
  readonly unreadable: Effect.Effect<Option.Option<AgentTablesUnreadable>, StorageUnavailable>
  /** Whether an agent has this UUID, in whatever state: it may be active tomorrow. */
  readonly has: (agentId: string) => Eff<boolean>
  readonly writeBack: (pairs: SyncPlan["writeBack"]) => Eff<void>
  /**
   * One at a time over all replicas, in one transaction: what runs inside happens altogether or not at all.
   * The other ports on the same database join it.
   */
  readonly exclusively: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageUnavailable, R>
}>()("throughline/ports/AgentSource") {}
