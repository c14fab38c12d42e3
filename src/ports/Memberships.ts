import type { Effect } from "effect"
import { Context } from "effect"
import type { Principal, UserId } from "../domain/Principal.ts"
import type { AgentsUnreadable } from "../domain/Staleness.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/**
 * Which organisations a person belongs to, from the database, at most 2 s old: what lists and a person's own things are asked
 * for with. Whether an agent may be used is decided by what `AgentSource.seenBy` reads with its row.
 */
export class Memberships extends Context.Service<Memberships, {
  readonly principal: (userId: UserId) => Effect.Effect<Principal, AgentsUnreadable | StorageUnavailable>
}>()("throughline/ports/Memberships") {}
