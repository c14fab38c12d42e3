import { Redacted } from "effect"
import pg from "pg"
import { assert } from "vitest"
import { question } from "../support/Conversation.ts"
import { begin, reading, rowOf } from "../support/ReplicaRuns.ts"
import { heartbeatSeconds, homely, type Replicas } from "../support/ReplicaServers.ts"
import { callsOf, type LostRun, lostRuns } from "./LostRuns.ts"

/** Locks a thread's row, so that its run can't be settled until this lets go. */
const holding = async ({ databaseUrl }: Replicas, threadId: string) => {
  const holder = new pg.Client({ connectionString: Redacted.value(databaseUrl) })
  await holder.connect()
  await holder.query("begin")
  await holder.query("select from langgraph_server.threads where id = $1 for update", [threadId])
  return holder
}

/** How many of the servers' connections stand before a lock. */
const held = async ({ database }: Replicas) =>
  (await database.query(
    `select from pg_stat_activity
     where datname = current_database() and application_name = 'throughline' and wait_event_type = 'Lock'`
  )).rowCount ?? 0

/** Whether the record of a run says by now that it is in a tool's call. */
const toolOnRecord = async ({ database }: Replicas, runId: string) =>
  (await database.query(
    `select from langgraph_server.runs
     where id = $1 and jsonb_path_exists(steps, '$."1".steps[*] ? (@.kind == "tool" && @.ms == null)')`,
    [runId]
  )).rowCount === 1

/** Begins all runs on one replica, catches them where they are to be caught, and kills it. */
export const killedReplica = async (world: Replicas, runs: Readonly<Record<string, LostRun>> = lostRuns) => {
  const [doomed, survivor] = await world.startTwo()
  const client = doomed.client()
  const begun = await Promise.all(
    Object.entries(runs).map(async ([name, { before, payload, text, ...lost }]) => {
      const marker = crypto.randomUUID()
      const { thread_id } = await client.threads.create()
      if (before !== undefined) await client.runs.wait(thread_id, homely, { input: question(before) })
      return {
        ...lost,
        name,
        marker,
        run: await begin(client, text(marker), { ...payload, threadId: thread_id }, homely)
      }
    })
  )
  const readers = begun.map(({ run }) => [reading(survivor.client(), run), reading(client, run)] as const)
  const stuck = begun.filter(({ cantSaySo }) => cantSaySo)
  const holders = await Promise.all(stuck.map(async ({ marker, run }) => {
    await world.until("the model is asked", () => world.asked(marker).length > 0)
    return holding(world, run.thread_id)
  }))
  try {
    await world.until("what has ended can't say so", async () => await held(world) >= stuck.length)
    for (const { cantSaySo, marker, run } of begun) {
      if (cantSaySo) continue
      await world.until("its tool works", () => callsOf(world, `dann ${marker}`).length === 1)
      await world.until("its record says so", () => toolOnRecord(world, run.run_id))
    }
    await world.until("readers are there", () => readers.flat().every(({ frames }) => frames.length > 1))
    for (const { run } of begun) {
      const row = await rowOf(world, run.run_id)
      assert.deepEqual([row?.status, row?.attempt], ["running", 1], "caught too late")
    }
    await doomed.kill()
  } finally {
    await Promise.all(holders.map((holder) => holder.end()))
  }
  const killed = performance.now()
  const runsLost = await Promise.all(begun.map(async ({ check, marker, name, run }, n) => {
    const [there, atHome] = readers[n] ?? assert.fail()
    await world.until("it is taken over", async () => (await rowOf(world, run.run_id))?.attempt === 2)
    const took = performance.now() - killed
    await atHome.ended.then(() => assert.fail("its stream was not cut"), () => {})
    return {
      name,
      took,
      check: () => check({ world, doomed, survivor, run, marker, took, there, cutOff: atHome.frames })
    }
  }))
  const took = Math.round(Math.max(...runsLost.map(({ took }) => took)))
  console.log(`${runsLost.length} runs taken over within ${took} ms after kill -9 (heartbeat ${heartbeatSeconds} s)`)
  return { took, checks: new Map(runsLost.map(({ check, name }) => [name, check])) }
}
