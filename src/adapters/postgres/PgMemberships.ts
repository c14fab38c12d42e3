import { PgClient } from "@effect/sql-pg"
import { Cache, Clock, Effect, Exit, Layer, Option } from "effect"
import { isUuid } from "../../domain/AssistantId.ts"
import type { Membership, UserId } from "../../domain/Principal.ts"
import { AgentsUnreadable, servedUnread } from "../../domain/Staleness.ts"
import { AgentSightings } from "../../ports/AgentSightings.ts"
import { AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { noteStale } from "../../ports/StaleAnswers.ts"
import { membershipsOf } from "./AgentStatements.ts"
import { briefReads, orUnreadable } from "./BriefReads.ts"
import { failsWith, orUnavailable } from "./Database.ts"
import { latest } from "./Latest.ts"
import { MembershipRow } from "./MembershipRow.ts"
import { decodeRows } from "./Values.ts"

const decodeMemberships = decodeRows(MembershipRow)

const nobodys: ReadonlyArray<Membership> = []

/** People whose memberships are remembered for the time in which they can't be read. */
const capacity = 10_000

interface Known {
  readonly memberships: ReadonlyArray<Membership>
  readonly at: Date
}

interface Found {
  readonly memberships: ReadonlyArray<Membership>
  /** Since when they are not known better. */
  readonly staleSince: Date | null
}

/**
 * Looked up once for all who ask at the same time, and again after 2 s; a failure is not remembered. While the table can't be
 * read a person has what they last had, for as long as an assistant may serve without its agent's row.
 */
export const PgMemberships = Layer.effect(
  Memberships,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const briefly = briefReads(sql)
    const { allowedSeconds } = yield* AgentSightings
    const lastKnown = latest<UserId, Known>(capacity)

    /** Without the consumer's table there are no organisations, and everybody has their own assistants only. */
    const isMissing = failsWith("42P01")

    const withoutTable = Effect.logWarning(
      "public.organization_members is missing: nobody belongs to an organisation beyond what was known before"
    ).pipe(Effect.andThen(Effect.fail(new AgentTablesUnreadable({ missing: ["table public.organization_members"] }))))

    const unread = Effect.fnUntraced(function*(userId: UserId, error: AgentTablesUnreadable) {
      const known = lastKnown.get(userId)
      const now = new Date(yield* Clock.currentTimeMillis)
      const served = servedUnread(Option.fromUndefinedOr(known?.at), now, allowedSeconds)
      if (known !== undefined && served._tag === "Stale") {
        return { memberships: known.memberships, staleSince: served.since } satisfies Found
      }
      if (error.missing.length > 0) return { memberships: nobodys, staleSince: null } satisfies Found
      return yield* new AgentsUnreadable({
        why: error.message,
        tooOld: { since: known?.at ?? null, allowedSeconds }
      })
    })

    const lookup = Effect.fn("Memberships.lookup")(
      function*(userId: UserId) {
        const at = new Date(yield* Clock.currentTimeMillis)
        const memberships = yield* briefly(decodeMemberships(membershipsOf(sql, userId))).pipe(
          Effect.catchIf(isMissing, () => withoutTable),
          orUnreadable
        )
        lastKnown.keep(userId, { memberships, at })
        return { memberships, staleSince: null } satisfies Found
      },
      (found, userId) => Effect.catchTag(found, "AgentTablesUnreadable", (error) => unread(userId, error)),
      (found) => orUnavailable(found)
    )

    const cache = yield* Cache.makeWith(lookup, {
      capacity,
      timeToLive: (exit) => Exit.isSuccess(exit) && exit.value.staleSince === null ? "2 seconds" : "0 seconds"
    })

    return Memberships.of({
      // The consumer's user ids are UUIDs; whoever has another is in none of their organisations.
      principal: Effect.fnUntraced(function*(userId) {
        if (!isUuid(userId)) return { userId, memberships: nobodys }
        const { memberships, staleSince } = yield* Cache.get(cache, userId)
        if (staleSince !== null) yield* noteStale(staleSince)
        return { userId, memberships }
      })
    })
  })
)
