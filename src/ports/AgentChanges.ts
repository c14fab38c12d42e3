import type { Duration, Effect, Option, Scope } from "effect"
import { Context, Schema } from "effect"
import type { SyncScope } from "../domain/SyncScope.ts"
import type { AgentTablesUnreadable } from "./AgentSource.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** What the consumer's rows are at, as far as a scope's agents are made of them. */
export interface Look {
  /** Another one after every change of a row, whoever makes it and whatever in it. */
  readonly fingerprint: string
  /** From here on is what was written after this look, and perhaps a little of what was written before. */
  readonly horizon: string
  /** Whether the scope was last synced with exactly this. */
  readonly known: boolean
  /** What it cost the database. */
  readonly took: Duration.Duration
}

/** Somebody has locked the consumer's tables against reading: nothing to wait for, something to come back to. */
export class AgentTablesLocked extends Schema.TaggedError<AgentTablesLocked>()("AgentTablesLocked", {}) {
  override readonly message = "The agents' tables can't be read; somebody has locked them"
}

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>
type NotSeen = AgentTablesLocked | AgentTablesUnreadable

/**
 * Whether the consumer's tables have changed since their agents were last synced; asked often, so it has to be cheap, and
 * waits for no lock of theirs worth the name.
 */
export class AgentChanges extends Context.Service<AgentChanges, {
  /** At most one look in so long, over all replicas. None: it was another one's turn. */
  readonly lookInTurn: (scope: SyncScope, every: Duration.Duration) => Eff<Option.Option<Look>, NotSeen>
  /** At once, whoever looked last. */
  readonly look: (scope: SyncScope) => Eff<Look, NotSeen>
  /** Agents among which all are that differ since the scope was last synced; none: it takes a comparison of everything. */
  readonly suspects: (scope: SyncScope, look: Look) => Eff<Option.Option<ReadonlyArray<string>>, NotSeen>
  /** That the scope is synced with this; in the transaction that syncs it. */
  readonly remember: (scope: SyncScope, look: Look) => Eff<void>
  /** Whether everything is to be compared again; the answer is yes once in so long, over all replicas. */
  readonly comparisonIsDue: (scope: SyncScope, every: Duration.Duration) => Eff<boolean>
  /** From now on: waits until the tables themselves have told of a change, or may have while nobody heard. */
  readonly told: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
}>()("throughline/ports/AgentChanges") {}
