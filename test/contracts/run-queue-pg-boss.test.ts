import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Redacted, Schedule } from "effect"
import { Client } from "pg"
import { inject } from "vitest"
import type { RunId } from "../../src/domain/Run.ts"
import { type RunJob, type RunOffer, RunQueue } from "../../src/ports/RunQueue.ts"
import { gate } from "../support/Gate.ts"
import { inTime } from "../support/InTime.ts"
import { startNode } from "../support/Processes.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { bossReplica, heartbeatSeconds } from "./boss-replica.ts"
import { desk, newOffer, newOffers, takes, until, workerOf } from "./queued-runs.ts"

type Url = Redacted.Redacted<string>

const replica = (url: Url, options?: Parameters<typeof bossReplica>[1]) =>
  Effect.map(Layer.build(bossReplica(url, options)), (context) => ({
    queue: Context.get(context, RunQueue),
    sql: Context.get(context, PgClient.PgClient)
  }))

const program = new URL("./queue-process.ts", import.meta.url).pathname

/** A worker in a process of its own that takes up one run at a time, and keeps it. */
const otherProcess = Effect.fnUntraced(function*(url: Url) {
  const other = yield* Effect.acquireRelease(
    Effect.sync(() => startNode([program, Redacted.value(url)], {})),
    ({ ended, kill }) => Effect.promise(() => (kill("SIGKILL"), ended))
  )
  const says = (words: string) => Effect.sync(() => other.output.stdout.includes(words))
  yield* until("the other process works", says("replica "))
  const name = /replica (\S+)/.exec(other.output.stdout)?.[1] ?? ""
  return { name, says, kill: other.kill, output: other.output }
})

/** Until a run that was held elsewhere is here, in seconds. */
const seconds = (since: number) => (performance.now() - since) / 1000

/** Each connection to a database, but for the one that asks. */
const cutAll = (url: Url) =>
  Effect.promise(async () => {
    const client = new Client({ connectionString: inject("postgresUrl") })
    await client.connect()
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [
      new URL(Redacted.value(url)).pathname.slice(1)
    ]).finally(() => client.end())
  })

const whileAway = Schedule.spaced("50 millis")

/** Executes each in a moment, and remembers who did. */
const quick = (seen: Array<RunJob>, millis = 20) =>
  workerOf((job) => {
    seen.push(job)
    return Effect.as(Effect.sleep(Duration.millis(millis)), "done")
  })

const ids = (jobs: ReadonlyArray<{ readonly run_id: RunId }>) => jobs.map(({ run_id }) => run_id).sort()

const noneLeft = (queue: RunQueue["Service"], offers: ReadonlyArray<RunOffer>) =>
  queue.missing(ids(offers)).pipe(
    Effect.retry(whileAway),
    Effect.map(({ length }) => length === offers.length)
  )

/** What only a queue can do whose jobs lie in a database that replicas share. */
describe("RunQueue: replicas on pg-boss", { concurrent: true, ...inTime }, () => {
  it.live("executes nothing that a transaction offered before it is through, and nothing if it fails", () =>
    Effect.gen(function*() {
      const { queue, sql } = yield* replica(yield* freshDatabase)
      const at = yield* desk
      yield* queue.work(at.worker)
      const lost = newOffer(), kept = newOffer()
      yield* queue.offer(lost).pipe(Effect.andThen(Effect.fail("no")), sql.withTransaction, Effect.flip)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* queue.offer(kept)
        yield* Effect.sleep("500 millis")
        assert.strictEqual(yield* at.unseen, 0, "it was executed before its transaction was through")
      }))
      const through = performance.now()
      assert.strictEqual((yield* at.next).run_id, kept.run_id)
      assert.isBelow(performance.now() - through, 500, "ms until it was taken up")
      assert.deepStrictEqual(yield* queue.missing([lost.run_id, kept.run_id]), [lost.run_id])
      yield* queue.withdraw(kept.run_id).pipe(Effect.andThen(Effect.fail("no")), sql.withTransaction, Effect.flip)
      assert.deepStrictEqual(yield* queue.missing([kept.run_id]), [])
      assert.strictEqual(yield* at.unseen, 0)
    }))

  it.live("shares the work between replicas, each run executed by one of them", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const one = yield* replica(url, { concurrency: 4 }), other = yield* replica(url, { concurrency: 4 })
      const atOne: Array<RunJob> = [], atOther: Array<RunJob> = []
      yield* one.queue.work(quick(atOne, 60))
      yield* other.queue.work(quick(atOther, 60))
      // Who does not hear yet comes later, and too late for most of it.
      yield* Effect.sleep("2 seconds")
      const offers = newOffers(120)
      yield* Effect.forEach(offers, one.queue.offer, { concurrency: 3 })
      yield* until("all are done", noneLeft(one.queue, offers))
      assert.deepStrictEqual(ids([...atOne, ...atOther]), ids(offers))
      assert.isTrue([...atOne, ...atOther].every(({ redelivered }) => !redelivered))
      assert.isAtLeast(Math.min(atOne.length, atOther.length), 20, `${atOne.length} and ${atOther.length}`)
    }))

  it.live("takes over what a worker held that was killed or frozen, and tells it so when it thaws", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const { queue } = yield* replica(url)
      const frozen = yield* otherProcess(url), killed = yield* otherProcess(url)
      const offers = newOffers(2)
      yield* Effect.forEach(offers, queue.offer)
      yield* until(
        "each of the others has one",
        Effect.zipWith(frozen.says("taken"), killed.says("taken"), (one, two) => one && two)
      )
      const at = yield* desk
      yield* queue.work(at.worker)
      // It is in touch by then, as whoever works.
      yield* Effect.sleep(Duration.seconds(heartbeatSeconds / 2))
      assert.strictEqual(yield* at.unseen, 0, "was taken from one that lives")
      const since = performance.now()
      frozen.kill("SIGSTOP")
      killed.kill("SIGKILL")
      const found = [yield* at.next, yield* at.next]
      const took = seconds(since)
      console.log(`taken over after ${took.toFixed(1)} s with a heartbeat of ${heartbeatSeconds} s`)
      assert.isAtMost(took, heartbeatSeconds + 2, "seconds until both were taken over")
      assert.isTrue(found.every(({ redelivered }) => redelivered))
      assert.deepStrictEqual(ids(found), ids(offers))
      const [run_id = ""] = /taken (\S+)/.exec(frozen.output.stdout)?.slice(1) ?? []
      frozen.kill("SIGCONT")
      yield* until("it is told", frozen.says(`told ${run_id} Overtaken`))
      assert.strictEqual(yield* at.untold, 0, "ours are ours")
    }))

  it.live("leaves a run to its home while that lives, and takes it up soon after it was killed or has left", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const { queue } = yield* replica(url)
      const leaving = yield* otherProcess(url), dying = yield* otherProcess(url)
      const homely = (home: string) => [newOffer({ home, turn: 1 }), newOffer({ home, turn: 2 })] as const
      const left = homely(leaving.name), died = homely(dying.name)
      yield* Effect.forEach([...left, ...died], queue.offer)
      yield* until(`the one that leaves has its first`, leaving.says(`taken ${left[0].run_id}`))
      yield* until(`the one that dies has its first`, dying.says(`taken ${died[0].run_id}`))
      const at = yield* desk
      yield* queue.work(at.worker)
      const free = newOffer({ turn: 9 })
      yield* queue.offer(free)
      assert.strictEqual((yield* at.next).run_id, free.run_id, "a worse turn goes first if its home is no matter")
      yield* Effect.sleep("3 seconds")
      assert.strictEqual(yield* at.unseen, 0, "was taken from its home")
      const since = performance.now()
      dying.kill("SIGKILL")
      leaving.kill("SIGTERM")
      assert.sameMembers(yield* takes(at, 2), ids(left))
      const gone = seconds(since)
      assert.sameMembers(yield* takes(at, 2), ids(died))
      const lost = seconds(since)
      console.log(`homeless after ${gone.toFixed(1)} s when it left, ${lost.toFixed(1)} s when it was killed`)
      assert.isBelow(gone, 3.5, "seconds after it was asked to leave")
      assert.isBelow(lost, heartbeatSeconds + 3, "seconds after it was killed")
    }))

  it.live("gives back what is for a replica that has only just come, and takes it up when that is gone", () =>
    Effect.gen(function*() {
      const { queue, sql } = yield* replica(yield* freshDatabase)
      const at = yield* desk
      yield* queue.work(at.worker)
      yield* sql`insert into langgraph_server.replicas (id) values ('young')`
      const theirs = newOffer({ home: "young", turn: 1 }), free = newOffer({ turn: 9 })
      yield* queue.offer(theirs)
      yield* queue.offer(free)
      assert.strictEqual((yield* at.next).run_id, free.run_id)
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* at.unseen, 0, "was taken from its home")
      assert.deepStrictEqual(yield* queue.missing([theirs.run_id]), [], "it is still in line")
      yield* sql`delete from langgraph_server.replicas where id = 'young'`
      assert.strictEqual((yield* at.next).run_id, theirs.run_id)
    }))

  it.live("loses nothing and executes nothing twice while every connection is cut again and again", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const one = yield* replica(url, { concurrency: 4 }), other = yield* replica(url, { concurrency: 4 })
      const seen: Array<RunJob> = []
      yield* one.queue.work(quick(seen))
      yield* other.queue.work(quick(seen))
      const offers = newOffers(150)
      const cutting = yield* Effect.forkChild(
        Effect.repeat(cutAll(url), Schedule.addDelay(Schedule.recurs(12), () => Effect.succeed("300 millis")))
      )
      // Cut off in the midst of it nobody knows whether it was offered: offered again when it has ended, it is a new one.
      const unsure = new Set<RunId>()
      yield* Effect.forEach(offers, (offer) =>
        one.queue.offer(offer).pipe(
          Effect.tapError(() => Effect.sync(() => unsure.add(offer.run_id))),
          Effect.retry(whileAway),
          Effect.andThen(Effect.sleep("20 millis"))
        ))
      cutting.interruptUnsafe()
      yield* until("all are done", noneLeft(one.queue, offers), 120_000)
      const sure = <A extends { readonly run_id: RunId }>(of: ReadonlyArray<A>) =>
        of.filter(({ run_id }) => !unsure.has(run_id))
      console.log(`${unsure.size} of ${offers.length} offers were cut off`)
      assert.isBelow(unsure.size, 100, "offers that say nothing")
      assert.deepStrictEqual([...new Set(ids(seen))], ids(offers), "each is executed")
      assert.deepStrictEqual(ids(sure(seen)), ids(sure(offers)), "each is executed once")
    }))

  it.live("works by polling where nothing is heard, and obeys what a message can't tell with the next heartbeat", () =>
    Effect.gen(function*() {
      const url = yield* freshDatabase
      const nowhere = new URL(Redacted.value(url))
      nowhere.port = "1"
      const deaf = { directUrl: Redacted.make(nowhere.href) }
      const { queue } = yield* replica(url, deaf)
      // What is told here is heard here, whether anybody listens or not.
      const { queue: elsewhere } = yield* replica(url, deaf)
      const at = yield* desk
      const wanted: Array<RunId> = []
      yield* queue.work({
        ...at.worker,
        stopRequests: (runIds) =>
          Effect.succeed(runIds.flatMap((run_id) => wanted.includes(run_id) ? { run_id, action: "rollback" } : []))
      })
      const run = newOffer(), bystander = newOffer()
      for (const offer of [bystander, run]) {
        const since = performance.now()
        yield* elsewhere.offer(offer)
        assert.strictEqual((yield* at.next).run_id, offer.run_id)
        assert.isBelow(performance.now() - since, 2_000, "ms until it was found")
      }
      yield* elsewhere.stop(bystander.run_id, "interrupt")
      wanted.push(run.run_id)
      const since = performance.now()
      const told = yield* at.nextTold
      assert.deepStrictEqual([told.run_id, told.stop], [run.run_id, { _tag: "Cancelled", action: "rollback" }])
      assert.isBelow(seconds(since), heartbeatSeconds / 6 + 1)
      assert.strictEqual(yield* at.untold, 0)
    }))

  it.live("tells whoever holds a run here that it is overtaken, before it is executed here again", () =>
    Effect.gen(function*() {
      const { queue, sql } = yield* replica(yield* freshDatabase)
      const log: Array<string> = []
      yield* queue.work(workerOf((job, stop) =>
        Effect.gen(function*() {
          const self = job.redelivered ? "second" : "first"
          log.push(`${self} begins`)
          if (job.redelivered) return "done"
          log.push(`${self} is told ${(yield* stop)._tag}`)
          yield* Effect.sleep("100 millis")
          log.push(`${self} ends`)
          return "gone"
        })
      ))
      const offer = newOffer()
      yield* queue.offer(offer)
      yield* until("it is at work", Effect.sync(() => log.length === 1))
      // As if it had not been heard of, though it was: each sign of life is taken back at once.
      const silence = sql`
        update langgraph_queue.job
        set heartbeat_on = now() - interval '1 hour'
        where id = ${offer.run_id} and state = 'active' and retry_count = 0`
      yield* until("it has ended", Effect.andThen(silence, Effect.sync(() => log.length === 4)))
      assert.deepStrictEqual(log, ["first begins", "first is told Overtaken", "first ends", "second begins"])
    }))

  it.live("takes nobody's runs over after an outage that was longer than a heartbeat", () =>
    Effect.gen(function*() {
      const way = yield* gate(yield* freshDatabase)
      const one = yield* replica(way.url), other = yield* replica(way.url)
      const atOne = yield* desk, atOther = yield* desk
      const offers = newOffers(6)
      yield* one.queue.work(atOne.worker)
      yield* Effect.forEach(offers.slice(0, 3), one.queue.offer)
      yield* takes(atOne, 3)
      const homely = offers.slice(3).map((offer) => ({ ...offer, home: other.queue.replica }))
      yield* other.queue.work(atOther.worker)
      yield* Effect.sleep("4 seconds")
      yield* Effect.forEach(homely, one.queue.offer)
      assert.deepStrictEqual((yield* takes(atOther, 3)).sort(), ids(homely))
      yield* way.close
      yield* Effect.sleep(Duration.seconds(heartbeatSeconds + 3))
      yield* way.open
      yield* Effect.sleep(Duration.seconds(heartbeatSeconds / 6 * 4 + 3))
      assert.deepStrictEqual(
        [yield* atOne.unseen, yield* atOther.unseen, yield* atOne.untold, yield* atOther.untold],
        [0, 0, 0, 0],
        "taken up and told to stop after the outage"
      )
      assert.deepStrictEqual([(yield* one.queue.held).length, (yield* other.queue.held).length], [3, 3])
      for (const { run_id } of offers) {
        yield* atOne.release(run_id)
        yield* atOther.release(run_id)
      }
      yield* until("all are done", noneLeft(one.queue, offers))
    }))
})
