import type { PgClient } from "@effect/sql-pg"
import type { RunId } from "../../domain/Run.ts"

/**
 * Held while a run is being created, and asked for before it is taken up: a queue may hand a run out while the
 * transaction that made its row is still open, and must not find nothing there.
 */
export const lockRun = (sql: PgClient.PgClient, runId: RunId) =>
  sql`select from pg_advisory_xact_lock(hashtextextended(${runId}, 0))`

/**
 * Locks a run's thread. Whoever writes runs locks their thread first and looks afterwards, in a statement of its own:
 * nobody waits in a circle, and what else is active on the thread is known as of now.
 */
export const lockThreadOf = (sql: PgClient.PgClient, runId: RunId) =>
  sql`
    select t.id
    from langgraph_server.threads t
    where t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${runId})
    for update`
