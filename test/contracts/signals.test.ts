import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Logger, PubSub, Redacted, Scope } from "effect"
import { Client } from "pg"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { Signal, Signals } from "../../src/adapters/postgres/Signals.ts"
import { RunId } from "../../src/domain/Run.ts"
import { gate } from "../support/Gate.ts"
import { inTime } from "../support/InTime.ts"
import { freshDatabase } from "../support/TestDatabase.ts"

const runId = (n: number) => RunId.make(`01990000-0000-7000-8000-${String(n).padStart(12, "0")}`)
const stop = (n: number) => Signal.Stop({ runId: runId(n), action: "interrupt" })
const news = (...ns: ReadonlyArray<number>) => Signal.News({ from: "", runIds: ns.map(runId) })

/** A process of its own: its pool, its line. */
const replica = Effect.fnUntraced(function*(
  url: Redacted.Redacted<string>,
  { aloneAfter, directUrl = url, layers = Layer.empty }: {
    readonly aloneAfter?: Duration.Duration
    readonly directUrl?: Redacted.Redacted<string>
    readonly layers?: Layer.Layer<never>
  } = {}
) {
  const parts = yield* Layer.build(
    Layer.fresh(Signals.layer({ directUrl, ...(aloneAfter === undefined ? {} : { aloneAfter }) })).pipe(
      Layer.provideMerge(Layer.fresh(databaseLayer({ url, poolSize: 3 }))),
      Layer.provide(layers)
    )
  )
  const signals = yield* Effect.provide(Signals, parts)
  const sql = yield* Effect.provide(PgClient.PgClient, parts)
  return { signals, sql, heard: yield* signals.subscribe }
})

/** How long it took, in ms, until it was so. */
const until = Effect.fnUntraced(function*<E>(what: string, is: Effect.Effect<boolean, E>, most: number) {
  const start = performance.now()
  while (!(yield* is)) {
    if (performance.now() - start > most) return assert.fail(`Not within ${most} ms: ${what}`)
    yield* Effect.sleep("10 millis")
  }
  return performance.now() - start
})

const hears = ({ signals }: { readonly signals: typeof Signals.Service }) =>
  until("it is listening", signals.listening, 30_000)

/** What is heard next, but for `Listening`. */
const next = (heard: PubSub.Subscription<Signal>): Effect.Effect<Signal> =>
  PubSub.take(heard).pipe(
    Effect.repeat({ while: ({ _tag }) => _tag === "Listening" }),
    Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.die(new Error("Nothing was heard")) })
  )

const nothing = Effect.fnUntraced(function*(heard: PubSub.Subscription<Signal>) {
  yield* Effect.sleep("150 millis")
  const rest = PubSub.remainingUnsafe(heard)
  assert.deepStrictEqual(rest._tag === "Some" ? rest.value : rest._tag, 0, "signals that were not to be heard")
})

/** The process ids of the lines on a server, but for the one asked with. */
const lines = (sql: PgClient.PgClient) =>
  sql<{ pid: number }>`
    select pid from pg_stat_activity
    where application_name = 'throughline signals' and datname = current_database()
    order by pid`.pipe(Effect.map((rows) => rows.map(({ pid }) => pid)))

/** Whatever is told on a database, by whomever. */
const observed = Effect.fnUntraced(function*(url: Redacted.Redacted<string>) {
  const all: Array<string> = []
  const observer = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client({ connectionString: Redacted.value(url) })
      await client.connect()
      await client.query("listen langgraph_server")
      return client.on("notification", ({ payload = "" }) => all.push(payload))
    }),
    (client) => Effect.promise(() => client.end())
  )
  return { all, observer }
})

/** Everything that was logged, with its level. */
const recorder = () => {
  const logged: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    logged.push(`${logLevel} ${String(message)}`)
  })
  return { logged, layers: Logger.layer([logger]) }
}

describe("Signals", inTime, () => {
  it.live("are heard by every replica, in the order in which they were told", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const one = yield* replica(url)
      const other = yield* replica(url)
      yield* Effect.all([hears(one), hears(other)])
      assert.notStrictEqual(one.signals.replica, other.signals.replica)
      const told = [
        Signal.Wake(),
        stop(1),
        Signal.Stop({ runId: runId(2), action: "rollback" }),
        news(3, 4),
        Signal.News({ from: one.signals.replica, runIds: [runId(5)] })
      ]
      yield* one.signals.tell(told)
      yield* one.signals.tell([])
      yield* one.signals.tell([stop(6)])
      for (const { heard } of [one, other]) {
        assert.deepStrictEqual(
          yield* Effect.forEach([...told, stop(6)], () => next(heard)),
          [...told, stop(6)]
        )
      }
    }))

  it.live("are heard when the transaction commits, and never when it doesn't", () =>
    Effect.gen(function*() {
      const { heard, signals, sql } = yield* Effect.tap(replica(yield* freshDatabase), hears)
      yield* sql.withTransaction(signals.tell([stop(1)]).pipe(Effect.andThen(Effect.fail("no")))).pipe(Effect.flip)
      assert.deepStrictEqual(yield* PubSub.take(heard), Signal.Listening())
      yield* nothing(heard)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* signals.tell([stop(2)])
        yield* nothing(heard)
        yield* signals.tell([Signal.Wake()])
      }))
      assert.deepStrictEqual([yield* next(heard), yield* next(heard)], [stop(2), Signal.Wake()])
      yield* nothing(heard)
    }))

  it.live("take a thousand runs at once", () =>
    Effect.gen(function*() {
      const { heard, signals } = yield* Effect.tap(replica(yield* freshDatabase), hears)
      const runIds = Array.from({ length: 1000 }, (_, n) => runId(n))
      yield* signals.tell([Signal.News({ from: signals.replica, runIds }), Signal.Wake()])
      const found: Array<RunId> = []
      for (;;) {
        const signal = yield* next(heard)
        if (signal._tag !== "News") break
        assert.strictEqual(signal.from, signals.replica)
        found.push(...signal.runIds)
      }
      assert.deepStrictEqual(found, runIds)
    }))

  it.live("don't mind what another version tells", () =>
    Effect.gen(function*() {
      const { heard, signals, sql } = yield* Effect.tap(replica(yield* freshDatabase), hears)
      const id = runId(1)
      const strange = [
        "",
        "wake up",
        "agents are gone",
        "agents ",
        "stop",
        `stop perhaps ${id}`,
        `stop interrupt ${id},${id}`,
        "stop interrupt 7",
        `stop interrupt ${id} now`,
        "news",
        "news  ",
        `news ${id}`,
        `news  ${id},`,
        "ping",
        "{\"wake\":true}",
        `dance ${id}`
      ]
      yield* sql`select pg_notify('langgraph_server', payload) from unnest(${strange}::text[]) as payload`
      yield* sql`select pg_notify('another_channel', 'wake')`
      yield* signals.tell([stop(1)])
      assert.deepStrictEqual(yield* next(heard), stop(1))
      assert.isTrue(yield* signals.listening)
    }))

  it.live("are heard again soon after the connection was terminated, which subscribers are told", () =>
    Effect.gen(function*() {
      const { layers, logged } = recorder()
      const { heard, signals, sql } = yield* Effect.tap(replica(yield* freshDatabase, { layers }), hears)
      assert.deepStrictEqual(logged, [], "hearing is nothing to talk about")
      assert.deepStrictEqual(yield* PubSub.take(heard), Signal.Listening())
      for (let round = 0; round < 3; round++) {
        const [pid] = yield* lines(sql)
        yield* sql`select pg_terminate_backend(${pid})`
        yield* until("the loss is known", Effect.map(signals.listening, (is) => !is), 10_000)
        const took = yield* until("it listens again", signals.listening, 20_000)
        assert.deepStrictEqual(yield* PubSub.take(heard), Signal.Listening())
        yield* signals.tell([stop(round)])
        assert.deepStrictEqual(yield* next(heard), stop(round))
        console.log(`heard again ${Math.round(took)} ms after the connection was terminated`)
      }
      assert.lengthOf(logged.filter((line) => line.startsWith("Warn")), 3, logged.join("\n"))
      assert.lengthOf(logged.filter((line) => line.startsWith("Info")), 3, logged.join("\n"))
    }))

  it.live("are heard again within ten seconds after the connection fell silent", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const way = yield* gate(url)
      const { heard, signals, sql } = yield* Effect.tap(replica(url, { directUrl: way.url }), hears)
      const before = yield* lines(sql)
      yield* way.freeze
      const noticed = yield* until("the silence is noticed", Effect.map(signals.listening, (is) => !is), 10_000)
      const took = yield* until("it listens again", signals.listening, 20_000)
      yield* PubSub.takeAll(heard)
      yield* signals.tell([stop(1)])
      assert.deepStrictEqual(yield* next(heard), stop(1))
      const after = yield* lines(sql)
      assert.isTrue(after.some((pid) => !before.includes(pid)), "a new connection")
      console.log(`silence noticed after ${Math.round(noticed)} ms, heard again ${Math.round(took)} ms later`)
    }))

  it.live("are heard again within ten seconds after every connection fell silent", () =>
    Effect.gen(function*() {
      const way = yield* gate(yield* freshDatabase)
      const one = yield* Effect.tap(replica(way.url), hears)
      yield* way.freeze
      const noticed = yield* until("the silence is noticed", Effect.map(one.signals.listening, (is) => !is), 10_000)
      const took = yield* until("it listens again", one.signals.listening, 20_000)
      console.log(`all silent: noticed after ${Math.round(noticed)} ms, heard again ${Math.round(took)} ms later`)
    }))

  it.live("still count as heard while every ordinary connection is busy", () =>
    Effect.gen(function*() {
      const { layers, logged } = recorder()
      const { signals, sql } = yield* Effect.tap(replica(yield* freshDatabase, { layers }), hears)
      const busy = sql.withTransaction(sql`select pg_sleep(11)`)
      yield* Effect.forEach([1, 2, 3], () => busy, { concurrency: 3 })
      assert.isTrue(yield* signals.listening)
      assert.deepStrictEqual(logged, [])
    }))

  it.live("start without a database, say so once, and are heard when it comes", () =>
    Effect.gen(function*() {
      const { layers, logged } = recorder()
      const way = yield* gate(yield* freshDatabase)
      yield* way.close
      const one = yield* replica(way.url, { layers })
      yield* Effect.sleep("1 second")
      assert.isFalse(yield* one.signals.listening)
      assert.strictEqual((yield* Effect.flip(one.signals.tell([Signal.Wake()])))._tag, "SqlError")
      assert.lengthOf(logged, 1, logged.join("\n"))
      yield* way.open
      yield* hears(one)
      yield* one.signals.tell([Signal.Wake()])
      assert.deepStrictEqual(yield* next(one.heard), Signal.Wake())
    }))

  it.live("are told to nobody by a replica that is alone, but for stops, and again once there is another", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const { all } = yield* observed(url)
      // Longer than signs of life are apart, and short enough to wait for.
      const aloneAfter = Duration.seconds(4)
      const one = yield* Effect.tap(replica(url, { aloneAfter }), hears)
      const told = () => all.filter((payload) => !payload.includes("ping")).map((payload) => payload.split(" ")[1])
      yield* one.signals.tell([Signal.Wake()])
      yield* Effect.sleep("4500 millis")
      assert.deepStrictEqual(told(), ["wake"])
      yield* one.signals.tell([Signal.Wake(), stop(1), news(2)])
      yield* one.signals.hint([news(3)])
      yield* until("the stop is told", Effect.sync(() => told().length > 1), 20_000)
      yield* Effect.sleep("200 millis")
      assert.deepStrictEqual(told(), ["wake", "stop"])
      assert.deepStrictEqual(
        yield* Effect.forEach([1, 2, 3, 4, 5], () => next(one.heard)),
        [Signal.Wake(), Signal.Wake(), stop(1), news(2), news(3)],
        "it hears itself all the same"
      )

      const other = yield* Effect.tap(replica(url, { aloneAfter }), hears)
      // Of its first sign of life the one may hear a moment later than itself.
      yield* until(
        "it is told",
        Effect.andThen(one.signals.tell([Signal.Wake()]), Effect.sync(() => told().length > 2)),
        20_000
      )
      yield* one.signals.hint([news(4)])
      assert.deepStrictEqual(yield* next(other.heard), Signal.Wake())
      const last = yield* next(other.heard).pipe(Effect.repeat({ while: ({ _tag }) => _tag === "Wake" }))
      assert.deepStrictEqual(last, news(4))
    }))

  it.live("cost a statement in three seconds, and leave nothing behind", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const { all, observer } = yield* observed(url)
      const open = Effect.promise(() =>
        observer.query("select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
          .then(({ rowCount }) => rowCount ?? 0)
      )
      const scope = yield* Scope.make()
      const begun = performance.now()
      yield* Effect.tap(replica(url), hears).pipe(Scope.provide(scope))
      yield* Effect.sleep("7 seconds")
      const seconds = (performance.now() - begun) / 1000
      assert.isAtMost(all.length, 1 + Math.floor(seconds / 3), `told in ${seconds} s: ${all.join(", ")}`)
      assert.strictEqual(yield* open, 2, "its line, and a connection for pings")
      const start = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - start, 300, "ms to say goodbye")
      yield* until("its connections are gone", Effect.map(open, (count) => count === 0), 20_000)
    }))
})
