import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit, Layer, Option, Schema } from "effect"
import { ThreadId } from "../../domain/Thread.ts"
import { Housekeeping } from "../../ports/Housekeeping.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { orUnavailable } from "./Database.ts"
import { housekeepingQueue, longestRound, roundEvery } from "./HousekeepingQueue.ts"
import { JobEngine } from "./JobEngine.ts"
import { threadRemoval } from "./ThreadRemoval.ts"
import { decodeRows } from "./Values.ts"

const decodeThreads = decodeRows(Schema.Struct({ thread_id: ThreadId }))

export interface HousekeepingOptions {
  readonly roundEverySeconds?: number
}

export const PgHousekeeping = ({ roundEverySeconds = roundEvery }: HousekeepingOptions = {}) =>
  Layer.effect(
    Housekeeping,
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const engine = yield* JobEngine
      const remove = threadRemoval(sql, yield* RunQueue)

      /** By threads_updated. The one place that says when a thread has had its time. */
      const untouched = (seconds: number) => sql`t.updated_at < now() - make_interval(secs => ${seconds})`

      return Housekeeping.of({
        inTurn: Effect.fnUntraced(function*(round) {
          // The queue keeps one for each stretch of time, whoever sends it: nothing to remember, nothing to hand on.
          const due = { singletonSeconds: roundEverySeconds }
          yield* engine.ask((boss, db) => boss.send(housekeepingQueue, null, { ...due, db }))
          const [job] = yield* engine.ask((boss, db) => boss.fetch(housekeepingQueue, { db }))
          if (job === undefined) return Option.none()
          const held = { id: job.id, retryCount: job.retryCount }
          return yield* Effect.onExit(Effect.timeoutOption(round, Duration.seconds(longestRound)), (exit) =>
            engine.ask((boss, db) =>
              Exit.isSuccess(exit)
                ? boss.complete(housekeepingQueue, held, null, { db })
                : boss.fail(housekeepingQueue, held, null, { db })
            ))
        }),

        removeUntouchedThreads: Effect.fn("Housekeeping.removeUntouchedThreads")(
          function*(untouchedFor, batch) {
            // One that is locked is in use. Whatever happened to it since the look is seen when its lock is there.
            const candidates = yield* decodeThreads(sql`
              select t.id as thread_id
              from langgraph_server.threads t
              where ${untouched(Duration.toSeconds(untouchedFor))}
                and t.status <> 'busy'
                and not exists (
                  select
                  from langgraph_server.runs r
                  where r.thread_id = t.id and r.status in ('pending', 'running')
                )
              order by t.updated_at
              limit ${batch}
              for update of t skip locked`)
            if (candidates.length === 0) {
              return 0
            }
            // Now that no run comes to them any more: one may have come between the look and the lock.
            const idle = yield* decodeThreads(sql`
              select t.id as thread_id
              from langgraph_server.threads t
              where t.id = any(${
              candidates.map(({ thread_id }) => thread_id)
            }::uuid[])
                and not exists (
                  select
                  from langgraph_server.runs r
                  where r.thread_id = t.id and r.status in ('pending', 'running')
                )`)
            if (idle.length > 0) yield* remove(idle.map(({ thread_id }) => thread_id))
            return idle.length
          },
          sql.withTransaction,
          orUnavailable
        ),

        forgetReplicas: Effect.fn("Housekeeping.forgetReplicas")(function*(silentFor) {
          // A handful of rows: no index.
          const gone = yield* sql`
            delete from langgraph_server.replicas
            where renewed_at < now() - make_interval(secs => ${Duration.toSeconds(silentFor)})
            returning id`
          return gone.length
        }, orUnavailable)
      })
    })
  )
