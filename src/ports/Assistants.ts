import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { StoredAssistant, SyncPlan } from "../domain/AgentSync.ts"
import type {
  Assistant,
  AssistantContent,
  AssistantExists,
  AssistantId,
  AssistantVersion
} from "../domain/Assistant.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Principal } from "../domain/Principal.ts"
import type { SyncScope } from "../domain/SyncScope.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

export type SortOrder = "asc" | "desc"

export interface AssistantFilter {
  readonly graph_id?: string
  /** Part of the name, in any case. */
  readonly name?: string
  /** Metadata that contains this. */
  readonly metadata?: JsonObject
}

export interface AssistantSearch extends AssistantFilter {
  readonly limit: number
  readonly offset: number
  readonly sort_by: "assistant_id" | "graph_id" | "name" | "created_at" | "updated_at"
  readonly sort_order: SortOrder
}

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** How many there are on all pages together. */
  readonly total: number
}

type Eff<A, E = never> = Effect.Effect<A, E | StorageUnavailable>

/** Where assistants are kept. What a principal can't see is not there: `Option.none`, absent from lists and counts. */
export class Assistants extends Context.Service<Assistants, {
  readonly find: (id: AssistantId, principal: Principal) => Eff<Option.Option<Assistant>>
  readonly search: (query: AssistantSearch, principal: Principal) => Eff<Page<Assistant>>
  readonly count: (filter: AssistantFilter, principal: Principal) => Eff<number>
  /** Keeps the given id; never touches one that is there. */
  readonly create: (id: AssistantId, content: AssistantContent, owner: Principal) => Eff<Assistant, AssistantExists>
  /**
   * Writes the owner's content as a new version, unless it equals the present one. `none`: not there, or not the
   * principal's own.
   */
  readonly update: (
    id: AssistantId,
    change: (present: AssistantContent) => AssistantContent,
    owner: Principal
  ) => Eff<Option.Option<Assistant>>
  /** Makes an earlier version's content the present one, as it was, under its own number. */
  readonly restore: (id: AssistantId, version: number, owner: Principal) => Eff<Option.Option<Assistant>>
  readonly delete: (id: AssistantId, owner: Principal) => Eff<boolean>
  readonly versions: (
    id: AssistantId,
    query: { readonly limit: number; readonly offset: number; readonly metadata?: JsonObject },
    principal: Principal
  ) => Eff<ReadonlyArray<AssistantVersion>>
}>()("throughline/ports/Assistants") {}

/** The server's own side of the same store: no caller's request reaches it without a rule in between. */
export class SyncedAssistants extends Context.Service<SyncedAssistants, {
  /** The default assistants of the graphs that this server has. */
  readonly putGraphDefaults: (defaults: ReadonlyMap<string, AssistantId>) => Eff<void>
  /** What is synced in a scope, retired ones included, and whatever else holds one of the ids. */
  readonly stored: (scope: SyncScope, ids: ReadonlyArray<AssistantId>) => Eff<ReadonlyArray<StoredAssistant>>
  /** Carries a plan out: a fixed number of statements, all of it or nothing, joined to `AgentSource.exclusively`. */
  readonly apply: (plan: SyncPlan) => Eff<void>
}>()("throughline/ports/SyncedAssistants") {}
