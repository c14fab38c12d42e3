import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import { organizationsOf, type Principal } from "../../domain/Principal.ts"

/**
 * `canSee` of domain/Visibility.ts for the rows `a` of `assistants`; a property test holds the two together.
 * Each branch has a partial index of its own (assistants_graph, assistants_owner, assistants_organization), which a
 * BitmapOr joins: what others have costs nothing.
 */
export const visibleTo = (sql: PgClient.PgClient, principal: Principal): Statement.Fragment =>
  sql`(
    a.source = 'graph'
    or (a.source = 'member' and a.owner_id = ${principal.userId})
    or (
      a.source = 'agent'
      and a.retired_at is null
      and a.organization_id = any(${organizationsOf(principal)}::uuid[])
      and (a.personal_to is null or a.personal_to = ${principal.userId})
    )
  )`
