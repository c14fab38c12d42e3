import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule, type Scope, Stream } from "effect"
import { RunLogs } from "../../src/adapters/postgres/RunLogs.ts"
import type { RunId } from "../../src/domain/Run.ts"
import { resultEvent, RunEvents } from "../../src/ports/RunEvents.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import {
  batch,
  follow,
  from,
  LoggedRuns,
  migrated,
  readAll,
  replica,
  type ReplicaOptions,
  started
} from "./event-logs.ts"

const alone = <A, E>(
  work: Effect.Effect<A, E, RunEvents | LoggedRuns | RunLogs | PgClient.PgClient | Scope.Scope>,
  options: ReplicaOptions = {}
) =>
  Effect.gen(function*() {
    const url = yield* freshDatabase
    yield* migrated(url)
    return yield* Effect.provide(work, replica(url, options))
  })

/** In ms: as if nobody could wait longer. */
const flushEvery = 300

const rowsOf = Effect.fnUntraced(function*(runId: RunId) {
  const sql = yield* PgClient.PgClient
  return yield* sql<{ readonly first_id: number; readonly last_id: number; readonly ended: boolean }>`
    select first_id, last_id, ended from langgraph_server.run_events where run_id = ${runId} order by first_id`
})

describe("PgRunEvents", () => {
  it.live("writes one row for each run and flush", () =>
    alone(
      Effect.gen(function*() {
        const events = yield* RunEvents
        const runs = yield* Effect.forEach(Array.from({ length: 5 }), () => started)
        const begun = performance.now()
        // The first three go at once, the rest together.
        yield* Effect.forEach(from(0, 100), (event) =>
          Effect.forEach(runs, ({ claim }) => events.publish(claim, [event])))
        yield* Effect.forEach(runs, ({ runId }) =>
          events.flush(runId), { concurrency: "unbounded" })
        const flushes = 5 + Math.floor((performance.now() - begun) / flushEvery)
        for (const { run, runId, runs: { end } } of runs) {
          yield* end(run, [])
          const rows = yield* rowsOf(runId)
          assert.isAtMost(rows.length, flushes, JSON.stringify(rows))
          assert.deepInclude(rows.at(-1), { first_id: 100, last_id: 99, ended: true })
          assert.deepStrictEqual(yield* readAll(events, runId), from(0, 100))
        }
      }),
      { flushEvery }
    ))

  it.live("an end in a transaction that is rolled back leaves nothing", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { claim, events, run, runId, runs } = yield* started
      yield* events.publish(claim, batch(0))
      yield* events.flush(runId)
      yield* runs.end(run, batch(-1)).pipe(Effect.andThen(Effect.fail("rolled back")), sql.withTransaction, Effect.flip)
      assert.lengthOf(yield* rowsOf(runId), 1)
      const reader = yield* follow(events, runId)
      assert.strictEqual(yield* reader.next, 0)
      yield* events.publish(claim, batch(1))
      assert.strictEqual(yield* reader.next, 1)
      yield* runs.end(run, [])
      yield* reader.ended
    })))

  it.live("a run that nobody knows has nothing to tell, and one that vanishes ends its readers", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { claim, events, run, runId } = yield* started
      const unknown = yield* started
      yield* sql`delete from langgraph_server.threads where id = ${unknown.run.thread_id}`
      assert.deepStrictEqual(yield* readAll(events, unknown.runId), [])
      yield* events.publish(claim, batch(0))
      const reader = yield* follow(events, runId)
      assert.strictEqual(yield* reader.next, 0)
      yield* sql`delete from langgraph_server.threads where id = ${run.thread_id}`
      yield* sql`delete from langgraph_server.run_events where thread_id = ${run.thread_id}`
      yield* reader.ended
    })))

  it.live("a run that has ended without telling ends its readers", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { claim, events, runId } = yield* started
      yield* events.publish(claim, batch(0))
      yield* events.flush(runId)
      yield* sql`update langgraph_server.runs set status = 'error' where id = ${runId}`
      assert.deepStrictEqual(yield* readAll(events, runId), from(0, 1))
    })))

  it.live("the log of a stateless run is read to its end when the run is gone", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { claim, events, run, runId, runs } = yield* started
      const reader = yield* Effect.forkChild(readAll(events, runId))
      yield* events.publish(claim, batch(0))
      yield* events.flush(runId)
      yield* runs.end(run, batch(1)).pipe(
        Effect.andThen(sql`delete from langgraph_server.threads where id = ${run.thread_id}`),
        sql.withTransaction
      )
      assert.deepStrictEqual(yield* Fiber.join(reader), from(0, 2))
      assert.deepStrictEqual(yield* readAll(events, runId), from(0, 2))
    })))

  it.live("what the database could not keep as it is loses that, and costs the others nothing", () =>
    alone(Effect.gen(function*() {
      const { claim, events, run, runId, runs } = yield* started
      const other = yield* started
      yield* events.publish(claim, [{ event: "cus\ntom", data: "{\n\"a\":\0\"\ud800\"}" }])
      yield* events.publish(other.claim, batch(0))
      yield* Effect.all([events.flush(runId), events.flush(other.runId)])
      yield* runs.end(run, [{ event: "e", data: "x\0\ny" }])
      assert.deepStrictEqual(yield* readAll(events, runId), [
        { id: 0, event: "cus tom", data: "{ \"a\":\"\ufffd\"}" },
        { id: 1, event: "e", data: "x y" }
      ])
      assert.lengthOf(yield* rowsOf(other.runId), 1)
    })))

  it.live("what the database refuses of one run does not hold up another", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { claim, events, run, runId, runs } = yield* started
      const other = yield* started
      yield* sql`alter table langgraph_server.run_events add check (events not like '%forbidden%')`
      yield* events.publish(claim, [{ event: "values", data: "forbidden" }])
      yield* events.publish(other.claim, batch(0))
      yield* Effect.all([events.flush(runId), events.flush(other.runId)]).pipe(Effect.timeout("30 seconds"))
      yield* events.publish(claim, batch(1))
      yield* events.flush(runId)
      yield* runs.end(run, [])
      assert.deepStrictEqual((yield* readAll(events, runId)).map(({ event, id }) => [id, event]), [
        [0, "error"],
        [1, "values"]
      ])
      assert.lengthOf(yield* rowsOf(other.runId), 1)
    })))

  it.live("publishing waits while the database is too slow for it, and no longer", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { claim, events, run, runId, runs } = yield* started
      const large = Array.from({ length: 10 }, () => ({ event: "values", data: "x".repeat(200_000) }))
      const telling = yield* sql`lock table langgraph_server.run_events in exclusive mode`.pipe(
        Effect.andThen(Effect.gen(function*() {
          const telling = yield* Effect.forkDetach(
            Effect.forEach(Array.from({ length: 10 }), (_, index) => Effect.as(events.publish(claim, large), index)),
            { startImmediately: true }
          )
          yield* Effect.sleep("300 millis")
          assert.isUndefined(telling.pollUnsafe(), "20 MB were taken in while nothing could be written")
          return telling
        })),
        sql.withTransaction
      )
      yield* Fiber.join(telling).pipe(Effect.timeout("60 seconds"))
      yield* events.flush(runId)
      yield* runs.end(run, [])
      assert.lengthOf(yield* readAll(events, runId), 100)
    })))

  it.live("an event larger than could be read again ends the stream, and a result like that is left out", () =>
    alone(Effect.gen(function*() {
      const { claim, events, run, runId, runs } = yield* started
      const largest = { event: "values", data: "x".repeat(8_000_000) }
      const tooLarge = { event: resultEvent, data: "x".repeat(9_000_000) }
      yield* events.publish(claim, [largest, largest, tooLarge, largest])
      yield* events.flush(runId)
      yield* runs.end(run, [tooLarge, { event: "last", data: "{}" }])
      const read = yield* readAll(events, runId)
      assert.deepStrictEqual(read.map(({ event }) => event), ["values", "values", "error", "last"])
    })))

  it.live("a reader that stops reading is given the rest when it comes back, in pieces", () =>
    alone(Effect.gen(function*() {
      const { claim, events, run, runId, runs } = yield* started
      const seen: Array<number> = []
      const slow = yield* events.read(runId, -1).pipe(
        Stream.runForEach(({ id }) => Effect.delay(Effect.sync(() => seen.push(id)), seen.length < 3 ? 500 : 0)),
        Effect.forkChild({ startImmediately: true })
      )
      for (let id = 0; id < 300; id++) {
        yield* events.publish(claim, [{ event: "values", data: "x".repeat(5_000) }])
        if (id % 3 === 0) yield* events.flush(runId)
      }
      yield* events.flush(runId)
      yield* runs.end(run, [])
      yield* Fiber.join(slow).pipe(Effect.timeout("60 seconds"))
      assert.deepStrictEqual(seen, from(0, 300).map(({ id }) => id))
    })))
})

describe("RunLogs", () => {
  const ended = Effect.gen(function*() {
    const { claim, events, run, runId, runs } = yield* started
    yield* events.publish(claim, batch(0))
    yield* events.flush(runId)
    yield* runs.end(run, [])
    return { run, runId }
  })

  const aged = Effect.fnUntraced(function*(runId: RunId, minutes: number) {
    const sql = yield* PgClient.PgClient
    yield* sql`
      update langgraph_server.run_events
      set created_at = created_at - make_interval(mins => ${minutes})
      where run_id = ${runId}`
  })

  const left = Effect.fnUntraced(function*(logs: ReadonlyArray<{ readonly runId: RunId }>) {
    const counts = yield* Effect.forEach(logs, ({ runId }) => rowsOf(runId))
    return counts.map((rows) => rows.length > 0)
  })

  const keepAll = { keptFor: Duration.days(1), keptRuns: 1_000 }

  it.live("forgets logs some time after their end, and none that is open", () =>
    alone(Effect.gen(function*() {
      const { forgetOld } = yield* RunLogs
      const logs = [yield* ended, yield* ended]
      const open = yield* started
      yield* open.events.publish(open.claim, batch(0))
      yield* open.events.flush(open.runId)
      for (const { runId } of [...logs.slice(0, 1), open]) yield* aged(runId, 90)
      assert.strictEqual(yield* forgetOld({ ...keepAll, keptFor: Duration.hours(1) }), 1)
      assert.deepStrictEqual(yield* left([...logs, open]), [false, true, true])
      assert.deepStrictEqual(yield* readAll(open.events, logs[0]?.runId ?? open.runId), [])
    })))

  it.live("keeps the newest of many, and removes the rest in pieces", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { forgetOld } = yield* RunLogs
      const logs = yield* Effect.forEach([30, 20, 10, 0], (minutes) =>
        Effect.tap(ended, ({ runId }) => aged(runId, minutes)))
      yield* sql`
        insert into langgraph_server.run_events (
          run_id, first_id, last_id, attempt, thread_id, owner_id, events, log_bytes
        )
        select run_id, n, n, 1, thread_id, owner_id, '', 0
        from langgraph_server.run_events, generate_series(2, 7_000) n
        where run_id = ${logs[0]?.runId ?? ""} and first_id = 0`
      assert.strictEqual(yield* forgetOld({ ...keepAll, keptRuns: 2 }), 2)
      assert.deepStrictEqual(yield* left(logs), [false, false, true, true])
      assert.strictEqual(yield* forgetOld({ ...keepAll, keptRuns: 2 }), 0)
    })))

  it.live("forgets a log a minute after its run is gone, whether it has ended or not", () =>
    alone(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { forgetOld } = yield* RunLogs
      const open = yield* started
      yield* open.events.publish(open.claim, batch(0))
      yield* open.events.flush(open.runId)
      const logs = [yield* ended, yield* ended, open, yield* ended]
      for (const { run } of logs.slice(0, 3)) {
        yield* sql`delete from langgraph_server.threads where id = ${run.thread_id}`
      }
      for (const { runId } of logs.slice(1)) yield* aged(runId, 2)
      assert.strictEqual(yield* forgetOld(keepAll), 2)
      assert.deepStrictEqual(yield* left(logs), [true, false, false, true])
    })))

  it.live("a reader in the midst of a log that goes ends", () =>
    alone(Effect.gen(function*() {
      const { forgetOld } = yield* RunLogs
      const { claim, events, run, runId, runs } = yield* started
      for (let id = 0; id < 200; id++) {
        yield* events.publish(claim, [{ event: "values", data: "x".repeat(20_000) }])
        if (id % 10 === 0) yield* events.flush(runId)
      }
      yield* events.flush(runId)
      yield* runs.end(run, [])
      const reader = yield* events.read(runId, -1).pipe(
        Stream.schedule(Schedule.spaced("20 millis")),
        Stream.runCount,
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.sleep("100 millis")
      yield* forgetOld({ ...keepAll, keptRuns: 0 })
      assert.isBelow(yield* Fiber.join(reader).pipe(Effect.timeout("60 seconds")), 200)
    })))
})
