import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit, Layer, Option, Schema } from "effect"
import { PruneStrategy, ThreadId } from "../../domain/Thread.ts"
import { Housekeeping } from "../../ports/Housekeeping.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { checkpoints } from "./Checkpoints.ts"
import { orUnavailable } from "./Database.ts"
import { housekeepingQueue, longestRound, roundEvery } from "./HousekeepingQueue.ts"
import { idleThreads } from "./IdleThreads.ts"
import { JobEngine } from "./JobEngine.ts"
import { threadRemoval } from "./ThreadRemoval.ts"
import { decodeRows } from "./Values.ts"

const decodeDue = decodeRows(Schema.Struct({ thread_id: ThreadId, strategy: PruneStrategy }))

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

      const idle = idleThreads(sql)

      /** By threads_updated and crons_thread. The one place that says when a thread has had its time: no tick is to come. */
      const untouched = (seconds: number) =>
        sql`
          t.updated_at < now() - make_interval(secs => ${seconds})
          and not exists (
            select from langgraph_server.crons c where c.thread_id = t.id and c.next_run_at is not null
          )`

      /** By threads_due. The one place that says when a thread has had its own time; pruned it has it anew when touched. */
      const due = sql`
        t.ttl_minutes is not null
        and (t.updated_at at time zone 'UTC') + t.ttl_minutes * interval '1 minute' < now() at time zone 'UTC'
        and (t.ttl_strategy = 'delete' or t.pruned_at is null or t.pruned_at < t.updated_at)`

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
            const threads = yield* idle.locked(untouched(Duration.toSeconds(untouchedFor)), batch)
            if (threads.length > 0) {
              yield* remove(threads)
            }
            return threads.length
          },
          sql.withTransaction,
          orUnavailable
        ),

        endDueThreads: Effect.fn("Housekeeping.endDueThreads")(
          function*(batch) {
            const threads = yield* idle.locked(due, batch)
            const strategies = yield* decodeDue(sql`
              select t.id as thread_id, t.ttl_strategy as strategy
              from langgraph_server.threads t
              where t.id = any(${threads}::uuid[])`)
            const by = (wanted: PruneStrategy) =>
              strategies.filter(({ strategy }) =>
                strategy === wanted
              ).map(({ thread_id }) => thread_id)
            const [deleted, pruned] = [by("delete"), by("keep_latest")]
            if (deleted.length > 0) yield* remove(deleted)
            if (pruned.length > 0) {
              yield* checkpoints(sql).keepLatest(pruned)
              yield* sql`update langgraph_server.threads set pruned_at = now() where id = any(${pruned}::uuid[])`
            }
            return threads.length
          },
          sql.withTransaction,
          orUnavailable
        ),

        removeExpiredItems: Effect.fn("Housekeeping.removeExpiredItems")(function*(batch) {
          // By store_expires. One that is locked is being written, perhaps with a time anew.
          const gone = yield* sql`
            delete from langgraph_server.store
            where id in (
              select i.id
              from langgraph_server.store i
              where i.expires_at <= clock_timestamp()
              order by i.expires_at
              limit ${batch}
              for update skip locked
            )
            returning id`
          return gone.length
        }, orUnavailable),

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
