import type { Effect } from "effect"
import { Context } from "effect"
import type { JsonObject } from "../domain/Json.ts"
import type { Principal } from "../domain/Principal.ts"
import type { ThreadBusy } from "../domain/Run.ts"
import type { StateClaim, StateClaimHeld, ThreadNotFound, ThreadStatus } from "../domain/Thread.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

/** What an update has made of a thread. */
export interface StateWritten {
  readonly graph_id: string
  readonly status: ThreadStatus
  readonly interrupts: JsonObject
}

/** A claim whose holder was lost, with the graph whose state the thread has. */
export interface AbandonedClaim extends StateClaim {
  readonly graph_id: string | null
}

/**
 * Who may write a thread's state outside of a run, one at a time. No transaction is open meanwhile: a run that starts
 * voids the claim, and what is written for a void claim comes to nothing.
 */
export class StateClaims extends Context.Service<StateClaims, {
  /** `ThreadBusy`: a run is active there. */
  readonly take: (claim: StateClaim, principal: Principal) => Eff<void, StateClaimHeld | ThreadBusy | ThreadNotFound>
  /** Tells on the thread how its state is now, and gives the claim back. Nothing if it is void by then. */
  readonly conclude: (claim: StateClaim, written: StateWritten) => Eff<void>
  /** Gives it back, nothing having been written. */
  readonly release: (claim: StateClaim) => Eff<void>
  /** Claims that were not given back in time: what they have written is there, and not told on their threads. */
  readonly abandoned: (limit: number) => Eff<ReadonlyArray<AbandonedClaim>>
}>()("throughline/ports/StateClaims") {}
