import { assert } from "vitest"
import { said } from "../support/Conversation.ts"
import {
  assertGapless,
  assertOnceEach,
  attemptsIn,
  begin,
  type BegunRun,
  endOf,
  reading
} from "../support/ReplicaRuns.ts"
import { heartbeatSeconds, homely, type Replicas, type ReplicaScenarios } from "../support/ReplicaServers.ts"

/** All that a worker could have written about a run, row by row. */
const written = async ({ database }: Replicas, { run_id, thread_id }: BegunRun) => {
  const rows = async (statement: string, id: string) =>
    (await database.query<{ row: string }>(statement, [id])).rows.map(({ row }) => row)
  return {
    run: await rows("select r::text as row from langgraph_server.runs r where id = $1", run_id),
    thread: await rows("select t::text as row from langgraph_server.threads t where id = $1", thread_id),
    events: await rows("select e::text as row from langgraph_server.run_events e where run_id = $1 order by 1", run_id),
    checkpoints: await rows(
      "select c::text as row from langgraph_server.checkpoints c where thread_id = $1 order by 1",
      thread_id
    ),
    blobs: await rows(
      "select c::text as row from langgraph_server.checkpoint_blobs c where thread_id = $1 order by 1",
      thread_id
    ),
    writes: await rows(
      "select c::text as row from langgraph_server.checkpoint_writes c where thread_id = $1 order by 1",
      thread_id
    )
  }
}

/** A replica that sleeps for longer than its lease, and wakes up as if nothing had been. */
export const frozenReplicas: ReplicaScenarios = {
  "what a frozen replica held is taken over; when it wakes it writes nothing and calls nothing": async (world) => {
    const [frozen, other] = await world.startTwo()
    // Each is frozen somewhere else: before its tool, in its tool, in its last words.
    const before = crypto.randomUUID(), within = crypto.randomUUID(), after = crypto.randomUUID()
    const runs = await Promise.all([
      `steps:after:8000:tool:search_laws:{"query":"${before}"} | say:vor ${before}`,
      `steps:tool:slow:{"ms":8000} | say:in ${within}`,
      `slow:8000:zuletzt gesagt von ${after}`
    ].map((text) => begin(frozen.client(), text, {}, homely)))
    for (const marker of [before, within, after]) {
      await world.until("the model was asked", () => world.askedBy(marker)[0] === frozen.name)
    }
    const calls = (what: string) => world.legal.seen.calls.filter((call) => JSON.stringify(call).includes(what)).length
    await world.until("the tool works", () => calls("\"slow\"") === 1)
    const readers = runs.map((run) => reading(other.client(), run))

    frozen.signal("SIGSTOP")
    const stopped = performance.now()
    assert.strictEqual(calls(before), 0, "frozen before its tool")
    const ends = await Promise.all(runs.map((run) => endOf(world, run, 9 * heartbeatSeconds * 1000)))
    console.log(`frozen runs ended elsewhere after ${Math.round(performance.now() - stopped)} ms`)
    for (const { attempt, lost, status } of ends) {
      assert.deepEqual({ attempt, lost, status }, { attempt: 2, lost: 1, status: "success" })
    }
    const streams = await Promise.all(readers.map(({ ended }) => ended))
    const then = await Promise.all(runs.map((run) => written(world, run)))

    frozen.signal("SIGCONT")
    await world.until("it notices", () => frozen.output.stdout.includes("taken over by another worker"))
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    assert.deepEqual(await Promise.all(runs.map((run) => written(world, run))), then, "it wrote after it was overtaken")

    assert.strictEqual(calls(before), 1, "what it had not begun it does not begin any more")
    assert.strictEqual(calls("\"slow\""), 2, "what was under way is done once in each attempt")
    for (const [n, frames] of streams.entries()) {
      assertGapless(frames)
      assert.deepEqual(attemptsIn(frames), [1, 2])
      const run = runs[n] ?? assert.fail()
      const { values } = await frozen.client().threads.getState(run.thread_id)
      assertOnceEach(values)
      assert.deepEqual(await reading(frozen.client(), run).ended, frames, "it reads what the other wrote")
    }
    // It is a replica like any other again.
    const again = await begin(frozen.client(), "say:wieder da")
    assert.strictEqual((await endOf(world, again)).status, "success")
    assert.strictEqual(said((await frozen.client().threads.getState(again.thread_id)).values).at(-1), "ai: wieder da")
  },

  "a replica that freezes in the midst of a transaction does not keep its run from the other": async (world) => {
    const [frozen, other] = await world.startTwo()
    const run = await begin(frozen.client(), "slow:6000:mitten in einer Transaktion", {}, homely)
    await world.until("it is under way", () => world.askedBy("mitten in einer")[0] === frozen.name)

    await world.observer.query("begin")
    // A run that nobody disturbs ends in one statement; one whose thread somebody holds in a transaction, which begins
    // by waiting for it, and has the run's row as soon as it has that.
    await world.observer.query("select from langgraph_server.threads where id = $1 for update", [run.thread_id])
    await world.until("it waits in a transaction", async () => {
      // Else a transaction sees what it saw first.
      await world.observer.query("select pg_stat_clear_snapshot()")
      const waiting = await world.observer.query(
        `select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'
           and query like '%from langgraph_server.threads t%for update%'`
      )
      return waiting.rows.length > 0
    })
    frozen.signal("SIGSTOP")
    await world.observer.query("commit")
    await world.until("it holds the run's row, or the scenario proves nothing", async () => {
      const { rows } = await world.observer.query(`
        select from pg_locks l join pg_stat_activity a using (pid)
        where a.datname = current_database() and a.state like 'idle in transaction%' and l.relation = 'langgraph_server.runs'::regclass`)
      return rows.length > 0
    })

    const { attempt, status } = await endOf(world, run, 9 * heartbeatSeconds * 1000)
    assert.deepEqual({ attempt, status }, { attempt: 2, status: "success" })
    assertGapless(await reading(other.client(), run).ended)
  }
}
