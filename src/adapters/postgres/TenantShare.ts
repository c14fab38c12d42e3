import type { PgClient } from "@effect/sql-pg"
import type { RunPolicy } from "../../ports/RunPolicy.ts"

/** What a tenant has of the workers: so many runs at a time, and its turn among the others. Of a tenant that is SQL. */
export const tenantShare = (sql: PgClient.PgClient, { concurrentPerTenant }: RunPolicy["Service"]) => ({
  /**
   * By runs_offered: never more rows than the share, and those that are not due yet. `besides`: more, unseen as yet;
   * `gone`: the id of one that has ended, seen or not.
   */
  hasShare: (tenant: string, { besides = "0", gone = "null" } = {}) =>
    sql.literal(`${besides} + (
      select count(*)
      from langgraph_server.runs o
      where o.tenant = ${tenant}
        and o.status in ('pending', 'running')
        and o.offered_at is not null
        and o.run_at <= clock_timestamp()
        and o.id is distinct from ${gone}
    ) < ${concurrentPerTenant}`),

  /** By runs_offered and runs_turn. */
  turn: (tenant: string) =>
    sql.literal(`1 + greatest(
      (
        select max(o.turn)
        from langgraph_server.runs o
        where o.tenant = ${tenant} and o.status = 'pending' and o.offered_at is not null
      ),
      (
        select min(o.turn)
        from langgraph_server.runs o
        where o.status = 'pending' and o.offered_at is not null and o.turn > 0
      ) - 1,
      0
    )`)
})
