import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer, Schema } from "effect"
import { RunId } from "../../domain/Run.ts"
import type { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { orUnavailable } from "./Database.ts"
import { decodeRows } from "./Values.ts"

export interface Retention {
  /** How long a log is kept after its end. */
  readonly keptFor: Duration.Duration
  /** How many ended ones are kept; the oldest go first. */
  readonly keptRuns: number
}

/** What a statement removes at most, so that none takes long. */
const rowsAtOnce = 5_000
const logsAtOnce = 500

const decodeRunIds = decodeRows(Schema.Struct({ run_id: RunId }))
const decodeCounts = decodeRows(Schema.Struct({ rows: Schema.Int, logs: Schema.Int }))

/** The logs of runs, as something that must not grow for ever. */
export class RunLogs extends Context.Service<RunLogs, {
  /**
   * Removes logs that ended too long ago, the oldest of too many, and after a minute those whose run is gone. Answers how
   * many that were. A reader in the midst of one ends.
   */
  readonly forgetOld: (retention: Retention) => Effect.Effect<number, StorageUnavailable>
}>()("throughline/adapters/postgres/RunLogs") {
  static readonly layer: Layer.Layer<RunLogs, never, PgClient.PgClient> = Layer.effect(
    RunLogs,
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient

      /** By run_events_ended and run_events_first. */
      const old = ({ keptFor, keptRuns }: Retention) =>
        decodeRunIds(sql`
          (
            select e.run_id
            from langgraph_server.run_events e
            where e.ended and e.created_at < now() - make_interval(secs => ${Duration.toSeconds(keptFor)})
            order by e.created_at
            limit ${logsAtOnce}
          )
          union
          (
            select e.run_id
            from langgraph_server.run_events e
            where e.ended
            order by e.created_at desc, e.run_id desc
            offset ${keptRuns}
            limit ${logsAtOnce}
          )
          union
          (
            select f.run_id
            from langgraph_server.run_events f
            where f.first_id = 0
              and f.created_at < now() - interval '1 minute'
              and not exists (select from langgraph_server.runs r where r.id = f.run_id)
              and not exists (
                select
                from langgraph_server.run_events e
                where e.run_id = f.run_id and e.created_at >= now() - interval '1 minute'
              )
            limit ${logsAtOnce}
          )`)

      /** Those rows last by which the rest is found, should we not get to it. */
      const remove = (runIds: ReadonlyArray<RunId>) =>
        decodeCounts(sql`
          with gone as (
            delete from langgraph_server.run_events
            where (run_id, first_id) in (
              select e.run_id, e.first_id
              from langgraph_server.run_events e
              where e.run_id = any(${runIds}::uuid[])
              order by e.ended, e.first_id desc
              limit ${rowsAtOnce}
            )
            returning first_id
          )
          select count(*)::int as rows, (count(*) filter (where first_id = 0))::int as logs
          from gone`)

      return RunLogs.of({
        forgetOld: Effect.fn("RunLogs.forgetOld")(function*(retention) {
          let logs = 0
          for (let found = yield* old(retention); found.length > 0; found = yield* old(retention)) {
            const runIds = found.map(({ run_id }) => run_id)
            let rows = rowsAtOnce
            while (rows === rowsAtOnce) {
              const [gone] = yield* remove(runIds)
              rows = gone?.rows ?? 0
              logs += gone?.logs ?? 0
            }
          }
          return logs
        }, orUnavailable)
      })
    })
  )
}
