import type { PgClient } from "@effect/sql-pg"
import type { RunClaim } from "../../domain/Run.ts"

/** Whether a run `r` is still that claim's: what it does otherwise is void. */
export const isClaims = (sql: PgClient.PgClient, { attempt, run_id }: RunClaim) =>
  sql`r.id = ${run_id} and r.attempt = ${attempt} and r.status = 'running'`
