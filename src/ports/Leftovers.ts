import type { Effect } from "effect"
import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"
import type { Healing, Leftover } from "../domain/Leftover.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A> = Effect.Effect<A, StorageUnavailable>

/** Assistants that an older runtime or front end left beside the agents' own. Joined to `AgentSource.exclusively`. */
export class Leftovers extends Context.Service<Leftovers, {
  /** Those of these agents; in a transaction nobody changes them meanwhile. */
  readonly of: (agents: ReadonlyArray<AssistantId>) => Eff<ReadonlyArray<Leftover>>
  /** Re-points and removes as decided, all of it or nothing; answers what has moved, by where it was. */
  readonly heal: (
    healings: ReadonlyArray<Healing>
  ) => Eff<ReadonlyMap<AssistantId, { readonly threads: number; readonly crons: number }>>
}>()("throughline/ports/Leftovers") {}
