import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import {
  conversation,
  ends,
  eventsUntil,
  isEnd,
  saidIn,
  startSaying,
  streamingClient,
  type WireEvent,
  wordFor
} from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { post } from "../support/Wire.ts"

/** As the reference server was recorded telling of a run whose model says three words. */
const threeWords = [
  "lifecycle running",
  "checkpoints",
  "values",
  "tasks",
  "  lifecycle started",
  "  messages message-start",
  "  messages provider",
  "  messages content-block-start",
  "  messages content-block-delta",
  "  messages content-block-delta",
  "  messages content-block-delta",
  "  messages usage",
  "  messages content-block-finish",
  "  messages message-finish",
  "updates",
  "tasks",
  "  lifecycle completed",
  "checkpoints",
  "values",
  "lifecycle completed"
]

const byTools = ({ method }: WireEvent) => method === "tools"

/** The streaming protocol, by its own client and by hand. */
export const protocol: Scenarios = {
  "a run is told as the reference tells it, and the next one on the same stream": async (world) => {
    const thread = randomUUID()
    const started = await startSaying(world, thread, "say:v2 hello there")
    assert.deepEqual(started, {
      type: "success",
      id: 7,
      result: { run_id: started.result?.["run_id"] },
      meta: { thread_id: thread, applied_through_seq: 1 }
    })
    const both = eventsUntil(world, thread, {}, ends(2))
    const first = await eventsUntil(world, thread, {}, isEnd)
    assert.deepEqual(first.map(wordFor), threeWords)
    assert.deepEqual(first.map(({ seq }) => seq), threeWords.map((_, index) => index + 1))
    for (const { event_id, seq } of first) assert.strictEqual(event_id, String(seq))
    assert.deepEqual(saidIn(first.at(-2)?.params.data), ["human: say:v2 hello there", "ai: v2 hello there"])

    const again = await startSaying(world, thread, "say:und noch eins")
    const all = await both
    assert.deepEqual(all.slice(0, first.length), first, "who was there from the start has read the same")
    assert.deepEqual(all.slice(first.length).map(wordFor), threeWords)
    assert.strictEqual(all[first.length]?.seq, again.meta?.applied_through_seq)
    for (const [index, { seq }] of all.entries()) assert.isAbove(seq, all[index - 1]?.seq ?? 0)
  },

  "the SDK's own stream of a thread shows messages, tools and the state": async (world) => {
    const client = streamingClient(world, "member")
    const thread = client.threads.stream(randomUUID(), { assistantId: agents.recht })
    const { messages, toolCalls } = thread
    await thread.run.start({ input: question("tool:search_laws:{\"query\":\"BGB\"}") })
    // The SDK gives a call once when it starts and once more when it has ended.
    const calls = new Map<string, unknown>()
    const texts: Array<string> = []
    await Promise.all([
      (async () => {
        for await (const { name, output } of toolCalls) calls.set(name, await output)
      })(),
      (async () => {
        for await (const message of messages) texts.push(await message.text)
      })()
    ])
    assert.deepEqual([...calls.keys()], ["search_laws"])
    assert.strictEqual(texts.at(-1), `tool said: ${calls.get("search_laws")}`)
    assert.include(JSON.stringify(await thread.output), "tool said: ")

    await thread.run.start({ input: question("say:zweite Nachricht") })
    await eventsUntil(world, thread.threadId, { channels: ["lifecycle"] }, ends(2))
    const state = await thread.state.get({ namespace: [] })
    assert.include(JSON.stringify(state), "zweite Nachricht")
    const { tree } = await thread.agent.getTree()
    assert.include({ status: tree.status, graph: tree.graph_name }, { status: "completed", graph: "agent" })
    await thread.close()
  },

  "only what was subscribed to is told": async (world) => {
    const thread = await conversation(world, "tool:search_laws:{\"query\":\"BGB\"}")
    const tools = await eventsUntil(
      world,
      thread,
      { channels: ["tools", "lifecycle"], namespaces: [[]], depth: 1 },
      isEnd
    )
    assert.deepEqual(tools.filter(byTools).map(wordFor), ["  tools tool-started", "  tools tool-finished"])
    const root = await eventsUntil(
      world,
      thread,
      { channels: ["tools", "lifecycle"], namespaces: [[]], depth: 0 },
      isEnd
    )
    assert.deepEqual(root.map(wordFor), ["lifecycle running", "lifecycle completed"])
    const inTools = { channels: ["lifecycle", "messages", "tools"], namespaces: [["tools"]] }
    const below = await eventsUntil(world, thread, inTools, ({ params }) => params.data["event"] === "completed")
    assert.deepEqual(below.map(wordFor), [
      "  lifecycle started",
      "  tools tool-started",
      "  tools tool-finished",
      "  lifecycle completed"
    ])
  },

  "a run that fails or is stopped says so": async (world) => {
    const failing = randomUUID()
    await startSaying(world, failing, "fail:500")
    const failed = (await eventsUntil(world, failing, { channels: ["lifecycle"] }, isEnd)).at(-1)
    assert.strictEqual(failed?.params.data["event"], "failed")
    assert.isNotEmpty(failed?.params.data["error"])

    const slow = randomUUID()
    const { result } = await startSaying(world, slow, "slow:20000:nie")
    await eventsUntil(world, slow, { channels: ["tasks"] }, () => true)
    const cancel = `/threads/${slow}/runs/${result?.["run_id"]}/cancel?wait=0&action=interrupt`
    assert.isTrue((await world.fetch("member", cancel, post(undefined))).ok)
    const stopped = await eventsUntil(world, slow, { channels: ["lifecycle"] }, isEnd)
    assert.strictEqual(stopped.at(-1)?.params.data["event"], "interrupted")
    await startSaying(world, slow, "say:und weiter")
    const goesOn = await eventsUntil(world, slow, {}, ends(2))
    assert.deepEqual(saidIn(goesOn.at(-2)?.params.data).slice(-2), ["human: say:und weiter", "ai: und weiter"])
  }
}
