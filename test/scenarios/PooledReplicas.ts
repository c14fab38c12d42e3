import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { assertGapless, begin, endOf, framesOf, reading } from "../support/ReplicaRuns.ts"
import { homely, type Replica, type Replicas } from "../support/ReplicaServers.ts"

/** What a chat page does, now on the one replica and now on the other. */
export const pooledChat = async (world: Replicas, [one, other]: readonly [Replica, Replica]): Promise<void> => {
  for (const { url } of [one, other]) {
    await world.until(
      "it listens past the pooler",
      async () => Object(await (await fetch(`${url}/ready`)).json()).listening === true
    )
  }
  const { thread_id } = await one.client().threads.create()
  for (const [turn, replica] of [one, other, one, other].entries()) {
    const frames = await framesOf(
      replica.client().runs.stream(thread_id, agents.recht, {
        input: question(`steps:tool:search_laws:{"query":"${turn}"} | slow:300:Antwort ${turn}`),
        streamMode: ["values", "messages-tuple"]
      })
    )
    assertGapless(frames)
    assert.strictEqual(said(frames.at(-1)?.data).at(-1), `ai: Antwort ${turn}`)
  }
  assert.lengthOf(said((await other.client().threads.getState(thread_id)).values), 16)
  assert.isAbove((await one.client().threads.getHistory(thread_id)).length, 4)

  const running = await begin(one.client(), "slow:20000:nie fertig", {}, homely)
  await world.until("the model was asked", () => world.asked("nie fertig").length > 0)
  const reader = reading(other.client(), running)
  await world.until("it is read", () => reader.frames.length > 1)
  await other.client().runs.cancel(running.thread_id, running.run_id, true)
  assert.strictEqual((await endOf(world, running)).status, "interrupted")
  assertGapless(await reader.ended)
  await other.client().threads.delete(running.thread_id)

  const many = await Promise.all(
    Array.from({ length: 20 }, (_, n) => begin([one, other][n % 2]?.client() ?? one.client(), `slow:300:viele ${n}`))
  )
  for (const run of many) assert.strictEqual((await endOf(world, run)).status, "success")
}
