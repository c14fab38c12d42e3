import type { Duration, Effect, Option } from "effect"
import { Context } from "effect"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A, E = never, R = never> = Effect.Effect<A, E | StorageUnavailable, R>

/** What has to be cleared away from time to time, and by whom. */
export class Housekeeping extends Context.Service<Housekeeping, {
  /**
   * A round, if one is due and no other replica has it in hand; `none` if not. Asked by every replica, more often than
   * rounds are due. A round that fails, or whose replica is lost, is made up for by the next.
   */
  readonly inTurn: <A, E, R>(round: Effect.Effect<A, E, R>) => Eff<Option.Option<A>, E, R>
  /**
   * Deletes threads that nothing has been done with for so long and that have no run to come, with all that is theirs:
   * at most a batch. Answers how many; fewer than `batch`: there are no more.
   */
  readonly removeUntouchedThreads: (untouchedFor: Duration.Duration, batch: number) => Eff<number>
  /**
   * Ends threads that have had the time they were given, or takes all but their latest state away, as each of them says:
   * at most a batch of those that have no run to come. Answers how many.
   */
  readonly endDueThreads: (batch: number) => Eff<number>
  /** Removes items of the store whose time is over: nobody sees them any more. At most a batch; answers how many. */
  readonly removeExpiredItems: (batch: number) => Eff<number>
  /** Forgets replicas that have not been heard of for so long. */
  readonly forgetReplicas: (silentFor: Duration.Duration) => Eff<number>
}>()("throughline/ports/Housekeeping") {}
