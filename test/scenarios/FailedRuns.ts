import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { failureOf, question, said } from "../support/Conversation.ts"
import { allFrames } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

const fresh = async ({ client }: Throughline) => (await client("member").threads.create()).thread_id

/** Runs that can't come to a good end, and say so everywhere alike (field failure 23). */
export const failedRuns: Scenarios = {
  "a model that refuses ends the run as an error, wherever one looks": async (world) => {
    const { runs, threads } = world.client("member")
    const thread_id = await fresh(world)
    const body = { assistant_id: agents.recht, input: question("fail:400"), stream_mode: ["values", "messages-tuple"] }
    const frames = await allFrames(await world.fetch("member", `/threads/${thread_id}/runs/stream`, post(body)))
    assert.deepEqual(frames.map(({ event }) => event), ["metadata", "values", "error"])
    const told = Object(frames.at(-1)?.data)
    assert.hasAllKeys(told, ["error", "message"])
    assert.include(told.message, "told to fail with 400")
    assert.notMatch(told.error, /^Error$/, "the kind says more than that it is one")

    const [run] = await runs.list(thread_id, { status: "error" })
    const run_id = run?.run_id ?? ""
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "error")
    assert.deepEqual(Object(run).error, told, "the run shows why")
    assert.strictEqual((await threads.get(thread_id)).status, "error")
    assert.deepEqual(failureOf(await runs.join(thread_id, run_id)), told)
    assert.deepEqual(said((await threads.getState(thread_id)).values), ["human: fail:400"])
    assert.include(world.logs.findLast((line) => line.includes("Run failed")) ?? "", run_id)
  },

  "waiting for it is answered 200, as the SDK reads it": async (world) => {
    const { runs } = world.client("member")
    const body = { assistant_id: agents.recht, input: question("fail:422") }
    for (const path of [`/threads/${await fresh(world)}/runs/wait`, "/runs/wait"]) {
      const response = await world.fetch("member", path, post(body))
      assert.strictEqual(response.status, 200)
      assert.include(failureOf(await response.json()).message, "told to fail with 422")
    }
    const waiting = runs.wait(await fresh(world), agents.recht, { input: question("fail:422") })
    assert.include(await waiting.then(() => "", (error: Error) => error.message), "told to fail with 422")
  },

  "the thread lives on: the next message is answered, and the thread is idle again": async (world) => {
    const { runs, threads } = world.client("member")
    const thread_id = await fresh(world)
    await runs.wait(thread_id, agents.recht, { input: question("fail:400"), raiseError: false })
    assert.lengthOf(await threads.search({ ids: [thread_id], status: "error" }), 1)
    const values = await runs.wait(thread_id, agents.recht, { input: question("say:wieder da") })
    assert.deepEqual(said(values), ["human: fail:400", "human: say:wieder da", "ai: wieder da"])
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    assert.deepEqual((await runs.list(thread_id)).map(({ status }) => status), ["success", "error"])
  },

  "a run that goes round in circles is stopped by its recursion limit, of that kind": async (world) => {
    const { runs } = world.client("member")
    const thread_id = await fresh(world)
    const answer = await runs.wait(thread_id, agents.recht, {
      input: question("tool:search_laws:{\"query\":\"Kreis\"}"),
      config: { recursion_limit: 2 },
      raiseError: false
    })
    const failure = failureOf(answer)
    assert.strictEqual(failure.error, "GraphRecursionError")
    assert.include(failure.message, "Recursion limit of 2")
    assert.strictEqual((await runs.list(thread_id))[0]?.status, "error")
  },

  "an agent whose settings make no sense says which one": async (world) => {
    const { assistants, runs } = world.client("member")
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      config: { configurable: { model_name: "openai:gpt-4o", temperature: "warm" } }
    })
    const answer = await runs.wait(await fresh(world), assistant_id, { input: question("say:x"), raiseError: false })
    assert.deepEqual(failureOf(answer).error, "InvalidConfiguration")
    assert.include(failureOf(answer).message, "configurable.temperature")
  },

  "a message that is none fails its run, not the thread": async (world) => {
    const { runs } = world.client("member")
    const thread_id = await fresh(world)
    const input = { messages: [{ role: "alien", content: "say:x" }] }
    const failure = failureOf(await runs.wait(thread_id, agents.recht, { input, raiseError: false }))
    assert.strictEqual(failure.error, "InvalidMessage")
    assert.include(failure.message, "alien")
    assert.deepEqual(said(await runs.wait(thread_id, agents.recht, { input: question("say:gut") })), [
      "human: say:gut",
      "ai: gut"
    ])
  }
}
