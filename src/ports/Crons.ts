import type { Duration, Effect, Option } from "effect"
import { Context } from "effect"
import type { Cron, CronId, CronProgress, CronWritten, TooManyCrons } from "../domain/Cron.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Principal } from "../domain/Principal.ts"
import type { ThreadId, ThreadNotFound } from "../domain/Thread.ts"
import type { Page, SortOrder } from "./Assistants.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

export interface CronFilter {
  readonly assistant_id?: string
  readonly thread_id?: ThreadId
  readonly enabled?: boolean
  /** Metadata that contains this. */
  readonly metadata?: JsonObject
}

export interface CronSearch extends CronFilter {
  readonly limit: number
  readonly offset: number
  readonly sort_by: "cron_id" | "assistant_id" | "thread_id" | "created_at" | "updated_at" | "next_run_date"
  readonly sort_order: SortOrder
}

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

/** Where crons are kept. A cron is its owner's alone; nobody else's request finds it. */
export class Crons extends Context.Service<Crons, {
  /** On a thread it must be the owner's, and the cron goes with it. */
  readonly create: (id: CronId, cron: CronWritten, owner: Principal) => Eff<Cron, ThreadNotFound | TooManyCrons>
  readonly find: (id: CronId, principal: Principal) => Eff<Option.Option<Cron>>
  readonly search: (query: CronSearch, principal: Principal) => Eff<Page<Cron>>
  readonly count: (filter: CronFilter, principal: Principal) => Eff<number>
  /** Writes what the change makes of the present one, with no tick in between. */
  readonly update: <E>(
    id: CronId,
    change: (present: Cron) => Effect.Effect<CronWritten, E>,
    principal: Principal
  ) => Eff<Option.Option<Cron>, E>
  readonly delete: (id: CronId, principal: Principal) => Eff<boolean>
}>()("throughline/ports/Crons") {}

/** A cron as a look found it. */
export interface SeenCron {
  readonly cron: Cron
  /** Each tick and each change raises it. */
  readonly revision: number
  /** By the database's clock, which all replicas share. */
  readonly seen_at: Date
}

export interface CronLook {
  readonly due: ReadonlyArray<SeenCron>
  /** How long until the next one is due that is not yet; `none`: nobody knows of one. */
  readonly nextIn: Option.Option<Duration.Duration>
}

/** A ticker's side of the same store. */
export class CronLedger extends Context.Service<CronLedger, {
  /** What is due, and when the next is: at most a batch of them, the longest due first. One statement if nothing is. */
  readonly look: (batch: number) => Eff<CronLook>
  /**
   * Takes a tick, in one transaction with what is made at it: whatever happens, both are there or neither is. `none`:
   * somebody else has it, or the cron was changed since the look.
   */
  readonly tick: <A, E, R>(
    seen: SeenCron,
    after: CronProgress,
    made: Effect.Effect<A, E, R>
  ) => Effect.Effect<Option.Option<A>, E | StorageUnavailable, R>
}>()("throughline/ports/CronLedger") {}
