import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import type { SyncScope } from "../../domain/SyncScope.ts"

/** The rows `a` of a sync's scope, which say their organisation. */
export const inScope = (sql: PgClient.PgClient, scope: SyncScope): Statement.Fragment => {
  switch (scope._tag) {
    case "None":
      return sql`false`
    case "All":
      return sql`true`
    case "Organizations":
      return sql`a.organization_id = any(${scope.ids}::uuid[])`
  }
}
