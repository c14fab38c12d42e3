import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { allFrames, framesOf, nextFrame } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post, refusal } from "../support/Wire.ts"

const both = ["values", "messages-tuple"] as const

/** A run in the background, and its stream as one reads it who was there from the start. */
const background = async (world: Throughline, text: string) => {
  const { runs, threads } = world.client("member")
  const { thread_id } = await threads.create()
  const { run_id } = await runs.create(thread_id, agents.recht, { input: question(text), streamMode: [...both] })
  const path = `/threads/${thread_id}/runs/${run_id}/stream`
  const joined = async (after?: string) => {
    const headers: Record<string, string> = after === undefined ? {} : { "last-event-id": after }
    return allFrames(await world.fetch("member", path, { headers }))
  }
  return { runs, thread_id, run_id, path, joined }
}

/** Readers who come late, come back, or come in numbers. */
export const rejoinedStreams: Scenarios = {
  "one who joins a run that has begun misses nothing, nor does one who comes back": async (world) => {
    const { joined, path } = await background(world, "slow:1200:a b c d e f g h")
    const gone = new AbortController()
    const frames = framesOf(await world.fetch("member", path, { signal: gone.signal }))
    const { id: first } = await nextFrame(frames, "messages")
    gone.abort()
    const rest = await joined(first)
    const whole = await joined()
    assert.deepEqual(rest, whole.slice(Number(first) + 1))
    assert.deepEqual(whole.map(({ id }) => Number(id)), whole.map((_, index) => index))
    assert.strictEqual(said(whole.at(-1)?.data).at(-1), "ai: a b c d e f g h")
    assert.deepEqual(await joined("-1"), whole, "after the end as well")
    assert.deepEqual(await joined(first), rest)
    assert.deepEqual(await joined(whole.at(-1)?.id), [])
  },

  "the stock SDK comes back by itself where it was cut off": async (world) => {
    const { run_id, runs, thread_id } = await background(world, "slow:200:eins zwei drei")
    const lastEventId = "2"
    const ids: Array<string> = []
    for await (const { id } of runs.joinStream(thread_id, run_id, { lastEventId })) ids.push(id ?? "")
    assert.strictEqual(ids[0], "3")
    const modes: Array<string> = []
    for await (const { event } of runs.joinStream(thread_id, run_id, { streamMode: "values", lastEventId: "-1" })) {
      modes.push(event)
    }
    assert.deepEqual(modes, ["metadata", "values", "values"])
  },

  "whoever subscribes before a run starts sees its first event": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const ahead = await runs.create(thread_id, agents.recht, { input: question("slow:3000:vorher") })
    const queued = await runs.create(thread_id, agents.recht, {
      input: question("say:dran"),
      multitaskStrategy: "enqueue"
    })
    const path = `/threads/${thread_id}/runs/${queued.run_id}/stream`
    const response = await world.fetch("member", path)
    assert.strictEqual((await runs.get(thread_id, queued.run_id)).status, "pending")
    const frames = await allFrames(response)
    assert.deepEqual(frames.map(({ event }) => event), ["metadata", "values", "values"])
    assert.strictEqual((await runs.get(thread_id, ahead.run_id)).status, "success")
  },

  "many readers of one run see the same": async (world) => {
    const { joined } = await background(world, "slow:150:alle sehen das")
    const seen = await Promise.all(Array.from({ length: 20 }, () => joined()))
    assert.isAbove(seen[0]?.length ?? 0, 4)
    for (const frames of seen) assert.deepEqual(frames, seen[0])
  },

  "nobody else joins": async (world) => {
    const { path, run_id, thread_id } = await background(world, "say:privat")
    for (const person of ["otherOrganisation", "admin"] as const) {
      assert.strictEqual((await world.fetch(person, path)).status, 404)
      await refusal(world.client(person).runs.join(thread_id, run_id), 404)
    }
  },

  "headers and a first sign of life come before the model has said anything": async (world) => {
    const { thread_id } = await world.client("member").threads.create()
    const gone = new AbortController()
    const body = { assistant_id: agents.recht, input: question("slow:20000:x"), on_disconnect: "cancel" }
    const response = await world.fetch("member", `/threads/${thread_id}/runs/stream`, {
      ...post(body),
      signal: gone.signal
    })
    const reader = response.body?.getReader()
    const { value } = await reader?.read() ?? {}
    assert.match(new TextDecoder().decode(value), /^: heartbeat\n/)
    gone.abort()
  }
}
