import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { said } from "../support/Conversation.ts"
import { assertOnceEach, begin, endOf, rowOf } from "../support/ReplicaRuns.ts"
import { calm, type Replica, type Replicas, type ReplicaScenarios } from "../support/ReplicaServers.ts"
import { asking, subrunsOf, tools } from "../support/Subruns.ts"
import { callsOf } from "./LostRuns.ts"

/** A run on one of two replicas whose agent asked another, which has used one tool and is at work with the next. */
const atWork = async (world: Replicas, client: ReturnType<Replica["client"]>, ms: number) => {
  const marker = crypto.randomUUID()
  const own = await client.assistants.create({
    graphId: "agent",
    config: { configurable: { agent_tools: [agents.recht] } }
  })
  const lines = [
    `tool:search_laws:${JSON.stringify({ query: `erst ${marker}` })}`,
    `tool:slow:${JSON.stringify({ ms, marker: `dann ${marker}` })}`,
    `say:fertig ${marker}`
  ]
  const run = await begin(client, asking(tools[agents.recht], `steps:${lines.join(" | ")}`), {}, own.assistant_id)
  await world.until("its tool works", () => callsOf(world, `dann ${marker}`).length === 1)
  const [subrun] = await subrunsOf(world, run.run_id)
  return { marker, own: own.assistant_id, run, subrun: subrun ?? assert.fail() }
}

/** It ended once, as the same run, without doing again what it had done. */
const wentOn = async (world: Replicas, survivor: Replica, work: Awaited<ReturnType<typeof atWork>>, lost: number) => {
  const { marker, own, run, subrun } = work
  assert.deepInclude(await endOf(world, run), { status: "success", attempt: 2, lost })
  const client = survivor.client()
  const { values } = await client.threads.getState(run.thread_id)
  assert.strictEqual(said(values).at(-1), `ai: tool said: fertig ${marker}`)
  assertOnceEach(values)
  assert.deepEqual(await subrunsOf(world, run.run_id), [{ ...subrun, status: "success", attempt: 2 }])
  const below = (await client.threads.getState(subrun.thread_id)).values
  assertOnceEach(below)
  assert.lengthOf(said(below), 6)
  assert.lengthOf(callsOf(world, `erst ${marker}`), 1, "the step that was done is not done again")
  assert.lengthOf(callsOf(world, `dann ${marker}`), 2, "the one under way is")
  assert.strictEqual((await client.threads.get(subrun.thread_id)).status, "idle")
  const more = await client.runs.wait(run.thread_id, own, {
    input: { messages: [{ role: "user", content: asking(tools[agents.recht], "say:und danach") }] }
  })
  assert.strictEqual(said(more).at(-1), "ai: tool said: und danach")
}

/** Replicas that go while an agent works for another one's run. */
export const lostSubruns: ReplicaScenarios = {
  "killed: the survivor goes on with both, from where they were": async (world) => {
    const [doomed, survivor] = await world.startTwo()
    const work = await atWork(world, doomed.client(), 12_000)
    await doomed.kill()
    await wentOn(world, survivor, work, 1)
  },

  "stopped: both are handed over, and nothing counts as lost": async (world) => {
    // It says itself that it goes.
    const [leaving, survivor] = await world.startTwo(calm)
    const work = await atWork(world, leaving.client(), 20_000)
    await leaving.stop()
    await wentOn(world, survivor, work, 0)
  },

  "killed, and the run is cancelled before anybody goes on with it: neither runs on": async (world) => {
    const [doomed, survivor] = await world.startTwo()
    const { run, subrun } = await atWork(world, doomed.client(), 12_000)
    await doomed.kill()
    await survivor.client().runs.cancel(run.thread_id, run.run_id)
    assert.strictEqual((await endOf(world, run)).status, "interrupted")
    await world.until("its subrun has ended", async () => (await rowOf(world, subrun.run_id))?.status === "interrupted")
    assert.strictEqual((await survivor.client().threads.get(subrun.thread_id)).status, "idle")
  }
}
