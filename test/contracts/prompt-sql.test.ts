import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Latch, Layer, Option, type Redacted } from "effect"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PromptSql } from "../../src/adapters/postgres/PromptSql.ts"
import { gate } from "../support/Gate.ts"
import { inTime } from "../support/InTime.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { until } from "./queued-runs.ts"

type Sql = PgClient.PgClient

/** The server's process that answers. */
const backend = (sql: Sql) =>
  Effect.map(sql<{ readonly pid: number }>`select pg_backend_pid() as pid`, (rows) => rows[0]?.pid ?? 0)

const clients = Effect.fnUntraced(
  function*(url: Redacted.Redacted<string>, options: { readonly pooled?: boolean } = {}) {
    const parts = yield* Layer.build(databaseLayer({ url, poolSize: 8, ...options }))
    return { sql: Context.get(parts, PgClient.PgClient), prompt: Context.get(parts, PromptSql) }
  }
)

/** With its line open: the first that is asked goes elsewhere. */
const opened = Effect.fnUntraced(function*(url: Redacted.Redacted<string>) {
  const both = yield* clients(url)
  // Of a pool each would have a connection of its own for so long.
  const slow = both.prompt<{ readonly pid: number; readonly slept: string }>`
    select pg_backend_pid() as pid, pg_sleep(0.03)::text as slept`
  let line = 0
  const isOpen = Effect.all([slow, slow, slow], { concurrency: "unbounded" }).pipe(Effect.map((answers) => {
    const [pid, ...others] = new Set(answers.flat().map(({ pid }) => pid))
    line = pid ?? 0
    return others.length === 0
  }))
  yield* until("the line is open", isOpen)
  return { ...both, line }
})

const table = (sql: Sql) => sql`create table of_test as select n, 0 as written from generate_series(1, 9) n`

/** Somebody else's transaction on one of its rows, until it is told. */
const locking = Effect.fnUntraced(function*(sql: Sql, n: number) {
  const locked = yield* Latch.make(), over = yield* Latch.make()
  const holder = sql`select from of_test where n = ${n} for update`.pipe(
    Effect.andThen(locked.open),
    Effect.andThen(over.await),
    sql.withTransaction
  )
  const holding = yield* Effect.forkChild(holder)
  yield* locked.await
  return Effect.andThen(over.open, Fiber.join(holding))
})

describe("The line for prompt statements", { concurrent: true, ...inTime }, () => {
  it.live("answers each of many at once what it asked, all in one place", () =>
    Effect.gen(function*() {
      const { line, prompt } = yield* opened(yield* freshDatabase)
      const asked = Array.from({ length: 60 }, (_, n) => n)
      const answers = yield* Effect.forEach(
        asked,
        (n) => prompt<{ readonly n: number; readonly pid: number }>`select ${n}::int as n, pg_backend_pid() as pid`,
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answers.flat(), asked.map((n) => ({ n, pid: line })))
    }))

  it.live("belongs to a transaction of the other client's, and is undone with it", () =>
    Effect.gen(function*() {
      const { line, prompt, sql } = yield* opened(yield* freshDatabase)
      yield* table(sql)
      const undone = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`update of_test set written = 1 where n = 1`
        const [seen] = yield* prompt<{ readonly written: number }>`select written from of_test where n = 1`
        assert.strictEqual(seen?.written, 1)
        assert.notStrictEqual(yield* backend(prompt), line)
        yield* prompt`update of_test set written = 2 where n = 2`
        return yield* Effect.fail("undone")
      })).pipe(Effect.flip)
      assert.strictEqual(undone, "undone")
      assert.lengthOf(yield* sql`select from of_test where written > 0`, 0)
    }))

  it.live("fails whoever asks for what can't be, and nobody who asks beside", () =>
    Effect.gen(function*() {
      const { line, prompt } = yield* opened(yield* freshDatabase)
      const [wrong, right] = yield* Effect.all(
        [Effect.exit(prompt`select 1 / 0`), Effect.exit(backend(prompt))],
        { concurrency: "unbounded" }
      )
      assert.isTrue(Exit.isFailure(wrong))
      assert.deepStrictEqual(right, Exit.succeed(line))
    }))

  it.live("keeps nobody waiting behind a lock, and gives way to it", () =>
    Effect.gen(function*() {
      const { line, prompt, sql } = yield* opened(yield* freshDatabase)
      yield* table(sql)
      const release = yield* locking(sql, 1)
      const waiting = yield* Effect.forkChild(
        prompt<{ readonly pid: number }>`update of_test set written = 3 where n = 1 returning pg_backend_pid() as pid`
      )
      yield* Effect.sleep("100 millis")
      const started = performance.now()
      yield* Effect.replicateEffect(backend(prompt), 5)
      assert.isBelow(performance.now() - started, 200, "ms behind the one that waits")
      yield* Effect.sleep("500 millis")
      yield* release
      const [written] = yield* Fiber.join(waiting)
      assert.notStrictEqual(written?.pid, line)
      assert.lengthOf(yield* sql`select from of_test where written = 3`, 1)
    }))

  it.live("keeps nobody waiting behind one that takes long, and carries nothing heavy", () =>
    Effect.gen(function*() {
      const { line, prompt } = yield* opened(yield* freshDatabase)
      const slow = yield* Effect.forkChild(prompt`select pg_sleep(1)`)
      yield* Effect.sleep("100 millis")
      const started = performance.now()
      yield* Effect.replicateEffect(backend(prompt), 5)
      assert.isBelow(performance.now() - started, 500, "ms behind the one that takes long")
      yield* Fiber.join(slow)
      const heavy = "x".repeat(300_000)
      const [answer] = yield* prompt<{ readonly pid: number }>`select pg_backend_pid() as pid, ${heavy}::text as heavy`
      assert.notStrictEqual(answer?.pid, line)
      assert.strictEqual(yield* backend(prompt), line)
    }))

  it.live("tells those who wait when it is cut, and is there again", () =>
    Effect.gen(function*() {
      const { line, prompt, sql } = yield* opened(yield* freshDatabase)
      const waiting = yield* Effect.forkChild(Effect.exit(prompt`select pg_sleep(30)`))
      yield* Effect.sleep("50 millis")
      yield* sql`select pg_terminate_backend(${line})`
      assert.isTrue(Exit.isFailure(yield* Fiber.join(waiting)))
      yield* Effect.replicateEffect(backend(prompt), 5)
      const again = Effect.all([backend(prompt), backend(prompt)], { concurrency: "unbounded" })
      yield* until("there is a line again", Effect.map(again, ([one, other]) => one === other && one !== line))
    }))

  it.live("fails nobody who comes when it has been cut", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      for (let round = 0; round < 5; round++) {
        const { line, prompt, sql } = yield* opened(url)
        yield* sql`select pg_terminate_backend(${line})`
        const left = sql`select from pg_stat_activity where pid = ${line}`
        yield* until("it has gone", Effect.map(left, ({ length }) => length === 0))
        // And we have heard of it.
        yield* Effect.sleep("200 millis")
        assert.notStrictEqual(yield* backend(prompt), line)
      }
    }).pipe(Effect.scoped))

  it.live("is given up when it stays silent, and is there again", () =>
    Effect.gen(function*() {
      const way = yield* gate(yield* freshDatabase)
      const { line, prompt } = yield* opened(way.url)
      yield* way.freeze
      const started = performance.now()
      const exit = yield* Effect.exit(backend(prompt))
      assert.isTrue(Exit.isFailure(exit))
      assert.isBelow(performance.now() - started, 25_000, "ms until it was given up")
      // What the other client has open is as silent, and nobody's to give up.
      const again = Effect.all([backend(prompt), backend(prompt)], { concurrency: "unbounded" }).pipe(
        Effect.timeoutOption("1 second")
      )
      yield* until(
        "there is a line again",
        Effect.map(again, (pids) => Option.isSome(pids) && pids.value[0] === pids.value[1] && pids.value[0] !== line)
      )
    }))

  it.live("is nowhere behind a pooler, where the other client does", () =>
    Effect.gen(function*() {
      const { prompt, sql } = yield* clients(yield* freshDatabase, { pooled: true })
      assert.strictEqual(prompt, sql)
    }))
})
