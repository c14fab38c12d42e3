import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { RunClaim, RunOvertaken } from "../domain/Run.ts"
import type { InvalidStoreItem, Namespace, StoreItem } from "../domain/StoreItem.ts"
import type { StoreActor, StoreReadOnly } from "../domain/StoreScope.ts"
import type { EmbeddingFailed } from "./Embeddings.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** Which item, in the actor's words. */
export interface StoreAddress {
  readonly namespace: Namespace
  readonly key: string
}

export type StoreWrite =
  | (StoreAddress & {
    readonly _tag: "Put"
    readonly value: JsonObject
    /** Paths of what can be searched by meaning; null: as configured; false: nothing. */
    readonly index: ReadonlyArray<string> | false | null
    /** Minutes until it goes; null: never; undefined: as configured. */
    readonly ttl: number | null | undefined
  })
  | (StoreAddress & { readonly _tag: "Delete" })

export interface StoreSearch {
  readonly prefix: Namespace
  readonly filter: JsonObject
  /** What it is about, for items that are indexed. */
  readonly query: string | null
  readonly limit: number
  readonly offset: number
  /** Whether what is found has its time anew; null: as configured. */
  readonly refresh: boolean | null
}

export interface FoundItem extends StoreItem {
  /** How near to the query, 1 at most; null: not ranked. */
  readonly score: number | null
}

/** `*` in a prefix or suffix stands for any one label. */
export interface NamespaceQuery {
  readonly prefix: Namespace
  readonly suffix: Namespace
  readonly maxDepth: number | null
  readonly limit: number
  readonly offset: number
}

/** Whose run writes: once it is another worker's, every write is `RunOvertaken`. */
export interface StoreWriter {
  readonly claim: RunClaim
  readonly assistant: AssistantId
}

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

/**
 * What people and graphs keep beyond a thread. Graphs and the API share it; whose an item is follows from the actor
 * (domain/StoreScope.ts), never from what a caller writes.
 */
export class Store extends Context.Service<Store, {
  readonly get: (
    address: StoreAddress,
    refresh: boolean | null,
    actor: StoreActor
  ) => Eff<Option.Option<StoreItem>, InvalidStoreItem>
  readonly search: (
    query: StoreSearch,
    actor: StoreActor
  ) => Eff<ReadonlyArray<FoundItem>, InvalidStoreItem | EmbeddingFailed>
  readonly namespaces: (
    query: NamespaceQuery,
    actor: StoreActor
  ) => Eff<ReadonlyArray<Namespace>, InvalidStoreItem>
  /** All of them or none. */
  readonly write: (
    writes: ReadonlyArray<StoreWrite>,
    actor: StoreActor
  ) => Eff<void, InvalidStoreItem | StoreReadOnly | EmbeddingFailed>
  /** The same for a run, as long as it is its worker's. */
  readonly writeInRun: (
    writes: ReadonlyArray<StoreWrite>,
    actor: StoreActor,
    writer: StoreWriter
  ) => Eff<void, InvalidStoreItem | StoreReadOnly | EmbeddingFailed | RunOvertaken>
}>()("throughline/ports/Store") {}
