import { PgClient } from "@effect/sql-pg"
import { Context, Deferred, Effect, Layer, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { jobOf, runQueue } from "../../src/adapters/postgres/RunJobs.ts"
import { RunId } from "../../src/domain/Run.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { type RunOffer, RunQueue } from "../../src/ports/RunQueue.ts"
import { connected, ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { child } from "./Child.ts"
import { queueReplica } from "./QueueReplica.ts"
import { atMost, type BenchOptions, quantiles, round, type Section, type Target } from "./Report.ts"

const newOffer = (rest: Partial<RunOffer> = {}): RunOffer => ({
  run_id: RunId.make(randomUUID()),
  thread_id: ThreadId.make(randomUUID()),
  run_at: new Date(0),
  turn: 1,
  home: null,
  ...rest
})

const replica = (url: Redacted.Redacted<string>) => Layer.build(queueReplica(url))

/** A database with nothing in it, on the bench's own server. */
const database = Effect.fnUntraced(function*(name: string) {
  const postgres = yield* EmbeddedPostgres
  const client = yield* connected(Redacted.value(postgres.url("postgres")))
  yield* Effect.promise(() => client.query(`create database ${name}`))
  return postgres.url(name)
})

const figures = (millis: ReadonlyArray<number>) => {
  const sorted = millis.toSorted((left, right) => left - right)
  return {
    p50: quantiles(millis).p50,
    p99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN,
    max: sorted.at(-1) ?? NaN
  }
}

/** How long after its time each offer was taken up, in ms; the transaction in which it was offered is part of it. */
const starts = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const url = yield* database("starts")
  const offering = yield* replica(url), working = yield* replica(url)
  const queue = Context.get(offering, RunQueue), sql = Context.get(offering, PgClient.PgClient)
  const begun = new Map<RunId, Deferred.Deferred<number>>()
  yield* Context.get(working, RunQueue).work({
    execute: ({ run_id }) =>
      Effect.suspend(() => {
        const mine = begun.get(run_id)
        return mine === undefined ? Effect.void : Deferred.succeed(mine, performance.now())
      }).pipe(Effect.as("done" as const)),
    stopRequests: () => Effect.succeed([])
  })
  const start = Effect.fnUntraced(function*(due: number) {
    const offer = newOffer()
    const mine = yield* Deferred.make<number>()
    begun.set(offer.run_id, mine)
    yield* sql.withTransaction(queue.offer(offer))
    return (yield* Deferred.await(mine)) - due
  })
  // Until both hear, and what is compiled and prepared is.
  for (let round = 0; round < 100; round++) yield* start(performance.now())

  const alone: Array<number> = []
  for (let round = 0; round < (quick ? 200 : 1000); round++) alone.push(yield* start(performance.now()))
  const each = 10, count = quick ? 200 : 2000, first = performance.now()
  const together = yield* Effect.forEach(
    Array.from({ length: count }, (_, index) => first + index * each),
    (due) => Effect.andThen(Effect.sleep(Math.max(0, due - performance.now())), start(due)),
    { concurrency: "unbounded" }
  )
  return { alone: figures(alone), together: figures(together) }
}, Effect.scoped)

const owner = "00000000-0000-4000-a000-000000000001"

/** No-op runs per second, created, claimed and settled by as many processes. */
const throughput = Effect.fnUntraced(function*(processes: number, { quick }: BenchOptions) {
  const url = yield* database(`throughput_${processes}`)
  // Makes the tables, and goes before the clock starts.
  yield* Effect.scoped(replica(url))
  const client = yield* connected(Redacted.value(url))
  const children = yield* Effect.forEach(
    Array.from({ length: processes }),
    () => child("./QueueChild.ts", [Redacted.value(url)])
  )
  const round = async (count: number) => {
    const made = await client.query<{ id: string }>(
      `insert into langgraph_server.threads (id, owner_id, metadata)
       select gen_random_uuid(), $1, '{}' from generate_series(1, $2) returning id`,
      [owner, count]
    )
    const threads = made.rows.map(({ id }) => id)
    const started = performance.now()
    await Promise.all(
      children.map(({ ask }, index) =>
        ask({ owner, atOnce: 8, threads: threads.filter((_, nth) => nth % processes === index) })
      )
    )
    for (;;) {
      const { rowCount } = await client.query(
        "select from langgraph_server.runs where status in ('pending', 'running') limit 1"
      )
      if (rowCount === 0) return count / ((performance.now() - started) / 1000)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return yield* Effect.promise(async () => {
    await round(500)
    const rounds: Array<number> = []
    for (let index = 0; index < 3; index++) rounds.push(await round(quick ? 500 : 2000))
    return { median: quantiles(rounds).p50, rounds }
  })
}, Effect.scoped)

/** What a whole server does to its database while nobody asks it for anything. */
const idle = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const nowhere = "http://127.0.0.1:9"
  yield* ownServer({ modelUrl: nowhere, databaseUrl: yield* worldDatabase("idle", nowhere) })
  // Another database's statements, so that none of the observer's count.
  const client = yield* connected(Redacted.value((yield* EmbeddedPostgres).url("postgres")))
  const seconds = quick ? 10 : 20
  return yield* Effect.promise(async () => {
    const committed = async () => {
      const { rows } = await client.query<{ count: number }>(
        "select (xact_commit + xact_rollback)::int as count from pg_stat_database where datname = 'idle'"
      )
      return rows[0]?.count ?? NaN
    }
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    await pause(5_000)
    const before = await committed()
    await pause(seconds * 1000)
    return (await committed() - before) / seconds
  })
}, Effect.scoped)

/** How long it takes to fetch a handful of 10,000, half of which go first and belong to another replica. */
const fetches = Effect.fnUntraced(function*() {
  const parts = yield* replica(yield* database("fetches"))
  const engine = Context.get(parts, JobEngine), sql = Context.get(parts, PgClient.PgClient)
  const offers = Array.from(
    { length: 10_000 },
    (_, index) => newOffer({ turn: index, home: index < 5_000 ? "another" : null })
  )
  const jobs = offers.map((offer) => ({
    ...jobOf(offer, 0),
    data: { run_id: offer.run_id, thread_id: offer.thread_id }
  }))
  yield* engine.ask((boss, db) => boss.insert(runQueue, jobs, { db }))
  yield* sql`analyze`
  const took: Array<number> = []
  for (let round = 0; round < 100; round++) {
    const start = performance.now()
    yield* engine.ask((boss, db) => boss.fetch(runQueue, { batchSize: 25, ignoreGroups: ["another"], db }))
    took.push(performance.now() - start)
  }
  return figures(took)
}, Effect.scoped)

const row = (what: string, { max, p50, p99 }: ReturnType<typeof figures>) => ({
  what,
  p50: `${round(p50)} ms`,
  p99: `${round(p99)} ms`,
  "or in all": `max ${round(max)} ms`
})

const atLeast = (name: string, value: number, limit: number, unit: string): Target => ({
  name,
  value: `${round(value)}${unit}`,
  limit: `≥ ${limit}${unit}`,
  met: value >= limit
})

const perSecond = (what: string, { rounds }: { readonly rounds: ReadonlyArray<number> }) => ({
  what,
  p50: "",
  p99: "",
  "or in all": rounds.map((rate) => Math.round(rate)).join(", ")
})

/** What the durable queue costs. */
export const queue = Effect.fnUntraced(
  function*(options: BenchOptions) {
    const started = yield* starts(options)
    const one = yield* throughput(1, options)
    const two = yield* throughput(2, options)
    const fetched = yield* fetches()
    const statements = yield* idle(options)
    return {
      title: "The queue of runs",
      arrangement:
        "Postgres with fsync. Starts: one replica offers, in a transaction, and another takes up, both in this process; "
        + "counted from when the offer was due.\nRuns: created, claimed and settled with their log's end by processes of "
        + "their own, 8 creations at a time each; three rounds. Idle: a whole server, transactions on its database.",
      rows: [
        row("offer to start, one at a time", started.alone),
        row("offer to start, 100 a second", started.together),
        row("fetch 25 of 10,000, half another's", fetched),
        perSecond("no-op runs/s, 1 process", one),
        perSecond("no-op runs/s, 2 processes", two),
        { what: "idle statements/s", p50: "", p99: "", "or in all": round(statements) }
      ],
      targets: [
        atMost("offer to start at 100 a second, p50", started.together.p50, 10, " ms"),
        atMost("offer to start at 100 a second, p99", started.together.p99, 30, " ms"),
        atLeast("no-op runs a second on 2 processes", two.median, 300, "/s"),
        atMost("idle statements a second of a server", statements, 12, "/s")
      ]
    } satisfies Section
  },
  // All that is connected to it goes before it does.
  Effect.scoped,
  Effect.provide(EmbeddedPostgres.layer({ maxConnections: 100 })),
  Effect.orDie
)
