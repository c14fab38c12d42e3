import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint"
import { Cause, Deferred, Effect, Exit, Fiber } from "effect"
import { randomUUID } from "node:crypto"
import { type Ask, asking } from "../../src/adapters/langgraph/CheckpointDatabase.ts"
import { Saver } from "../../src/adapters/langgraph/Saver.ts"
import { RunOvertaken } from "../../src/domain/Run.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { claimed, migrated } from "./checkpointed-runs.ts"

const metadata = { source: "loop" as const, step: 0, parents: {} }

const put = (saver: Saver, thread: string, value: unknown) =>
  Effect.exit(Effect.tryPromise({
    try: () =>
      saver.put(
        { configurable: { thread_id: thread, checkpoint_ns: "" } },
        { ...emptyCheckpoint(), id: randomUUID(), channel_values: { v: value }, channel_versions: { v: 1.5 } },
        metadata,
        { v: 1.5 }
      ),
    catch: (error) => error
  }))

const valueOn = (saver: Saver, thread: string) =>
  Effect.promise(async () =>
    (await saver.getTuple({ configurable: { thread_id: thread } }))?.checkpoint.channel_values["v"]
  )

/** So many runs, each on its thread, and a memory that counts its statements. */
const manyRuns = Effect.fnUntraced(function*(count: number) {
  const ask = yield* asking("15 seconds")
  const asked = { statements: 0 }
  const counted: Ask = (statement) => {
    asked.statements += 1
    return ask(statement)
  }
  const saver = new Saver(counted)
  const runs = Array.from({ length: count }, () => ({ thread: randomUUID(), run: randomUUID() }))
  yield* Effect.forEach(runs, claimed)
  const savers = runs.map(({ run }) => saver.forRun({ runId: run, attempt: 1 }))
  return { asked, runs, saver, savers }
})

const withRuns = <A, E>(
  work: (runs: Effect.Success<ReturnType<typeof manyRuns>>) => Effect.Effect<A, E, PgClient.PgClient>
) => Effect.flatMap(freshDatabase, (url) => Effect.provide(Effect.flatMap(manyRuns(30), work), migrated(url, 8)))

describe("the memory of many runs", () => {
  it.live("is written together, each run's on its thread", () =>
    withRuns(({ asked, runs, saver, savers }) =>
      Effect.gen(function*() {
        const exits = yield* Effect.forEach(
          savers,
          (saver, n) => put(saver, runs[n]?.thread ?? "", `of run ${n}`),
          { concurrency: "unbounded" }
        )
        assert.isTrue(exits.every(Exit.isSuccess))
        assert.isAtMost(asked.statements, 5, "for thirty runs")
        for (const [n, { thread }] of runs.entries()) {
          assert.strictEqual(yield* valueOn(saver, thread), `of run ${n}`)
        }
      })
    ))

  it.live("is fenced run by run: the others of a statement don't suffer from one that was overtaken", () =>
    withRuns(({ runs, saver, savers }) =>
      Effect.gen(function*() {
        const lost = runs[7] ?? { thread: "", run: "" }
        yield* claimed({ ...lost, attempt: 2 })
        const exits = yield* Effect.forEach(
          savers,
          (saver, n) => put(saver, runs[n]?.thread ?? "", n),
          { concurrency: "unbounded" }
        )
        for (const [n, exit] of exits.entries()) {
          assert.strictEqual(Exit.isSuccess(exit), n !== 7, `run ${n}`)
          assert.strictEqual(yield* valueOn(saver, runs[n]?.thread ?? ""), n === 7 ? undefined : n)
        }
        const exit = exits[7]
        const error = exit !== undefined && Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(error, RunOvertaken)
      })
    ))

  it.live("waits for a run that somebody holds, and keeps nobody else waiting", () =>
    withRuns(({ runs, saver, savers }) =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const held = yield* Deferred.make<void>(), release = yield* Deferred.make<void>()
        const holder = yield* sql`update langgraph_server.runs set updated_at = now() where id = ${runs[3]?.run ?? ""}`
          .pipe(
            Effect.andThen(Deferred.succeed(held, undefined)),
            Effect.andThen(Deferred.await(release)),
            sql.withTransaction,
            Effect.forkChild
          )
        yield* Deferred.await(held)
        const writing = yield* Effect.forEach(
          savers,
          (saver, n) => Effect.forkChild(put(saver, runs[n]?.thread ?? "", n))
        )
        for (const [n, fiber] of writing.entries()) {
          if (n !== 3) assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
        }
        assert.isUndefined(writing[3]?.pollUnsafe())
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(holder)
        const [, , , late] = writing
        assert.isTrue(late !== undefined && Exit.isSuccess(yield* Fiber.join(late)))
        assert.strictEqual(yield* valueOn(saver, runs[3]?.thread ?? ""), 3)
      })
    ))

  it.live("keeps what the database refuses of one run from the others", () =>
    withRuns(({ runs, saver, savers }) =>
      Effect.gen(function*() {
        // No text of Postgres's holds a NUL.
        const bad = "a thread \0"
        const exits = yield* Effect.forEach(
          savers,
          (saver, n) => put(saver, n === 5 ? bad : runs[n]?.thread ?? "", n),
          { concurrency: "unbounded" }
        )
        for (const [n, exit] of exits.entries()) {
          assert.strictEqual(Exit.isSuccess(exit), n !== 5, `run ${n}`)
          if (n !== 5) assert.strictEqual(yield* valueOn(saver, runs[n]?.thread ?? ""), n)
        }
      })
    ))
})
