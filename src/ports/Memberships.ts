import type { Effect } from "effect"
import { Context } from "effect"
import type { Principal, UserId } from "../domain/Principal.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

/** Which organisations a person belongs to, from the database, at most 30 s old. */
export class Memberships extends Context.Service<Memberships, {
  readonly principal: (userId: UserId) => Effect.Effect<Principal, StorageUnavailable>
}>()("throughline/ports/Memberships") {}
