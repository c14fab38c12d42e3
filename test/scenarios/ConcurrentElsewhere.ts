import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { assertOnceEach, begin } from "../support/ReplicaRuns.ts"
import type { Replica, Replicas, SharedScenario } from "../support/ReplicaServers.ts"
import { post } from "../support/Wire.ts"

/** Ten runs for one thread, five through each of two replicas, at one moment. */
const tenAtOnce = async (
  both: readonly [Replica, Replica],
  threadId: string,
  strategy: string,
  text: (n: number) => string
) => {
  const answers = await Promise.all(Array.from({ length: 10 }, async (_, n) => {
    const body = { assistant_id: agents.recht, input: question(text(n)), multitask_strategy: strategy }
    const response = await both[n % 2 === 0 ? 0 : 1].fetch(`/threads/${threadId}/runs`, post(body))
    return { status: response.status, body: await response.text() }
  }))
  return answers
}

const accepted = (answers: ReadonlyArray<{ readonly status: number }>) =>
  answers.filter(({ status }) => status === 200).length

const runsOf = async ({ database }: Replicas, threadId: string) =>
  (await database.query<{ status: string; text: string }>(
    `select status, request #>> '{input,messages,0,content}' as text
     from langgraph_server.runs where thread_id = $1 order by run_at, id`,
    [threadId]
  )).rows

const idle = (world: Replicas, replica: Replica, threadId: string) =>
  world.until(
    "the thread is idle",
    async () => (await replica.client().threads.get(threadId)).status === "idle"
  )

/** Runs for one thread that come to two replicas at once. */
export const concurrentElsewhere: Readonly<Record<string, SharedScenario>> = {
  "of ten runs for one thread that come to two replicas at once each strategy makes what it promises": async (
    world,
    both
  ) => {
    const [one] = both
    const thread = async () => (await one.client().threads.create()).thread_id
    const blocked = async () => {
      const marker = crypto.randomUUID()
      const run = await begin(one.client(), `slow:20000:davor ${marker}`)
      await world.until("the first runs", () => world.asked(marker).length > 0)
      return run.thread_id
    }

    const rejecting = await thread()
    const rejected = await tenAtOnce(both, rejecting, "reject", (n) => `slow:5000:einer ${n}`)
    assert.strictEqual(accepted(rejected), 1)
    assert.lengthOf(rejected.filter(({ status }) => status === 409), 9)
    await idle(world, one, rejecting)
    assert.lengthOf(said((await one.client().threads.getState(rejecting)).values), 2)

    const queueing = await thread()
    let most = 0
    const watching = setInterval(() => {
      void runsOf(world, queueing).then((runs) => {
        most = Math.max(most, runs.filter(({ status }) => status === "running").length)
      })
    }, 20)
    assert.strictEqual(accepted(await tenAtOnce(both, queueing, "enqueue", (n) => `slow:50:Reihe ${n}`)), 10)
    await idle(world, one, queueing)
    clearInterval(watching)
    const queued = await runsOf(world, queueing)
    assert.deepEqual(queued.map(({ status }) => status), queued.map(() => "success"))
    const { values } = await one.client().threads.getState(queueing)
    assertOnceEach(values)
    assert.deepEqual(
      said(values).filter((line) => line.startsWith("human")),
      queued.map(({ text }) => `human: ${text}`)
    )
    assert.strictEqual(most, 1, "one at a time")

    const interrupting = await blocked()
    assert.strictEqual(accepted(await tenAtOnce(both, interrupting, "interrupt", (n) => `slow:4000:Einwurf ${n}`)), 10)
    await idle(world, one, interrupting)
    const interrupted = await runsOf(world, interrupting)
    assert.lengthOf(interrupted, 11)
    assert.deepEqual(interrupted.map(({ status }) => status), [
      ...Array.from({ length: 10 }, () => "interrupted"),
      "success"
    ])
    const last = interrupted.at(-1)?.text.replace("slow:4000:", "ai: ")
    assert.strictEqual(said((await one.client().threads.getState(interrupting)).values).at(-1), last)

    const undoing = await blocked()
    assert.strictEqual(accepted(await tenAtOnce(both, undoing, "rollback", (n) => `slow:4000:Ersatz ${n}`)), 10)
    await idle(world, one, undoing)
    const left = await runsOf(world, undoing)
    assert.deepEqual(left.map(({ status }) => status), ["success"])
    assert.deepEqual(said((await one.client().threads.getState(undoing)).values), [
      `human: ${left[0]?.text}`,
      `${left[0]?.text.replace("slow:4000:", "ai: ")}`
    ])
  }
}
