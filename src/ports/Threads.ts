import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Principal } from "../domain/Principal.ts"
import type { PruneStrategy, Thread, ThreadExists, ThreadId, ThreadStatus, ThreadTtl } from "../domain/Thread.ts"
import type { Page, SortOrder } from "./Assistants.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

export interface ThreadFilter {
  readonly ids?: ReadonlyArray<ThreadId>
  readonly metadata?: JsonObject
  readonly status?: ThreadStatus
}

export interface ThreadSearch extends ThreadFilter {
  readonly limit: number
  readonly offset: number
  readonly sort_by: "thread_id" | "status" | "created_at" | "updated_at" | "state_updated_at"
  readonly sort_order: SortOrder
}

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

/** Where threads are kept. A thread is its owner's alone; nobody else's request finds it. */
export class Threads extends Context.Service<Threads, {
  readonly create: (
    id: ThreadId,
    metadata: JsonObject,
    owner: Principal,
    ttl?: ThreadTtl | null
  ) => Eff<Thread, ThreadExists>
  readonly find: (id: ThreadId, principal: Principal) => Eff<Option.Option<Thread>>
  /** Without those of agents that other agents called, unless they are asked for (`asksForSubruns`). */
  readonly search: (query: ThreadSearch, principal: Principal) => Eff<Page<Thread>>
  readonly count: (filter: ThreadFilter, principal: Principal) => Eff<number>
  /** Merges metadata key by key; without a `ttl` the one that is there stays. */
  readonly patch: (
    id: ThreadId,
    metadata: JsonObject,
    principal: Principal,
    ttl?: ThreadTtl | null
  ) => Eff<Option.Option<Thread>>
  /** With its runs, their logs and checkpoints: nothing of it stays in any table, and what runs on it is stopped. */
  readonly delete: (id: ThreadId, principal: Principal) => Eff<boolean>
  /**
   * Clears away those of the threads that are the principal's, and answers how many. `keep_latest` leaves alone what a
   * run is active on.
   */
  readonly prune: (ids: ReadonlyArray<ThreadId>, strategy: PruneStrategy, principal: Principal) => Eff<number>
  /** The principal's own threads that ran on one assistant, and on no other. */
  readonly ranOn: (assistant: AssistantId, principal: Principal) => Eff<ReadonlyArray<ThreadId>>
  /** A new thread with the same metadata and all checkpoints of another. */
  readonly copy: (from: ThreadId, to: ThreadId, principal: Principal) => Eff<Option.Option<Thread>>
}>()("throughline/ports/Threads") {}
