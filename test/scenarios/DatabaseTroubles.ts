import { Redacted } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { assert } from "vitest"
import { said } from "../support/Conversation.ts"
import { openGate } from "../support/Gate.ts"
import { assertGapless, assertOnceEach, attemptsIn, begin, endOf, reading } from "../support/ReplicaRuns.ts"
import {
  calm,
  homely,
  type Replica,
  type Replicas,
  type ReplicaScenario,
  type ReplicaScenarios
} from "../support/ReplicaServers.ts"

/** Longer than a failover of the database, and the default: who is cut off together is not dead. */
const heartbeat = { RUN_HEARTBEAT_SECONDS: "15" }

interface Trouble {
  readonly during: (world: Replicas) => Promise<void>
  /** How long it is, in ms. */
  readonly ms: number
}

/** Runs that end before, during and after their database is away: each goes on by itself. */
export const throughTrouble = async (world: Replicas, both: readonly [Replica, Replica], { during, ms }: Trouble) => {
  const texts = [
    (marker: string) => `slow:${ms / 4 + 2000}:endet währenddessen ${marker}`,
    (marker: string) => `steps:tool:slow:{"ms":${Math.round(ms / 2) + 2000}} | slow:1000:ruft währenddessen ${marker}`,
    (marker: string) => `slow:${ms + 4000}:redet hindurch ${marker}`
  ]
  const runs = await Promise.all(both.flatMap((replica) =>
    texts.map(async (text) => {
      const marker = crypto.randomUUID()
      const run = await begin(replica.client(), text(marker), {}, homely)
      return { run, marker, replica, reader: reading(replica.client(), run) }
    })
  ))
  await world.until("the model was asked of all", () => runs.every(({ marker }) => world.asked(marker).length > 0))
  await during(world)
  const back = performance.now()
  for (const { marker, reader, replica, run } of runs) {
    const end = await endOf(world, run)
    assert.deepEqual(end, { status: "success", attempt: 1, lost: 0, error: null, message: null })
    const frames = await reader.ended
    assertGapless(frames)
    assert.deepEqual(attemptsIn(frames), [1])
    const { values } = await replica.client().threads.getState(run.thread_id)
    assertOnceEach(values)
    assert.include(String(said(values).at(-1)), marker)
    assert.strictEqual((await replica.client().threads.get(run.thread_id)).status, "idle")
  }
  assert.lengthOf(world.legal.seen.calls, 2, "each tool was called once")
  console.log(`${runs.length} runs ended within ${Math.round(performance.now() - back)} ms after the database was back`)
}

/** A database that is cut off for ten seconds. */
const cutOff: ReplicaScenario = async (world) => {
  const gate = await openGate(Redacted.value(world.databaseUrl))
  try {
    const both = await world.startTwo({ ...heartbeat, DATABASE_URL: gate.url })
    const during = async () => {
      await gate.close()
      await sleep(10_000)
      await gate.open()
    }
    await throughTrouble(world, both, { during, ms: 10_000 })
  } finally {
    await gate.close()
  }
}

const isListening = async ({ url }: Replica) => Object(await (await fetch(`${url}/ready`)).json()).listening

const cutListeners = async ({ database }: Replicas) =>
  (await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'throughline signals'`
  )).rowCount ?? 0

/** Somebody reads on each replica what the other executes. */
const readElsewhere = async (world: Replicas, [one, other]: readonly [Replica, Replica], ms: number) => {
  const runs = await Promise.all([[one, other] as const, [other, one] as const].map(async ([home, elsewhere]) => {
    const marker = crypto.randomUUID()
    const run = await begin(home.client(), `slow:${ms}:a b c d e f g h ${marker}`, {}, homely)
    await world.until("the model was asked", () => world.asked(marker).length > 0)
    return { run, marker, elsewhere, reader: reading(elsewhere.client(), run) }
  }))
  const over = runs.map(async ({ elsewhere, marker, reader, run }) => {
    const frames = await reader.ended
    assertGapless(frames)
    assert.deepEqual(attemptsIn(frames), [1])
    assert.strictEqual(said(frames.at(-1)?.data).at(-1), `ai: a b c d e f g h ${marker}`)
    assert.strictEqual((await elsewhere.client().runs.get(run.thread_id, run.run_id)).status, "success")
  })
  return { readers: runs.map(({ reader }) => reader), over: Promise.all(over) }
}

/** A stop through a replica that can't tell the other. */
const stoppedUnheard = async (world: Replicas, [one, other]: readonly [Replica, Replica]) => {
  const marker = crypto.randomUUID()
  const run = await begin(one.client(), `slow:90000:${marker}`, {}, homely)
  const exchange = await world.until("the model was asked", () => world.asked(marker)[0])
  const asked = performance.now()
  await other.client().runs.cancel(run.thread_id, run.run_id)
  await world.until("the model's request is gone", () => exchange.aborted)
  console.log(`stopped through the other replica without LISTEN: ${Math.round(performance.now() - asked)} ms`)
  assert.strictEqual((await endOf(world, run)).status, "interrupted")
}

/** A database that comes and goes, or can only be half used. */
export const databaseTroubles: ReplicaScenarios = {
  "runs go on by themselves where all connections are cut for ten seconds": cutOff,

  "a stream misses nothing where the listening connections are cut in its midst": async (world) => {
    const both = await world.startTwo(calm)
    await world.until("both listen", async () => await isListening(both[0]) && await isListening(both[1]))
    const { over, readers } = await readElsewhere(world, both, 3_000)
    await world.until("they read", () => readers.every(({ frames }) => frames.length > 3))
    assert.strictEqual(await cutListeners(world), 2)
    await world.until("a new one is cut as well", async () => await cutListeners(world) > 0)
    await over
    await world.until("both listen again", async () => await isListening(both[0]) && await isListening(both[1]))
  },

  "without LISTEN everything works by looking, and /ready says so": async (world) => {
    const both = await world.startTwo({ ...calm, DATABASE_DIRECT_URL: "postgres://nobody@127.0.0.1:9/nowhere" })
    for (const replica of both) {
      const response = await fetch(`${replica.url}/ready`)
      assert.strictEqual(response.status, 200)
      assert.deepEqual(await response.json(), { ok: true, listening: false })
    }
    await (await readElsewhere(world, both, 1_500)).over
    await stoppedUnheard(world, both)
    const [one, other] = both
    const run = await begin(one.client(), "say:von irgendwem")
    assert.strictEqual(said(await other.client().runs.join(run.thread_id, run.run_id)).at(-1), "ai: von irgendwem")
  }
}
