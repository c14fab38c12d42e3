import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { JobInsertion } from "../../src/adapters/postgres/JobInsertion.ts"
import { RunId } from "../../src/domain/Run.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { Runs } from "../../src/ports/Runs.ts"
import { inTime } from "../support/InTime.ts"
import { desk, newOffer, workerOf } from "./queued-runs.ts"
import { bossQueue } from "./run-replicas.ts"
import { create, newRun, replica, runDatabase, runId, withThread } from "./run-world.ts"

/** All that pg-boss keeps of a job, but for whose it is and the moment at which it was made. */
const jobOf = Effect.fnUntraced(function*(id: RunId) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ readonly data: unknown; readonly rest: unknown }>`
    select j.data, to_jsonb(j) - 'id' - 'data' - 'created_on' - 'start_after' - 'keep_until' as rest
    from langgraph_queue.job j
    where j.id = ${id}`
  return row
})

/** The contracts of runs hold in both ways, of whatever queue there is; of pg-boss, that its jobs are the same. */
it.live("a run's job is the same by a statement of its own as by a call of pg-boss", () =>
  Effect.gen(function*() {
    const url = yield* runDatabase
    yield* Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* RunQueue
      yield* queue.work(workerOf(() => Effect.never))
      const insertion = yield* Effect.flatMap(Effect.serviceOption(JobInsertion), Effect.fromOption)
      const jobs = yield* Effect.flatMap(insertion.of("offered"), Effect.fromOption)

      for (const offer of [newOffer({ turn: 7 }), newOffer({ turn: 2 ** 31, home: "another replica" })]) {
        const { home, run_at, thread_id, turn } = offer
        const run_id = RunId.make(newOffer().run_id)
        // Nobody fetches what is not committed.
        const why = yield* sql.withTransaction(Effect.gen(function*() {
          yield* queue.offer(offer)
          yield* sql`
            with
              offered as (
                select
                  ${run_id}::uuid as run_id, ${thread_id}::uuid as thread_id, ${run_at}::timestamptz as run_at,
                  ${turn}::bigint as turn, ${home}::text as home
              ),
              job as (${jobs})
            select`
          const called = Option.fromUndefinedOr(yield* jobOf(offer.run_id))
          const stated = Option.fromUndefinedOr(yield* jobOf(run_id))
          assert.isTrue(Option.isSome(called))
          assert.deepStrictEqual(Option.map(stated, ({ rest }) => rest), Option.map(called, ({ rest }) => rest))
          assert.deepStrictEqual(Option.map(stated, ({ data }) => data), Option.some({ run_id, thread_id }))
          return yield* Effect.fail("enough")
        })).pipe(Effect.flip)
        assert.strictEqual(why, "enough")
      }
    }).pipe(Effect.scoped, Effect.provide(replica(url, {}, bossQueue(url)), { local: true }))
  }), inTime)

it.live("a run that is made within a transaction is taken up as soon as that is through", () =>
  Effect.gen(function*() {
    const url = yield* runDatabase
    yield* Effect.gen(function*() {
      const runs = yield* Runs
      const at = yield* desk
      yield* (yield* RunQueue).work(at.worker)
      yield* withThread
      yield* runs.together(Effect.gen(function*() {
        yield* create(newRun(1))
        yield* Effect.sleep("500 millis")
        assert.strictEqual(yield* at.unseen, 0)
      }))
      const through = performance.now()
      assert.strictEqual((yield* at.next).run_id, runId(1))
      // Whoever is not told looks every two seconds.
      assert.isBelow(performance.now() - through, 1000, "ms until it was taken up")
    }).pipe(Effect.scoped, Effect.provide(replica(url, {}, bossQueue(url)), { local: true }))
  }), inTime)
