import { Redacted } from "effect"
import pg from "pg"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { summaryOf, syncedIn, writtenBack } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import { say } from "../support/Talk.ts"
import { openSurroundings, startThroughline, type WorldOptions } from "../support/Throughline.ts"

const all = Object.values(agents)
const whole = Object.fromEntries(all.map((id) => [id, id]))

/** Two servers that start at the same moment on a database that has nothing of theirs yet. */
export const twoStartAtOnce = async (options: WorldOptions = {}): Promise<void> => {
  const around = await openSurroundings(options)
  const replicas = await Promise.all([1, 2].map(() => startThroughline({ ...options, beside: around })))
  try {
    assert.sameMembers(replicas.map(summaryOf), [
      "total=5 created=5 updated=0 skipped=0 failed=0 retired=0",
      "total=5 created=0 updated=0 skipped=5 failed=0 retired=0"
    ])
    assert.deepEqual(
      (await syncedIn(around.database)).map(({ id, version }) => [id, version]),
      all.map((id) => [id, 1])
    )
    assert.deepEqual(await writtenBack(around.database), whole)
    for (const { logs } of replicas) {
      const serious = logs.filter((line) => /"level":"(WARN|ERROR)"/.test(line))
      assert.lengthOf(serious, 1, serious.join("\n"))
      assert.include(serious[0], "Agent synced with a warning: Allgemeiner Assistent")
    }
    // Either serves what the other has made, and goes on with its threads.
    const [one, two] = replicas
    if (one === undefined || two === undefined) throw new Error("two were started")
    const { assistant_id } = await one.client("member").assistants.create({ graphId: "agent", name: "Meiner" })
    const { thread_id } = await one.client("member").threads.create()
    assert.lengthOf(await say(one, "member", thread_id, assistant_id, ["say:eins"]), 2)
    assert.lengthOf(await say(two, "member", thread_id, assistant_id, ["say:zwei"]), 4)
    assert.strictEqual((await ask(two, "otherOrganisation", `GET /threads/${thread_id}`)).status, 404)
  } finally {
    await Promise.all(replicas.map(({ stop }) => stop()))
    await around.stop()
  }
}

/** The connection that is in the middle of a sync: it has written assistants, and waits to write to the agents. */
export const inTheMiddle = async (database: pg.Client): Promise<number | undefined> => {
  const { rows } = await database.query<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock' and query like '%langgraph_assistant_id%'`
  )
  return rows[0]?.pid
}

/** Keeps every sync from getting further than the middle. */
export const holdUp = async (url: string) => {
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query("begin; lock table public.agents in exclusive mode")
  return { letGo: () => holder.end() }
}

/** Neither the assistants nor the agents show anything of a sync. */
export const nothingSynced = async (database: pg.Client): Promise<void> => {
  assert.deepEqual(await syncedIn(database), [])
  assert.deepEqual(await writtenBack(database), Object.fromEntries(all.map((id) => [id, null])))
}

/** A sync whose connection is cut half way has done nothing, and is done again. */
export const interruptedSync = async (options: WorldOptions = {}): Promise<void> => {
  const around = await openSurroundings(options)
  const { letGo } = await holdUp(Redacted.value(around.databaseUrl))
  const world = await startThroughline({ ...options, beside: around, awaitSync: false })
  try {
    const cut = await world.until("a sync half way", () => inTheMiddle(around.database))
    await around.database.query("select pg_terminate_backend($1)", [cut])
    await world.until("another attempt", async () => {
      const pid = await inTheMiddle(around.database)
      return pid !== undefined && pid !== cut
    })
    await nothingSynced(around.database)
    await letGo()
    await world.until("the sync", () => summaryOf(world) !== "")
    assert.strictEqual(summaryOf(world), "total=5 created=5 updated=0 skipped=0 failed=0 retired=0")
    assert.deepEqual(await writtenBack(around.database), whole)
  } finally {
    await letGo()
    await world.stop()
    await around.stop()
  }
}
