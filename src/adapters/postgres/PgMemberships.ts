import { PgClient } from "@effect/sql-pg"
import { Cache, Effect, Exit, Layer, Schema } from "effect"
import { SqlError } from "effect/sql"
import { isUuid } from "../../domain/AssistantId.ts"
import { type Membership, OrganizationId, Role, type UserId } from "../../domain/Principal.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { orUnavailable, sqlState } from "./Database.ts"
import { decodeRows } from "./Values.ts"

const decodeMemberships = decodeRows(Schema.Struct({ organizationId: OrganizationId, role: Role }))

const nobodys: ReadonlyArray<Membership> = []

/** Looked up once for all who ask at the same time, and again after 30 s; a failure is not remembered. */
export const PgMemberships = Layer.effect(
  Memberships,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    /** Without the consumer's table there are no organisations, and everybody has their own assistants only. */
    const withoutTable = (error: SqlError.SqlError) =>
      sqlState(error) === "42P01"
        ? Effect.logWarning("public.organization_members is missing: nobody belongs to an organisation").pipe(
          Effect.as(nobodys)
        )
        : Effect.fail(error)

    // A role that we don't know grants nothing.
    const lookup = Effect.fn("Memberships.lookup")(
      (userId: UserId) =>
        decodeMemberships(sql`
          select m.organization_id::text as "organizationId", m.role::text as role
          from public.organization_members m
          where m.user_id = ${userId}::uuid
            and m.role::text in ('owner', 'admin', 'member')
          order by m.organization_id`),
      Effect.catchTag("SqlError", withoutTable),
      orUnavailable
    )

    const cache = yield* Cache.makeWith(lookup, {
      capacity: 10_000,
      timeToLive: (exit) => Exit.isSuccess(exit) ? "30 seconds" : "0 seconds"
    })

    return Memberships.of({
      // The consumer's user ids are UUIDs; whoever has another is in none of their organisations.
      principal: (userId) =>
        (isUuid(userId) ? Cache.get(cache, userId) : Effect.succeed(nobodys)).pipe(
          Effect.map((memberships) => ({ userId, memberships }))
        )
    })
  })
)
