import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { openSurroundings, startThroughline, type Throughline } from "../support/Throughline.ts"

/** Another replica that is in the middle of a sync for as long as the work takes. */
const whileSyncing = async (world: Throughline, work: () => Promise<void>) => {
  const other = new pg.Client({ connectionString: world.databaseUrl })
  other.on("error", () => {}) // the database may be dropped under it
  await other.connect()
  await other.query("begin; select pg_advisory_xact_lock(hashtextextended('langgraph_server.agent_sync', 0))")
  await world.database.query("update public.agents set system_prompt = system_prompt || '.' where id = $1", [
    agents.recht
  ])
  await work().finally(() => other.end())
}

const waiting = (world: Throughline) =>
  world.until("a look-up waits", async () => {
    const { rows } = await world.database.query(
      "select from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"
    )
    return rows.length > 0
  })

/** Look-ups that wait for a sync do not keep the connections from everybody else. */
export const otherTenantsGoOn = async (): Promise<void> => {
  const world = await startThroughline()
  try {
    const looked: Array<Promise<number>> = []
    await whileSyncing(world, async () => {
      for (let n = 0; n < 20; n++) {
        looked.push(ask(world, "member", `GET /assistants/${agents.recht}`).then((a) => a.status))
      }
      await waiting(world)
      const others = ask(world, "otherOrganisation", "POST /threads/search", {}).then(({ status }) => status)
      assert.strictEqual(await Promise.race([others, sleep(30_000)]), 200)
      assert.strictEqual((await ask(world, undefined, "GET /ready")).status, 200)
    })
    assert.deepEqual([...new Set(await Promise.all(looked))], [200])
  } finally {
    await world.stop()
  }
}

/** A stop does not wait for somebody else's sync. */
export const stopsMeanwhile = async (): Promise<void> => {
  const around = await openSurroundings()
  const world = await startThroughline({ beside: around })
  try {
    await whileSyncing(world, async () => {
      const run = { assistant_id: agents.recht, input: question("say:eins") }
      const refused = ask(world, "member", "POST /runs/wait", run).catch(() => undefined)
      await waiting(world)
      const stopped = world.stop().then(() => "stopped")
      assert.strictEqual(await Promise.race([stopped, sleep(30_000)]), "stopped")
      await refused
    })
    const { rows } = await around.database.query("select from langgraph_server.runs")
    assert.lengthOf(rows, 0)
  } finally {
    await world.stop()
    await around.stop()
  }
}

/** What has not come to its end when the server stops, running or waiting, is the next one's to finish. */
export const unfinishedRunsGoOn = async (): Promise<void> => {
  const around = await openSurroundings()
  const world = await startThroughline({ beside: around, env: { SHUTDOWN_TIMEOUT_SECONDS: "0" } })
  let next: Throughline | undefined
  try {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const running = await runs.create(thread_id, agents.recht, { input: question("slow:8000:spät") })
    await world.until("the model was asked", () => world.model.requests.length > 0)
    const second = { input: question("say:danach"), multitaskStrategy: "enqueue" } as const
    const queued = await runs.create(thread_id, agents.recht, second)
    await world.stop()
    const { rows } = await around.database.query(
      "select r.status, r.lost, r.failure, t.status as thread from langgraph_server.runs r"
        + " join langgraph_server.threads t on t.id = r.thread_id"
    )
    const waits = { status: "pending", lost: 0, failure: null, thread: "busy" }
    assert.deepEqual(rows, [waits, waits])
    assert.lengthOf(world.model.requests, 1)

    next = await startThroughline({ beside: around })
    const again = next.client("member").runs
    assert.deepEqual(said(await again.join(thread_id, running.run_id)), ["human: slow:8000:spät", "ai: spät"])
    assert.strictEqual(said(await again.join(thread_id, queued.run_id)).at(-1), "ai: danach")
    assert.strictEqual((await next.client("member").threads.get(thread_id)).status, "idle")
  } finally {
    await world.stop()
    await next?.stop()
    await around.stop()
  }
}
