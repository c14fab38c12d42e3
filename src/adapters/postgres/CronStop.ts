import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import { stopped } from "../../domain/CronTicks.ts"

/** Ends the crons of the assistants in `from`, a table of a statement's own, and says why. By crons_assistant. */
export const stopCrons = (sql: PgClient.PgClient, from: string, why: string): Statement.Fragment => {
  const { enabled, last_error, next_run_date } = stopped(why)
  return sql`
    update langgraph_server.crons c
    set
      enabled = ${enabled}, next_run_at = ${next_run_date}::timestamptz, last_error = ${last_error},
      revision = revision + 1, updated_at = now()
    from ${sql.literal(from)} f
    where c.assistant_id = f.id and c.enabled`
}
