import { tool } from "@langchain/core/tools"
import { interrupt } from "@langchain/langgraph"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { assert } from "vitest"
import { z } from "zod"
import { agents } from "../../src/adapters/demo/World.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { question, said } from "../support/Conversation.ts"
import { framesOf, nextFrame } from "../support/Events.ts"
import { command, eventsUntil, isEnd } from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post, refusal } from "../support/Wire.ts"

/** A tool that asks a person, and takes its time over an answer that says so. */
export const ponderingTools = Layer.succeed(ToolSource, {
  load: () =>
    Effect.succeed({
      tools: [tool(async ({ question }, { signal }) => {
        const answer = interrupt<unknown, string>({ question })
        if (answer.startsWith("ponder")) await setTimeout(60_000, undefined, { signal })
        return `answered ${answer}`
      }, { name: "ask", description: "Asks a person", schema: z.object({ question: z.string() }) })],
      report: { servers: [] }
    })
})

const asked = { question: "Kündigen?" }

const waiting = async ({ client }: Throughline) => {
  const { runs, threads } = client("member")
  const { thread_id } = await threads.create()
  await runs.wait(thread_id, agents.recht, { input: question(`tool:ask:${JSON.stringify(asked)}`) })
  return { runs, threads, thread_id }
}

/** A run that has heard the answer and is not done with it. */
const pondering = async (world: Throughline) => {
  const { runs, thread_id, threads } = await waiting(world)
  const body = { assistant_id: agents.recht, command: { resume: "ponder" }, stream_mode: "tasks" }
  const gone = new AbortController()
  const response = await world.fetch("member", `/threads/${thread_id}/runs/stream`, {
    ...post(body),
    signal: gone.signal
  })
  await nextFrame(framesOf(response), "tasks")
  gone.abort()
  assert.strictEqual((await threads.get(thread_id)).status, "busy")
  return { run_id: response.headers.get("content-location")?.split("/").at(-1) ?? "", runs, thread_id, threads }
}

/** What the thread says it waits for is what its state does. */
const asks = async ({ client }: Throughline, thread_id: string, status: string) => {
  const { threads } = client("member")
  const thread = await threads.get(thread_id)
  assert.strictEqual(thread.status, status)
  const { tasks } = await threads.getState(thread_id)
  assert.deepEqual(tasks.flatMap(({ interrupts }) => interrupts).map(({ value }) => value), [asked])
  assert.deepEqual(thread.interrupts, Object.fromEntries(tasks.map(({ id, interrupts }) => [id, interrupts])))
  assert.lengthOf(await threads.search({ ids: [thread_id], status: thread.status }), 1)
}

/** Answers to a question that somebody, or something, stopped from being worked on: it is open as before. */
export const stoppedAnswers: Scenarios = {
  "an answer that is stopped leaves the question open, and another one is taken": async (world) => {
    const { run_id, runs, thread_id, threads } = await pondering(world)
    await runs.cancel(thread_id, run_id, true)
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "interrupted")
    await asks(world, thread_id, "interrupted")
    const answered = await runs.wait(thread_id, agents.recht, { command: { resume: "ja" } })
    assert.strictEqual(said(answered).at(-1), "ai: tool said: answered ja")
    const { interrupts, status } = await threads.get(thread_id)
    assert.deepEqual([status, interrupts], ["idle", {}])
    await refusal(runs.create(thread_id, agents.recht, { command: { resume: "ja" } }), 409)
  },

  "and so does one that is taken back, or that gives way to another": async (world) => {
    const { run_id, runs, thread_id } = await pondering(world)
    await runs.cancel(thread_id, run_id, true, "rollback")
    await asks(world, thread_id, "interrupted")
    const again = await runs.create(thread_id, agents.recht, { command: { resume: "ponder" } })
    await world.until(
      "it runs",
      async () => (await runs.get(thread_id, again.run_id)).status === "running"
    )
    const instead = { input: question("say:lieber das"), multitaskStrategy: "interrupt" } as const
    assert.strictEqual(said(await runs.wait(thread_id, agents.recht, instead)).at(-1), "ai: lieber das")
    assert.deepEqual((await world.client("member").threads.get(thread_id)).interrupts, {})
  },

  "an answer that took too long leaves the question open": async (world) => {
    const { runs, thread_id } = await waiting(world)
    const body = { assistant_id: agents.recht, command: { resume: "ponder" }, timeout: 1 }
    const response = await world.fetch("member", `/threads/${thread_id}/runs/wait`, post(body))
    assert.include(await response.text(), "RunTimeout")
    await asks(world, thread_id, "error")
    const answered = await runs.wait(thread_id, agents.recht, { command: { resume: "ja" } })
    assert.strictEqual(said(answered).at(-1), "ai: tool said: answered ja")
  },

  "a question of the streaming protocol is answered after its first answer was stopped": async (world) => {
    const thread = randomUUID()
    const input = question(`tool:ask:${JSON.stringify(asked)}`)
    await command(world, thread, "run.start", { assistant_id: agents.recht, input })
    const events = await eventsUntil(world, thread, { channels: ["input", "lifecycle"] }, isEnd)
    const interrupt_id = events.find(({ method }) => method === "input.requested")?.params.data["interrupt_id"]
    await command(world, thread, "input.respond", { interrupt_id, response: "ponder" })
    const { runs } = world.client("member")
    const [answering] = await runs.list(thread)
    const run_id = answering?.run_id ?? ""
    await world.until("it runs", async () => (await runs.get(thread, run_id)).status === "running")
    await runs.cancel(thread, run_id, true)
    await asks(world, thread, "interrupted")
    const answered = await command(world, thread, "input.respond", { interrupt_id, response: "ja" })
    assert.deepEqual([answered.type, answered.result], ["success", {}])
    const [again] = await runs.list(thread)
    assert.include(JSON.stringify(await runs.join(thread, again?.run_id ?? "")), "tool said: answered ja")
  },

  "a run that is stopped where nobody was asked leaves nothing to answer": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, agents.recht, { input: question("slow:20000:nie fertig") })
    await world.until("it runs", async () => (await runs.get(thread_id, run_id)).status === "running")
    await runs.cancel(thread_id, run_id, true)
    const { interrupts, status } = await threads.get(thread_id)
    assert.deepEqual([status, interrupts], ["idle", {}])
    await refusal(runs.create(thread_id, agents.recht, { command: { resume: "ja" } }), 409)
  }
}
