import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { jobOf, runQueue } from "../../src/adapters/postgres/RunJobs.ts"
import type { RunOffer } from "../../src/ports/RunQueue.ts"
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

/** How long each of many fetches takes, in ms, and whose homes they brought. */
const fetches = Effect.gen(function*() {
  const engine = yield* JobEngine
  const took: Array<number> = []
  const groups = new Set<string | undefined>()
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const jobs = yield* engine.ask((boss, db) =>
      boss.fetch(runQueue, { batchSize: handful, ignoreGroups: [otherHome], db })
    )
    took.push(performance.now() - start)
    assert.lengthOf(jobs, handful)
    for (const { groupId } of jobs) groups.add(groupId ?? undefined)
  }
  took.sort((left, right) => left - right)
  const at = (part: number) => took[Math.floor(took.length * part)] ?? NaN
  return { median: at(0.5), p95: at(0.95), groups: [...groups] }
})

const onQueueOf = (offers: ReadonlyArray<RunOffer>) =>
  Effect.flatMap(freshDatabase, (url) => Effect.provide(Effect.andThen(enqueue(offers), fetches), bossReplica(url)))

const many = (count: number, of: (turn: number) => Partial<RunOffer>) =>
  Array.from({ length: count }, (_, index) => newOffer({ turn: index + 1, ...of(index + 1) }))

describe("fetching from a queue of 10,000 runs", () => {
  it.live("takes no more than a few milliseconds for 25", () =>
    Effect.gen(function*() {
      const { median, p95 } = yield* onQueueOf(many(10_000, () => ({})))
      console.log(`10,000 queued: ${median.toFixed(2)} ms median, ${p95.toFixed(2)} ms p95 for ${handful}`)
      assert.isBelow(median, 5, "ms for a fetch, the median")
    }), 60_000)

  it.live("nor where half of them go first and are to be left to another replica", () =>
    Effect.gen(function*() {
      const offers = many(10_000, (turn) => turn <= 5_000 ? { home: otherHome } : {})
      const { groups, median, p95 } = yield* onQueueOf(offers)
      console.log(`half of them another's: ${median.toFixed(2)} ms median, ${p95.toFixed(2)} ms p95 for ${handful}`)
      assert.deepStrictEqual(groups, [undefined], "homes of what was fetched")
      assert.isBelow(median, 5, "ms for a fetch, the median")
    }), 60_000)
})
