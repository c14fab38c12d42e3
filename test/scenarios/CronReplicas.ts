import { Redacted } from "effect"
import pg from "pg"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { isDue, makeDue, runsOf, tick } from "../support/Crons.ts"
import type { Replica, Replicas, ReplicaScenarios } from "../support/ReplicaServers.ts"

/** Due only when it is made so. */
const yearly = { schedule: "0 4 1 1 *", input: question("say:guten Morgen"), onRunCompleted: "keep" } as const

const someCrons = (replica: Replica, count: number) =>
  Promise.all(Array.from({ length: count }, async () => {
    const { cron_id } = await replica.client().crons.create(agents.recht, yearly)
    return cron_id
  }))

/** How many runs each has made, in all. */
const runsEach = (world: Replicas, ids: ReadonlyArray<string>) =>
  Promise.all(ids.map(async (id) => (await runsOf(world, id)).length))

const each = (ids: ReadonlyArray<string>, count: number) => ids.map(() => count)

/** Keeps every tick from making its run, and with it from being over. */
const holdUp = async ({ databaseUrl }: Replicas) => {
  const holder = new pg.Client({ connectionString: Redacted.value(databaseUrl) })
  await holder.connect()
  await holder.query("begin; lock table langgraph_server.runs in share mode")
  return { letGo: () => holder.end() }
}

const heldUp = async ({ database }: Replicas) => {
  const { rows } = await database.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock' and query like '%from langgraph_server.runs%'`
  )
  return rows[0]?.count ?? 0
}

export const cronReplicas: ReplicaScenarios = {
  "two servers make one run per tick, also when one of them is killed in the middle of its ticks": async (world) => {
    const [doomed, survivor] = await world.startTwo()
    const ids = await someCrons(doomed, 12)
    for (let ticks = 1; ticks <= 2; ticks++) {
      await tick(world, ids)
      assert.deepEqual(await runsEach(world, ids), each(ids, ticks))
    }

    // Or their workers would be held up too, with all the connections that there are.
    await world.until("their runs have ended", async () => {
      const active = await world.database.query(
        "select from langgraph_server.runs where status in ('pending', 'running')"
      )
      return active.rows.length === 0
    })
    const { letGo } = await holdUp(world)
    try {
      await makeDue(world, ids)
      // Four at once: more are held up only if both have some.
      await world.until("both are in the middle of ticks", async () => await heldUp(world) > 4)
      await doomed.kill()
      assert.deepEqual(await runsEach(world, ids), each(ids, 2))
      for (const id of ids) assert.isTrue(await isDue(world, id))
    } finally {
      await letGo()
    }
    for (const id of ids) await world.until("it has ticked", async () => !(await isDue(world, id)))
    assert.deepEqual(await runsEach(world, ids), each(ids, 3), "what the killed one had in hand is there once")

    const joined = await world.start()
    await tick(world, ids)
    assert.deepEqual(await runsEach(world, ids), each(ids, 4))
    const metrics = await Promise.all([survivor, joined].map(async ({ fetch }) => (await fetch("/metrics")).text()))
    assert.match(metrics.join("\n"), /throughline_cron_ticks_total\{[^}]*result="ran"/)
  }
}
