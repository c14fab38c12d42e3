import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Schema, Stream } from "effect"
import { RunId } from "../../domain/Run.ts"
import { ThreadRuns } from "../../ports/ThreadRuns.ts"
import { orUnavailable } from "./Database.ts"
import { Signals } from "./Signals.ts"
import { startedAt, threadFollowers } from "./ThreadFollowers.ts"
import { decodeRows } from "./Values.ts"

const decodeLatest = decodeRows(Schema.Struct({
  run_id: RunId,
  nth: Schema.Int,
  graph_id: Schema.String,
  started: Schema.Number,
  active: Schema.Boolean,
  lastEventId: Schema.Int
}))

export const PgThreadRuns: Layer.Layer<ThreadRuns, never, PgClient.PgClient | Signals> = Layer.effect(
  ThreadRuns,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const runsAfter = yield* threadFollowers(sql, yield* Signals)

    return ThreadRuns.of({
      follow: (threadId, from, { userId }) =>
        Stream.paginate(from - 1, (after: number) =>
          Effect.map(runsAfter(threadId, userId, after), (found) => {
            const runs = Option.getOrElse(found, () => [])
            return [runs, Option.fromNullishOr(runs.at(-1)?.nth)] as const
          })),

      // By runs_nth, and the log's end by its primary key.
      latest: Effect.fn("ThreadRuns.latest")(function*(threadId, principal) {
        const rows = yield* decodeLatest(sql`
          select r.id as run_id, r.nth, r.graph_id, ${sql.literal(startedAt)} as started,
            r.status in ('pending', 'running') as active,
            coalesce(
              (
                select e.last_id
                from langgraph_server.run_events e
                where e.run_id = r.id
                order by e.first_id desc
                limit 1
              ),
              -1
            ) as "lastEventId"
          from langgraph_server.threads t
            join langgraph_server.runs r on r.thread_id = t.id
          where t.id = ${threadId} and t.owner_id = ${principal.userId} and r.nth is not null
          order by r.nth desc
          limit 1`)
        return Array.head(rows)
      }, orUnavailable)
    })
  })
)
