import { tool } from "@langchain/core/tools"
import { interrupt } from "@langchain/langgraph"
import { Effect, Layer } from "effect"
import { assert } from "vitest"
import { z } from "zod"
import { agents } from "../../src/adapters/demo/World.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { interruptsOf, question, said } from "../support/Conversation.ts"
import { rowCounts } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { refusal } from "../support/Wire.ts"

/** No MCP server can interrupt a graph, so this tool that asks a person is one of the server's own. */
export const askingTools = Layer.succeed(ToolSource, {
  load: () =>
    Effect.succeed({
      tools: [tool(({ question }) => `answered ${JSON.stringify(interrupt({ question }))}`, {
        name: "ask",
        description: "Asks a person",
        schema: z.object({ question: z.string() })
      })],
      report: { servers: [] }
    })
})

/** Runs that wait for a person. */
export const interruptedRuns: Scenarios = {
  "a run stops before a node that was named, and goes on without input": async ({ client, model }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const asked = model.requests.length
    const paused = await runs.wait(thread_id, agents.recht, { input: question("say:danach"), interruptBefore: "*" })
    assert.deepEqual(interruptsOf(paused), [])
    assert.lengthOf(model.requests, asked, "the model was not asked yet")
    const waiting = await threads.get(thread_id)
    assert.strictEqual(waiting.status, "interrupted")
    assert.lengthOf(Object.keys(waiting.interrupts), 1)
    assert.strictEqual((await runs.list(thread_id))[0]?.status, "success", "the run itself has ended")
    const state = await threads.getState(thread_id)
    assert.lengthOf(state.next, 1)
    assert.deepEqual(said(state.values), ["human: say:danach"])
    assert.lengthOf(await threads.search({ status: "interrupted", ids: [thread_id] }), 1)

    assert.deepEqual(said(await runs.wait(thread_id, agents.recht, { input: null })), [
      "human: say:danach",
      "ai: danach"
    ])
    const done = await threads.get(thread_id)
    assert.strictEqual(done.status, "idle")
    assert.deepEqual(done.interrupts, {})
    assert.deepEqual((await threads.getState(thread_id)).next, [])
  },

  "a run stops after a node that was named": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const [node = ""] =
      (await runs.wait(thread_id, agents.recht, { input: question("say:x"), interruptBefore: "*" }),
        (await threads.getState(thread_id)).next)
    await runs.wait(thread_id, agents.recht, { input: null, interruptAfter: [node] })
    assert.deepEqual(said((await threads.getState(thread_id)).values), ["human: say:x", "ai: x"])
  },

  "a question to a person waits for the answer, which the graph gets": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const events: Array<readonly [string, unknown]> = []
    for await (
      const { data, event } of runs.stream(thread_id, agents.recht, {
        input: question("tool:ask:{\"question\":\"Kündigen?\"}"),
        streamMode: ["values", "updates"]
      })
    ) events.push([event, data])
    const asked = { question: "Kündigen?" }
    const [, update] = events.findLast(([event]) => event === "updates") ?? []
    assert.deepEqual(Object(interruptsOf(update)?.[0]).value, asked)
    const { interrupts, status } = await threads.get(thread_id)
    assert.strictEqual(status, "interrupted")
    assert.deepEqual(Object.values(interrupts).flat().map(({ value }) => value), [asked])
    const state = await threads.getState(thread_id)
    assert.deepEqual(state.tasks.flatMap(({ interrupts }) => interrupts).map(({ value }) => value), [asked])

    const answered = await runs.wait(thread_id, agents.recht, { command: { resume: { ja: true } } })
    assert.strictEqual(said(answered).at(-1), "ai: tool said: answered {\"ja\":true}")
    assert.strictEqual((await threads.get(thread_id)).status, "idle")

    const again = await runs.wait(thread_id, agents.recht, { input: question("say:und weiter") })
    assert.strictEqual(said(again).at(-1), "ai: und weiter", "a conversation goes on after an answer")
  },

  "two answers act once, at once or in line": async ({ client, fetch, model }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, agents.recht, { input: question("tool:ask:{\"question\":\"Zweimal?\"}") })
    const asked = model.requests.length
    const answer = JSON.stringify({ assistant_id: agents.recht, command: { resume: "einmal" } })
    const answers = await Promise.all(
      Array.from(
        { length: 8 },
        () => fetch("member", `/threads/${thread_id}/runs/wait`, { method: "POST", body: answer })
      )
    )
    // Whoever waits has the status before the run has ended.
    await Promise.all(answers.map((answer) => answer.text()))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409, 409, 409, 409])
    const state = said((await threads.getState(thread_id)).values)
    assert.lengthOf(state.filter((line) => line.includes("tool: answered")), 1)
    assert.lengthOf(model.requests, asked + 1)

    await runs.wait(thread_id, agents.recht, { input: question("tool:ask:{\"question\":\"In der Reihe?\"}") })
    const first = runs.wait(thread_id, agents.recht, { command: { resume: "ja" } })
    const second = { command: { resume: "ja" }, multitaskStrategy: "enqueue" } as const
    await refusal(Promise.all([first, runs.wait(thread_id, agents.recht, second)]), 409)
  },

  "there is nothing to resume where nobody was asked": async ({ client, database }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    assert.include(
      await refusal(runs.wait(thread_id, agents.recht, { command: { resume: "?" } }), 409),
      "not interrupted"
    )
    await runs.wait(thread_id, agents.recht, { input: question("say:fertig") })
    await refusal(runs.create(thread_id, agents.recht, { command: { resume: "?" } }), 409)
    assert.lengthOf(await runs.list(thread_id), 1, "what was refused left nothing")
    const before = await rowCounts(database)
    await refusal(runs.wait(null, agents.recht, { command: { resume: "?" } }), 409)
    assert.deepEqual(await rowCounts(database), before)
  },

  "a new message instead of an answer takes the thread out of its waiting": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, agents.recht, { input: question("say:vergiss es"), interruptBefore: "*" })
    const values = await runs.wait(thread_id, agents.recht, { input: question("say:lieber das") })
    assert.strictEqual(said(values).at(-1), "ai: lieber das")
    const { interrupts, status } = await threads.get(thread_id)
    assert.deepEqual([status, interrupts], ["idle", {}])
  }
}
