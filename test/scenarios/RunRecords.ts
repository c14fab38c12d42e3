import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { namesOf, recordOf, type Step, stepsOf } from "../support/Records.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

/** What the scripted model counts for each of its answers. */
const said = { input_tokens: 10, output_tokens: 5, total_tokens: 15 }

const times = (calls: number) => ({
  input_tokens: calls * said.input_tokens,
  output_tokens: calls * said.output_tokens,
  total_tokens: calls * said.total_tokens
})

const fresh = async ({ client }: Throughline) => (await client("member").threads.create()).thread_id

/** Says something on a thread and waits for the answer: the run that it was. */
const spoken = async (
  world: Throughline,
  thread_id: string,
  text: string,
  more: object = {},
  agent: string = agents.recht
) => {
  const body = { assistant_id: agent, input: question(text), ...more }
  await (await world.fetch("member", `/threads/${thread_id}/runs/wait`, post(body))).text()
  const [run] = await world.client("member").runs.list(thread_id)
  return { run_id: run?.run_id ?? "", thread_id }
}

const only = (steps: ReadonlyArray<Step>, kind: string) => steps.filter((step) => step.kind === kind)

const ended = (record: { readonly created_at: string; readonly ended_at: string }) =>
  Date.parse(record.ended_at) - Date.parse(record.created_at)

/** Every run keeps the record of what it really got, and of what its time and its tokens went into. */
export const runRecords: Scenarios = {
  "two messages with a tool call: each step with its time, and the tokens as the model counted them": async (world) => {
    const thread_id = await fresh(world)
    for (const round of ["erste", "zweite"]) {
      const text = `steps:after:300:tool:search_laws:{"query":"${round}"} | after:200:say:fertig`
      const stream_mode = round === "erste" ? ["values", "messages-tuple"] : ["values"]
      const run = await spoken(world, thread_id, text, { stream_mode })
      const record = await recordOf(world, run)
      const steps = stepsOf(record)
      assert.deepEqual(namesOf(steps), [
        "configuration",
        "queue",
        "tools legal-mcp",
        "model gpt-4o-mini",
        "tool search_laws",
        "model gpt-4o-mini",
        "checkpoints"
      ])
      for (const { attempt, error, ms, name } of steps) {
        assert.deepEqual([attempt, error], [1, null], name)
        assert.isAtLeast(ms ?? -1, 0, name)
      }
      const [first, second] = only(steps, "model")
      assert.isAtLeast(first?.ms ?? 0, 290, "the model took its time")
      assert.isAtLeast(second?.ms ?? 0, 190)
      assert.deepEqual([first?.usage, second?.usage], [said, said])
      assert.deepEqual(record.usage, times(2))
      assert.isAbove(only(steps, "checkpoints")[0]?.ms ?? 0, 0)
      const worked = steps.filter(({ kind }) => kind !== "configuration").reduce((sum, { ms }) => sum + (ms ?? 0), 0)
      assert.isAtMost(worked, ended(record) + 50, "no time is told twice")
      const began = steps.filter(({ kind }) => kind !== "checkpoints").map(({ started_at }) => Date.parse(started_at))
      assert.deepEqual(began, began.toSorted((one, other) => one - other))
    }
  },

  "it says what the run ran with: the assistant's version, every key with its origin, the servers' tools": async (
    world
  ) => {
    const run = await spoken(world, await fresh(world), "say:hallo", {
      config: { configurable: { temperature: 0.3, base_url: "http://elsewhere" }, tags: ["blau"] },
      metadata: { grund: "neugier" }
    })
    const record = await recordOf(world, run)
    const assistant = await world.client("member").assistants.get(agents.recht)
    assert.deepInclude(record, {
      ...run,
      assistant_id: agents.recht,
      assistant_version: assistant.version,
      graph_id: "agent",
      status: "success",
      attempt: 1,
      lost: 0,
      stale_since: null,
      failure: null,
      tags: ["blau"],
      left_out: 0
    })
    const keys = new Map(record.keys.map(({ key, origin, value }: Record<string, unknown>) => [key, { origin, value }]))
    assert.deepEqual(keys.get("temperature"), { origin: "request", value: 0.3 })
    assert.deepEqual(
      keys.get("supabase_organization_id"),
      Object({
        origin: "server",
        value: assistant.config.configurable?.["supabase_organization_id"]
      })
    )
    assert.deepEqual([...keys.keys()], [...keys.keys()].toSorted())
    assert.deepEqual(record.dropped.map(({ key, from }: Record<string, unknown>) => [key, from]), [[
      "base_url",
      "request"
    ]])
    assert.strictEqual(record.metadata.grund, "neugier")
    const [server] = record.tools.servers
    assert.deepInclude(server, { name: "legal-mcp", error: null })
    assert.include(server.tools, "search_laws")
    assert.isNumber(server.ms)
    assert.isAtMost(Date.parse(record.created_at), Date.parse(record.started_at))
    assert.isAtMost(Date.parse(record.started_at), Date.parse(record.ended_at))
  },

  "a tool that fails is a step that says so, and the run goes on": async (world) => {
    const record = await recordOf(world, await spoken(world, await fresh(world), "tool:fails:{}"))
    const steps = stepsOf(record)
    assert.deepEqual(namesOf(steps).slice(3, 6), ["model gpt-4o-mini", "tool fails", "model gpt-4o-mini"])
    assert.isString(only(steps, "tool")[0]?.error)
    assert.strictEqual(record.status, "success")
    assert.deepEqual(record.usage, times(2))
  },

  "a model that refuses is a step that says so, and so does the run": async (world) => {
    const record = await recordOf(world, await spoken(world, await fresh(world), "fail:400"))
    const [model] = only(stepsOf(record), "model")
    assert.include(model?.error ?? "", "told to fail with 400")
    assert.deepEqual([model?.usage, record.usage], [null, null])
    assert.strictEqual(record.status, "error")
    assert.include(record.failure.message, "told to fail with 400")
  },

  "a server that is dead is a step of its own, with the reason": async (world) => {
    const record = await recordOf(world, await spoken(world, await fresh(world), "say:x", {}, agents.dokumente))
    const [server] = record.tools.servers
    const [step] = only(stepsOf(record), "tools")
    assert.isString(server.error)
    assert.deepInclude(step, { name: server.name, error: server.error })
  },

  "a run that is under way shows what it does, and one that waits since when": async (world) => {
    const { client, until } = world
    const thread_id = await fresh(world)
    const start = async (text: string) => {
      const body = { assistant_id: agents.recht, input: question(text), multitask_strategy: "enqueue" }
      return Object(await (await world.fetch("member", `/threads/${thread_id}/runs`, post(body))).json())
    }
    const running = await start("slow:60000:spät")
    const open = await until("its open step is there", async () => {
      const steps = stepsOf(await recordOf(world, running))
      return steps.find(({ kind, ms }) => kind === "model" && ms === null)
    }, 20_000)
    assert.deepInclude(open, { name: "gpt-4o-mini", error: null })
    const waits = stepsOf(await recordOf(world, await start("say:danach")))
    assert.deepEqual(waits.map(({ attempt, kind, ms }) => [kind, attempt, ms === null]), [
      ["configuration", 1, false],
      ["queue", 1, true]
    ])
    await client("member").runs.cancel(thread_id, running.run_id, true)
    const [stopped] = only(stepsOf(await recordOf(world, running)), "model")
    assert.isAbove(stopped?.ms ?? 0, 0)
    assert.isString(stopped?.error)
  },

  "an operator's own graph tells its calls too, wherever in it they are": async (world) => {
    const { client } = world
    const thread_id = await fresh(world)
    await client("member").runs.wait(thread_id, "calling", { input: { said: "" } })
    const [run] = await client("member").runs.list(thread_id)
    const record = await recordOf(world, { run_id: run?.run_id ?? "", thread_id })
    const steps = stepsOf(record)
    assert.deepEqual(namesOf(steps), [
      "configuration",
      "queue",
      "model CountingModel",
      "tool looks",
      "tool breaks",
      "model CountingModel",
      "checkpoints"
    ])
    assert.deepEqual(only(steps, "tool").map(({ error }) => error), [null, "it broke, with [redacted] in its hands"])
    assert.deepEqual(record.usage, { input_tokens: 6, output_tokens: 2, total_tokens: 8 })
  },

  "nobody else gets it: a stranger is told that there is nothing": async (world) => {
    const run = await spoken(world, await fresh(world), "say:geheim")
    for (const person of ["admin", "otherOrganisation", "noOrganisation"] as const) {
      const response = await world.fetch(person, `/threads/${run.thread_id}/runs/${run.run_id}/record`)
      assert.strictEqual(response.status, 404)
      assert.strictEqual(Object(await response.json()).detail, `Thread with ID ${run.thread_id} not found`)
    }
    const nowhere = `/threads/${run.thread_id}/runs/00000000-0000-4000-a000-000000000000/record`
    assert.strictEqual((await world.fetch("member", nowhere)).status, 404)
  },

  "the tokens are in the metrics, by model": async (world) => {
    const counted = /^throughline_tokens_total\{(?=.*"gpt-4o-mini")(?=.*"output").*\} (\d+)$/m
    const count = async () => Number(counted.exec(await (await world.fetch(undefined, "/metrics")).text())?.[1] ?? 0)
    const before = await count()
    await spoken(world, await fresh(world), "say:gezählt")
    await world.until("they are counted", async () => await count() >= before + said.output_tokens)
  },

  "one's runs over all threads are found, newest first, and nobody else's": async (world) => {
    const search = async (person: "admin" | "member", body: object) => {
      const response = await world.fetch(person, "/runs/search", post(body))
      assert.strictEqual(response.status, 200)
      const { headers } = response
      return {
        found: Object(await response.json()).map(({ run_id }: { readonly run_id: string }) => run_id),
        total: headers.get("x-pagination-total"),
        next: headers.get("x-pagination-next")
      }
    }
    const { assistant_id } = await world.client("member").assistants.create({ graphId: "agent", name: "Sucher" })
    const runs = []
    for (const text of ["say:eins", "fail:400", "say:drei"]) {
      runs.push((await spoken(world, await fresh(world), text, {}, assistant_id)).run_id)
    }
    const [one, two, three] = runs
    assert.deepEqual(await search("member", { assistant_id }), { found: [three, two, one], total: "3", next: null })
    assert.deepEqual(await search("member", { assistant_id, limit: 2 }), { found: [three, two], total: "3", next: "2" })
    assert.deepEqual(await search("member", { assistant_id, offset: 2 }), { found: [one], total: "3", next: null })
    assert.deepEqual(await search("member", { assistant_id, status: "error" }), {
      found: [two],
      total: "1",
      next: null
    })
    assert.includeMembers((await search("member", { limit: 1000 })).found, runs)
    assert.deepEqual(await search("admin", { assistant_id }), { found: [], total: "0", next: null })
    const refused = await world.fetch("member", "/runs/search", post({ status: "happy" }))
    assert.strictEqual(refused.status, 422)
  }
}
