import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { framesOf, nextFrame } from "../support/Events.ts"
import { exceptLogs, rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post, refusal } from "../support/Wire.ts"

/** Long enough for whoever only waits to be found out; each time another, so that the model's requests can be told apart. */
const endless = () => `slow:60000:nie fertig geworden ${crypto.randomUUID()}`

/** Before a heartbeat would have told it, in ms. How prompt a stop is, is measured through two replicas. */
const promptly = 2_000

const asked = ({ model, until }: Throughline, text: string) =>
  until("the model was asked", () => model.requests.find(({ body }) => JSON.stringify(body).includes(text)))

const started = async (world: Throughline, text: string, thread?: string) => {
  const { runs, threads } = world.client("member")
  const thread_id = thread ?? (await threads.create()).thread_id
  const { run_id } = await runs.create(thread_id, agents.recht, { input: question(text) })
  return { runs, threads, thread_id, run_id, exchange: await asked(world, text) }
}

const leaves = async (world: Throughline, path: string, body: object) => {
  const gone = new AbortController()
  const response = await world.fetch("member", path, { ...post(body), signal: gone.signal })
  const read = response.text().catch(() => "")
  return {
    location: response.headers.get("content-location") ?? "",
    leave: () => {
      gone.abort()
      return read
    }
  }
}

/** Runs that somebody wants stopped. */
export const cancelledRuns: Scenarios = {
  "a stop aborts the model's request at once and keeps what was said so far": async (world) => {
    const text = endless()
    const { exchange, run_id, runs, thread_id, threads } = await started(world, text)
    await runs.cancel(thread_id, run_id)
    await world.until("the model's request is gone", () => exchange.aborted, promptly)
    await world.until("the run has ended", async () => (await runs.get(thread_id, run_id)).status === "interrupted")
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    assert.deepEqual(said((await threads.getState(thread_id)).values), [`human: ${text}`])
    await runs.cancel(thread_id, run_id)
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "interrupted", "a second stop does nothing")
    assert.strictEqual(
      said(await runs.wait(thread_id, agents.recht, { input: question("say:weiter") })).at(-1),
      "ai: weiter"
    )
  },

  "a stop that waits answers when the run has ended; its readers are let go": async (world) => {
    const text = endless()
    const { run_id, runs, thread_id, threads } = await started(world, text)
    const joined = runs.join(thread_id, run_id)
    const read = world.fetch("member", `/threads/${thread_id}/runs/${run_id}/stream`).then((response) =>
      response.text()
    )
    await runs.cancel(thread_id, run_id, true)
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "interrupted")
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    assert.deepEqual(said(await joined), [`human: ${text}`])
    assert.notInclude(await read, "event: error")
  },

  "a stop aborts the tool's call": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, agents.recht, { input: question("tool:slow:{\"ms\":60000}") })
    const call = await world.until(
      "the tool was called",
      () => world.legal.seen.calls.findLast(({ tool }) => tool === "slow")
    )
    await runs.cancel(thread_id, run_id, true)
    await world.until("the tool's call is gone", () => call.aborted, promptly)
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "interrupted")
    await world.until("its session is closed", () => world.legal.seen.closed.length === world.legal.seen.opened.length)
  },

  "a roll-back leaves no trace of the run, and what was before it": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, agents.recht, { input: question("say:vorher") })
    const before = await threads.getHistory(thread_id)
    const { exchange, run_id } = await started(world, endless(), thread_id)
    await runs.cancel(thread_id, run_id, true, "rollback")
    await world.until("the model's request is gone", () => exchange.aborted, promptly)
    await refusal(runs.get(thread_id, run_id), 404)
    assert.deepEqual(await threads.getHistory(thread_id), before)
    assert.deepEqual(exceptLogs(await rowsAbout(world.database, run_id)), {})
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    const after = await runs.wait(thread_id, agents.recht, { input: question("say:nachher") })
    assert.deepEqual(said(after), ["human: say:vorher", "ai: vorher", "human: say:nachher", "ai: nachher"])
  },

  "a run that waits in the queue is stopped there: at once, and the model never hears of it": async (world) => {
    const text = endless()
    const { exchange, run_id, runs, thread_id, threads } = await started(world, text)
    const queued = await runs.create(thread_id, agents.recht, {
      input: question("say:niemals gehört"),
      multitaskStrategy: "enqueue"
    })
    const undone = await runs.create(thread_id, agents.recht, {
      input: question("say:nie gesagt"),
      multitaskStrategy: "enqueue"
    })
    await runs.cancel(thread_id, queued.run_id, true)
    assert.strictEqual((await runs.get(thread_id, queued.run_id)).status, "interrupted")
    await runs.cancel(thread_id, undone.run_id, true, "rollback")
    await refusal(runs.get(thread_id, undone.run_id), 404)
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "running", "the one before is left alone")
    assert.strictEqual((await threads.get(thread_id)).status, "busy")
    assert.isFalse(exchange.aborted)
    await runs.cancel(thread_id, run_id, true)
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    assert.deepEqual(said((await threads.getState(thread_id)).values), [`human: ${text}`])
    assert.notInclude(JSON.stringify(world.model.requests), "niemals gehört")
  },

  "a reader who goes away takes the run along if that was asked for": async (world) => {
    for (const way of ["stream", "wait"]) {
      const { thread_id } = await world.client("member").threads.create()
      const text = endless()
      const body = { assistant_id: agents.recht, input: question(text), on_disconnect: "cancel" }
      const { leave, location } = await leaves(world, `/threads/${thread_id}/runs/${way}`, body)
      const exchange = await asked(world, text)
      await leave()
      await world.until("the model's request is gone", () => exchange.aborted, promptly)
      const { runs } = world.client("member")
      const run_id = location.split("/").at(-1) ?? ""
      await world.until("the run has ended", async () => (await runs.get(thread_id, run_id)).status === "interrupted")
    }
  },

  "a reader who goes away leaves the run running otherwise": async (world) => {
    for (const way of ["stream", "wait"]) {
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      const text = `slow:2000:unbeirrt ${way}`
      const body = { assistant_id: agents.recht, input: question(text) }
      const { leave, location } = await leaves(world, `/threads/${thread_id}/runs/${way}`, body)
      await asked(world, text)
      await leave()
      const run_id = location.split("/").at(-1) ?? ""
      assert.strictEqual(said(await runs.join(thread_id, run_id)).at(-1), `ai: unbeirrt ${way}`)
      assert.strictEqual((await runs.get(thread_id, run_id)).status, "success")
    }
  },

  "a stateless run that is stopped leaves nothing": async (world) => {
    const text = endless()
    const body = { assistant_id: agents.recht, input: question(text), on_disconnect: "cancel" }
    const { leave, location } = await leaves(world, "/runs/stream", body)
    await asked(world, text)
    await leave()
    const [, , thread_id = "none"] = location.split("/")
    await world.until(
      "nothing is left",
      async () => Object.keys(exceptLogs(await rowsAbout(world.database, thread_id))).length === 0
    )
  },

  "one who joins may take the run along; nobody else's business is touched": async (world) => {
    const { exchange, run_id, runs, thread_id } = await started(world, endless())
    const other = world.client("otherOrganisation").runs
    await refusal(other.cancel(thread_id, run_id), 404)
    await refusal(world.client("admin").runs.cancel(thread_id, run_id, true, "rollback"), 404)
    const gone = new AbortController()
    const path = `/threads/${thread_id}/runs/${run_id}/stream?cancel_on_disconnect=1`
    const frames = framesOf(await world.fetch("member", path, { signal: gone.signal }))
    await nextFrame(frames, "values")
    assert.isFalse(exchange.aborted)
    gone.abort()
    await world.until("the model's request is gone", () => exchange.aborted, promptly)
    await world.until("the run has ended", async () => (await runs.get(thread_id, run_id)).status === "interrupted")
  }
}
