import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { exceptLogs, rowCounts, rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { post, refusal } from "../support/Wire.ts"

const unknown = "00000000-0000-4000-a000-000000000009"

/** Runs that nobody reads while they run. */
export const backgroundRuns: Scenarios = {
  "a run is created, looked at, joined and listed; the second message has the first": async ({ client, until }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
    const first = await runs.create(thread_id, agents.recht, {
      input: question("slow:2000:erste Antwort"),
      metadata: { purpose: "test" }
    })
    assert.strictEqual(first.status, "pending")
    assert.strictEqual(first.thread_id, thread_id)
    assert.strictEqual(first.assistant_id, agents.recht)
    assert.strictEqual(first.multitask_strategy, "reject")
    assert.strictEqual(first.metadata?.["purpose"], "test")
    assert.strictEqual((await threads.get(thread_id)).status, "busy")
    await until("the run runs", async () => (await runs.get(thread_id, first.run_id)).status === "running")

    assert.deepEqual(said(await runs.join(thread_id, first.run_id)), [
      "human: slow:2000:erste Antwort",
      "ai: erste Antwort"
    ])
    assert.strictEqual((await runs.get(thread_id, first.run_id)).status, "success")
    assert.strictEqual((await threads.get(thread_id)).status, "idle")

    const second = await runs.create(thread_id, agents.recht, { input: question("say:zweite") })
    const whole = ["human: slow:2000:erste Antwort", "ai: erste Antwort", "human: say:zweite", "ai: zweite"]
    assert.deepEqual(said(await runs.join(thread_id, second.run_id)), whole)
    assert.deepEqual(said(await runs.join(thread_id, second.run_id)), whole, "joining again answers again")

    const idsOf = async (options: Parameters<typeof runs.list>[1]) =>
      (await runs.list(thread_id, options)).map(({ run_id }) => run_id)
    assert.deepEqual(await idsOf({}), [second.run_id, first.run_id], "the newest first")
    assert.deepEqual(await idsOf({ limit: 1, offset: 1 }), [first.run_id])
    assert.deepEqual(await idsOf({ status: "success" }), [second.run_id, first.run_id])
    assert.deepEqual(await idsOf({ status: "error" }), [])
  },

  "a run tells what it ran with, in the reference's shape": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, agents.recht, {
      input: question("say:hallo"),
      config: { tags: ["blue"], recursion_limit: 7, configurable: { temperature: 0.1 } },
      context: { locale: "de" }
    })
    const [run] = await runs.list(thread_id)
    const { config, context, input, stream_mode } = Object(run).kwargs
    assert.deepEqual(input, question("say:hallo"))
    assert.deepEqual(context, { locale: "de" })
    assert.deepEqual(config.tags, ["blue"])
    assert.strictEqual(config.recursion_limit, 7)
    assert.strictEqual(config.configurable.temperature, 0.1)
    assert.strictEqual(config.configurable.model_name, "openai:gpt-4o-mini", "the assistant's other keys stay")
    assert.deepEqual(stream_mode, ["values"])
  },

  "a run is forgotten when it has ended, and not before": async ({ client, database, model, until }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, agents.recht, { input: question("slow:60000") })
    await until("the model was asked", () => JSON.stringify(model.requests.at(-1)?.body).includes("slow:60000"))
    assert.include(await refusal(runs.delete(thread_id, run_id), 409), "active")
    assert.strictEqual((await threads.get(thread_id)).status, "busy", "the refusal changed nothing")
    await runs.cancel(thread_id, run_id, true)
    await runs.delete(thread_id, run_id)
    await refusal(runs.get(thread_id, run_id), 404)
    await refusal(runs.delete(thread_id, run_id), 404)
    assert.notProperty(await rowsAbout(database, run_id), "runs")
    assert.deepEqual(said((await threads.getState(thread_id)).values), ["human: slow:60000"], "the conversation stays")
  },

  "what is not there is 404, whoever asks; a thread can be made by the run": async ({ client, database }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const before = await rowCounts(database)
    await refusal(runs.get(thread_id, unknown), 404)
    await refusal(runs.join(thread_id, unknown), 404)
    await refusal(runs.cancel(thread_id, unknown), 404)
    await refusal(runs.list(unknown), 404)
    await refusal(runs.create(unknown, agents.recht, { input: question("say:x") }), 404)
    await refusal(runs.create(thread_id, unknown, { input: question("say:x") }), 404)
    await refusal(runs.create(thread_id, agents.expose, { input: question("say:x") }), 404)
    assert.deepEqual(await rowCounts(database), before)

    const made = crypto.randomUUID()
    const created = await runs.create(made, agents.recht, { input: question("say:neu"), ifNotExists: "create" })
    assert.deepEqual(said(await runs.join(made, created.run_id)), ["human: say:neu", "ai: neu"])
    assert.strictEqual((await threads.get(made)).metadata?.["graph_id"], "agent")
    const again = { input: question("say:noch"), ifNotExists: "create" } as const
    assert.strictEqual(said(await runs.wait(made, agents.recht, again)).length, 4, "the same thread, not another one")
    const other = client("otherOrganisation").runs
    await refusal(other.create(made, "agent", again), 404)
    await refusal(other.join(made, created.run_id), 404)
  },

  "a run without a thread leaves none, unless that is wanted": async ({ client, database, fetch, until }) => {
    const { runs, threads } = client("member")
    const before = exceptLogs(await rowCounts(database))
    const events: Array<string> = []
    for await (const { event } of runs.stream(null, agents.recht, { input: question("say:flüchtig") })) {
      events.push(event)
    }
    assert.deepEqual(events, ["metadata", "values", "values"])
    assert.deepEqual(said(await runs.wait(null, agents.recht, { input: question("say:auch") })), [
      "human: say:auch",
      "ai: auch"
    ])
    // The SDK's types want a thread for `create`.
    const background = await fetch(
      "member",
      "/runs",
      post({ assistant_id: agents.recht, input: question("say:still") })
    )
    const [, , thread = ""] = background.headers.get("content-location")?.split("/") ?? []
    await until("the background run's thread is gone", async () => {
      return (await fetch("member", `/threads/${thread}`)).status === 404
    })
    await runs.wait(null, agents.recht, { input: question("fail:400"), raiseError: false })
    await until(
      "nothing is left",
      async () => JSON.stringify(exceptLogs(await rowCounts(database))) === JSON.stringify(before)
    )

    const kept: Array<string> = []
    const keep = { input: question("say:bleib"), onCompletion: "keep" } as const
    await runs.wait(null, agents.recht, { ...keep, onRunCreated: ({ thread_id }) => kept.push(thread_id ?? "") })
    assert.deepEqual(said((await threads.getState(kept[0] ?? "")).values), ["human: say:bleib", "ai: bleib"])
    await refusal(client("otherOrganisation").threads.get(kept[0] ?? ""), 404)
  }
}
