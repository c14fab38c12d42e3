import { Context, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { Migrator } from "effect/sql"
import { randomUUID } from "node:crypto"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { migrations } from "../../src/adapters/postgres/migrations/all.ts"
import { PgRunEvents } from "../../src/adapters/postgres/PgRunEvents.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import { RunId } from "../../src/domain/Run.ts"
import { RunEvents } from "../../src/ports/RunEvents.ts"
import { connected } from "../support/OwnWorld.ts"
import { atMost, type BenchOptions, quantiles, round, type Section } from "./Report.ts"

const runs = 20
const perSecond = 1_000
/** As large as a token of a model is with what LangGraph puts around it. */
const filling = "x".repeat(180)

const replica = (url: Redacted.Redacted<string>) =>
  Layer.build(Layer.fresh(
    PgRunEvents().pipe(
      Layer.provide(Signals.layer({ directUrl: url })),
      Layer.provide(databaseLayer({ url, poolSize: 4 }))
    )
  )).pipe(Effect.map(Context.get(RunEvents)))

/** Our tables, and runs that are being executed. */
const prepared = Effect.fnUntraced(function*(url: Redacted.Redacted<string>) {
  const client = yield* connected(Redacted.value(url))
  yield* Effect.promise(() => client.query("create schema if not exists langgraph_server"))
  yield* Effect.provide(
    Effect.asVoid(
      Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: "langgraph_server.migrations" })
    ),
    databaseLayer({ url, poolSize: 1 })
  )
  const ids = Array.from({ length: runs }, () => RunId.make(randomUUID()))
  yield* Effect.promise(() =>
    client.query(
      `with thread as (
        insert into langgraph_server.threads (id, owner_id, metadata)
        select id, 'owner', '{}' from unnest($1::uuid[]) as id
      )
      insert into langgraph_server.runs (
        id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, status, attempt, metadata, request,
        configuration, multitask_strategy
      )
      select id, id, 'a', 'agent', 1, 'owner', 't', 'running', 1, '{}', '{}', '{}', 'enqueue'
      from unnest($1::uuid[]) as id`,
      [ids]
    )
  )
  return { client, ids }
})

/** Each event at its time, to a timer's exactness; it says when that was. */
const produce = (events: RunEvents["Service"], ids: ReadonlyArray<RunId>, count: number, start: number) =>
  Effect.gen(function*() {
    let told = 0
    while (told < count) {
      const due = Math.min(count, Math.floor((performance.now() - start) * perSecond / 1000))
      for (; told < due; told++) {
        const run_id = ids[told % runs]
        if (run_id === undefined) continue
        const at = start + told * 1000 / perSecond
        yield* events.publish({ run_id, attempt: 1 }, [{ event: "messages", data: JSON.stringify([at, filling]) }])
      }
      yield* Effect.sleep("1 millis")
    }
  })

/** How long after its time each event comes, and how many came out of order. */
const delays = (events: RunEvents["Service"], runId: RunId, count: number) =>
  events.read(runId, -1).pipe(
    Stream.take(count),
    Stream.map(({ data }) => performance.now() - Number(/^\[([\d.]+)/.exec(data)?.[1])),
    Stream.runCollect,
    Effect.forkChild
  )

const figures = (millis: ReadonlyArray<number>) => {
  const sorted = millis.toSorted((left, right) => left - right)
  return { p50: quantiles(millis).p50, p99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN }
}

/** What a reader waits for a token, on the replica that executes the run and on another. */
export const events = Effect.fnUntraced(
  function*({ quick }: BenchOptions) {
    const url = (yield* EmbeddedPostgres).url("postgres")
    const { client, ids } = yield* prepared(url)
    const here = yield* replica(url)
    const there = yield* replica(url)
    const count = (quick ? 3 : 20) * perSecond
    yield* Effect.sleep("500 millis")

    const question = "select sum(xact_commit)::int as commits from pg_stat_database where datname = 'postgres'"
    const commits = Effect.promise(async () => {
      await client.query("select pg_stat_force_next_flush()")
      const { rows } = await client.query<{ commits: number }>(question)
      return rows[0]?.commits ?? NaN
    })
    const before = yield* commits
    const readers = yield* Effect.forEach(
      ids,
      (runId) => Effect.all([delays(here, runId, count / runs), delays(there, runId, count / runs)])
    )
    const start = performance.now()
    yield* produce(here, ids, count, start)
    const [near, far] = [0, 1].map((side) => readers.flatMap((pair) => pair[side] ?? []))
    const joined = yield* Effect.forEach(
      [near ?? [], far ?? []],
      (fibers) => Effect.map(Effect.forEach(fibers, Fiber.join), (each) => figures(each.flat()))
    ).pipe(Effect.timeout("60 seconds"))
    const seconds = (performance.now() - start) / 1000
    yield* Effect.sleep("1100 millis")
    const after = yield* commits
    const written = yield* Effect.promise(async () => {
      const { rows } = await client.query<{ rows: number }>(
        "select count(*)::int as rows from langgraph_server.run_events"
      )
      return rows[0]?.rows ?? NaN
    })
    const [local, remote] = joined
    return {
      title: "From a model's token to a reader's stream",
      arrangement:
        `${perSecond} events of 200 bytes a second, of ${runs} runs, for ${count / perSecond} s; a reader of each `
        + "run on either replica; Postgres with fsync. Counted from when an event was due.",
      rows: [["same replica", local] as const, ["another replica", remote] as const].map(([reader, of]) => ({
        "reader on the": reader,
        "p50 ms": round(of?.p50 ?? NaN),
        "p99 ms": round(of?.p99 ?? NaN),
        "events/s": round(count / seconds),
        "rows/s": round(written / seconds),
        "commits/s, readers' too": round((after - before) / seconds)
      })),
      targets: [atMost("p50 on another replica", remote?.p50 ?? NaN, 25, " ms")]
    } satisfies Section
  },
  // All that is connected to it goes before it does.
  Effect.scoped,
  Effect.provide(EmbeddedPostgres.layer({ maxConnections: 50 })),
  Effect.orDie
)
