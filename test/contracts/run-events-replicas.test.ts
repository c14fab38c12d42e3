import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Schedule, type Scope, Stream } from "effect"
import { createServer, Socket } from "node:net"
import type { RunClaim } from "../../src/domain/Run.ts"
import { afterAll, RunEvents } from "../../src/ports/RunEvents.ts"
import { gate } from "../support/Gate.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { batch, from, LoggedRuns, migrated, readAll, replica, type ReplicaOptions, started } from "./event-logs.ts"

const fresh = Effect.tap(freshDatabase, migrated)

const join = <A, E>(fiber: Fiber.Fiber<A, E>) => Fiber.join(fiber).pipe(Effect.timeout("90 seconds"))

/** A process of its own for as long as the test. */
const other = (url: Redacted.Redacted<string>, options: ReplicaOptions = {}) => Layer.build(replica(url, options))

/** A test's work on a replica of a database. */
const onReplica = <A, E>(
  work: (
    url: Redacted.Redacted<string>
  ) => Effect.Effect<A, E, RunEvents | LoggedRuns | PgClient.PgClient | Scope.Scope>,
  options: ReplicaOptions = {}
) => Effect.flatMap(fresh, (url) => Effect.provide(work(url), replica(url, options)))

/** Tells as a model does, a little at a time. */
const tell = (claim: RunClaim, count: number, perTick: number) =>
  Effect.gen(function*() {
    const events = yield* RunEvents
    for (let at = 0; at < count; at += perTick) {
      yield* events.publish(claim, from(at, at + perTick))
      yield* Effect.sleep("2 millis")
    }
    yield* events.flush(claim.run_id)
  })

/** A way to a database on which every third commit is carried out and never answered. */
const unanswered = (database: Redacted.Redacted<string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const target = new URL(Redacted.value(database))
      const state = { flushes: 0, cut: 0, armed: false }
      const server = createServer((inward) => {
        const outward = new Socket().connect(Number(target.port), target.hostname)
        for (const socket of [inward, outward]) socket.on("error", () => socket.destroy())
        inward.on("data", (data) => {
          outward.write(data)
          const flush = state.armed && data.includes("insert into langgraph_server.run_events")
          if (!flush || ++state.flushes % 3 !== 0) return
          state.cut++
          outward.unpipe(inward)
          setTimeout(() => [inward, outward].forEach((socket) => socket.destroy()), 20)
        }).on("close", () => outward.destroy())
        outward.pipe(inward)
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const address = server.address()
      const through = new URL(target)
      through.port = String(typeof address === "object" && address !== null ? address.port : 0)
      return { state, server, url: Redacted.make(through.href) }
    }),
    ({ server }) => Effect.sync(() => server.close())
  )

const cutAll = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`
})

describe("RunEvents between replicas", () => {
  it.live("a reader elsewhere gets everything as it is told", () =>
    onReplica((url) =>
      Effect.gen(function*() {
        const { claim, run, runId, runs } = yield* started
        const elsewhere = Context.get(yield* other(url), RunEvents)
        const readers = yield* Effect.forEach(
          [-1, 500, afterAll],
          (after) => Effect.forkChild(readAll(elsewhere, runId, after))
        )
        yield* tell(claim, 1_000, 10)
        yield* runs.end(run, batch(1_000))
        const [all, half, none] = yield* Effect.forEach(readers, join)
        assert.deepStrictEqual(all, from(0, 1_001))
        assert.deepStrictEqual(half, from(501, 1_001))
        assert.deepStrictEqual(none, [])
      })
    ))

  it.live("a reader who was told that nothing has begun yet finds what has all the same, elsewhere and ended", () =>
    onReplica((url) =>
      Effect.gen(function*() {
        const { claim, run, runId, runs } = yield* started
        const elsewhere = Context.get(yield* other(url), RunEvents)
        const guess = { begun: false }
        const events = yield* RunEvents
        yield* tell(claim, 50, 10)
        const reader = yield* Effect.forkChild(Stream.runCollect(elsewhere.read(runId, -1, guess)))
        yield* events.publish(claim, from(50, 100))
        yield* events.flush(runId)
        yield* runs.end(run, batch(100))
        assert.deepStrictEqual(yield* join(reader), from(0, 101))
        const late = elsewhere.read(runId, -1, guess)
        assert.deepStrictEqual(yield* Effect.timeout(Stream.runCollect(late), "20 seconds"), from(0, 101))
      })
    ))

  it.live(
    "loses and doubles nothing while the connections of all are cut again and again",
    () =>
      onReplica((url) =>
        Effect.gen(function*() {
          const { claim, run, runId, runs } = yield* started
          const elsewhere = Context.get(yield* other(url), RunEvents)
          const near = yield* Effect.forkChild(readAll(yield* RunEvents, runId))
          const far = yield* Effect.forkChild(Stream.runCollect(elsewhere.read(runId, -1)))
          const cuts = yield* cutAll.pipe(
            Effect.delay("150 millis"),
            Effect.ignore,
            Effect.forever,
            Effect.provide(replica(url)),
            Effect.forkChild
          )
          yield* tell(claim, 6_000, 10)
          yield* Fiber.interrupt(cuts)
          yield* runs.end(run, batch(6_000)).pipe(Effect.retry({ times: 50, schedule: Schedule.spaced("200 millis") }))
          assert.deepStrictEqual(yield* join(far), from(0, 6_001))
          assert.deepStrictEqual(yield* join(near), from(0, 6_001))
        })
      ),
    240_000
  )

  it.live("a flush that nobody answered is not written twice", () =>
    Effect.gen(function*() {
      const real = yield* fresh
      const { state, url } = yield* unanswered(real)
      yield* Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        const near = yield* Effect.forkChild(Stream.runCollect(events.read(runId, -1)))
        state.armed = true
        for (let at = 0; at < 150; at += 10) {
          yield* events.publish(claim, from(at, at + 10))
          yield* events.flush(runId)
        }
        state.armed = false
        yield* runs.end(run, [])
        assert.isAbove(state.cut, 3, `${state.flushes} flushes`)
        assert.deepStrictEqual(yield* join(near), from(0, 150))
        assert.deepStrictEqual(yield* readAll(events, runId), from(0, 150))
      }).pipe(Effect.provide(replica(url, { pooled: true })))
    }), 240_000)

  it.live(
    "waits for a database that is away for two seconds in midstream, on both sides",
    () =>
      Effect.gen(function*() {
        const real = yield* fresh
        const { close, open, url } = yield* gate(real)
        yield* Effect.gen(function*() {
          const { claim, run, runId, runs } = yield* started
          const elsewhere = Context.get(yield* other(url), RunEvents)
          const far = yield* Effect.forkChild(Stream.runCollect(elsewhere.read(runId, -1)))
          const near = yield* Effect.forkChild(Stream.runCollect((yield* RunEvents).read(runId, -1)))
          const telling = yield* Effect.forkChild(tell(claim, 6_000, 10))
          yield* Effect.sleep("500 millis")
          yield* close
          yield* Effect.sleep("2 seconds")
          yield* open
          yield* join(telling)
          yield* runs.end(run, batch(6_000))
          assert.deepStrictEqual(yield* join(far), from(0, 6_001))
          assert.deepStrictEqual(yield* join(near), from(0, 6_001))
        }).pipe(Effect.provide(replica(url)))
      }),
    240_000
  )

  it.live("five hundred readers, near and far, share a pool of five connections with everybody else", () =>
    onReplica((url) =>
      Effect.gen(function*() {
        const here = yield* RunEvents
        const elsewhere = Context.get(yield* other(url, { poolSize: 5 }), RunEvents)
        const runs = yield* Effect.forEach(Array.from({ length: 25 }), () => started)
        const readers = yield* Effect.forEach(
          runs.flatMap(({ runId }) => Array.from({ length: 20 }, (_, index) => ({ runId, index }))),
          ({ index, runId }) =>
            Effect.forkChild(Stream.runCollect((index % 2 === 0 ? here : elsewhere).read(runId, index - 5)))
        )
        yield* Effect.sleep("200 millis")
        yield* Effect.forEach(runs, ({ claim }) => tell(claim, 200, 5), { concurrency: "unbounded" })
        // Whoever else needs the database is not kept waiting.
        const sql = yield* PgClient.PgClient
        yield* sql`select 1`.pipe(Effect.timeout("20 seconds"))
        yield* Effect.forEach(runs, ({ run, runs }) => runs.end(run, []), { concurrency: 3 })
        for (const [index, reader] of readers.entries()) {
          assert.deepStrictEqual(yield* join(reader), from(Math.max(0, index % 20 - 4), 200))
        }
      }), { poolSize: 5 }))

  it.live("takes over a log where another replica has left it, whose late words are void", () =>
    onReplica((url) =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        yield* events.publish(claim, batch(0, 1))
        yield* events.flush(runId)
        const heir = Context.get(yield* other(url), RunEvents)
        const second = yield* runs.claim(run)
        const reader = yield* Effect.forkChild(readAll(heir, runId))
        yield* heir.publish(second, batch(2, 3))
        yield* events.publish(claim, batch(-1))
        yield* events.flush(runId)
        yield* heir.flush(runId)
        yield* events.publish(claim, batch(-2))
        yield* runs.end(run, batch(4))
        assert.deepStrictEqual(yield* join(reader), from(0, 5))
      })
    ))

  it.live("a flush that comes while another replica claims the run is void once that has committed", () =>
    onReplica((url) =>
      Effect.gen(function*() {
        const { claim, events, run, runId, runs } = yield* started
        yield* events.publish(claim, batch(0))
        yield* events.flush(runId)
        const bystander = yield* started
        const elsewhere = yield* other(url)
        const sql = Context.get(elsewhere, PgClient.PgClient)
        const flushed = yield* Context.get(elsewhere, LoggedRuns).claim(run).pipe(
          Effect.andThen(Effect.gen(function*() {
            yield* events.publish(claim, batch(-1))
            const flushed = yield* Effect.forkDetach(events.flush(runId), { startImmediately: true })
            yield* events.publish(bystander.claim, batch(0))
            yield* events.flush(bystander.runId).pipe(Effect.timeout("20 seconds"))
            yield* Effect.sleep("200 millis")
            assert.isUndefined(flushed.pollUnsafe(), "decided before the claim was")
            return flushed
          })),
          sql.withTransaction
        )
        yield* Fiber.join(flushed).pipe(Effect.timeout("30 seconds"))
        yield* runs.end(run, batch(1))
        assert.deepStrictEqual(yield* readAll(events, runId), from(0, 2))
      })
    ))
})
