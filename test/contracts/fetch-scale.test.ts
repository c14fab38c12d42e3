import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { jobOf, runQueue } from "../../src/adapters/postgres/RunJobs.ts"
import type { RunOffer } from "../../src/ports/RunQueue.ts"
import { inTime } from "../support/InTime.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { bossReplica } from "./boss-replica.ts"
import { newOffer } from "./queued-runs.ts"

const handful = 25
const rounds = 60
const otherHome = "another replica that lives"

const enqueue = Effect.fnUntraced(function*(offers: ReadonlyArray<RunOffer>) {
  const engine = yield* JobEngine
  const jobs = offers.map((offer) => ({
    ...jobOf(offer, 0),
    data: { run_id: offer.run_id, thread_id: offer.thread_id }
  }))
  yield* engine.ask((boss, db) => boss.insert(runQueue, jobs, { db }))
  const sql = yield* PgClient.PgClient
  yield* sql`analyze`
})

/** How long each of many fetches takes, in ms, beside that of nothing at all, and whose homes they brought. */
const fetches = Effect.gen(function*() {
  const engine = yield* JobEngine
  const sql = yield* PgClient.PgClient
  const took: Array<number> = [], nothing: Array<number> = []
  const groups = new Set<string | undefined>()
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const jobs = yield* engine.ask((boss, db) =>
      boss.fetch(runQueue, { batchSize: handful, ignoreGroups: [otherHome], db })
    )
    const end = performance.now()
    took.push(end - start)
    yield* sql`select 1`
    nothing.push(performance.now() - end)
    assert.lengthOf(jobs, handful)
    for (const { groupId } of jobs) groups.add(groupId ?? undefined)
  }
  const at = (of: ReadonlyArray<number>, part: number) =>
    of.toSorted((left, right) => left - right)[Math.floor(of.length * part)] ?? NaN
  // What it takes is ours, what a busy machine adds is not.
  const most = Math.max(5, 10 * at(nothing, 0.25))
  return { quarter: at(took, 0.25), most, median: at(took, 0.5), p95: at(took, 0.95), groups: [...groups] }
})

const onQueueOf = (offers: ReadonlyArray<RunOffer>) =>
  Effect.flatMap(freshDatabase, (url) => Effect.provide(Effect.andThen(enqueue(offers), fetches), bossReplica(url)))

const many = (count: number, of: (turn: number) => Partial<RunOffer>) =>
  Array.from({ length: count }, (_, index) => newOffer({ turn: index + 1, ...of(index + 1) }))

describe("fetching from a queue of 10,000 runs", inTime, () => {
  it.live("takes no more than a few milliseconds for 25", () =>
    Effect.gen(function*() {
      const { median, most, p95, quarter } = yield* onQueueOf(many(10_000, () => ({})))
      console.log(`10,000 queued: ${median.toFixed(2)} ms median, ${p95.toFixed(2)} ms p95 for ${handful}`)
      assert.isBelow(quarter, most, "ms for a fetch, of a quarter of them")
    }))

  it.live("nor where half of them go first and are to be left to another replica", () =>
    Effect.gen(function*() {
      const offers = many(10_000, (turn) => turn <= 5_000 ? { home: otherHome } : {})
      const { groups, median, most, p95, quarter } = yield* onQueueOf(offers)
      console.log(`half of them another's: ${median.toFixed(2)} ms median, ${p95.toFixed(2)} ms p95 for ${handful}`)
      assert.deepStrictEqual(groups, [undefined], "homes of what was fetched")
      assert.isBelow(quarter, most, "ms for a fetch, of a quarter of them")
    }))
})
