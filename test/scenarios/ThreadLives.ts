import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { newerClient } from "../support/NewerClient.ts"
import { rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { talk } from "../support/Talk.ts"
import { refusal } from "../support/Wire.ts"

const recht = agents.recht

const human = (content: string, id: string) => ({ messages: [{ type: "human", content, id }] })
const ai = (content: string, id: string) => ({ messages: [{ type: "ai", content, id }] })

const ttlOf = (thread: unknown) => Object(thread).ttl

/** How threads begin, are found and end. */
export const threadLives: Scenarios = {
  "a thread is born with the state that its steps make": async (world) => {
    const { runs, threads } = world.client("member")
    const supersteps = [
      { updates: [{ values: human("say:eins", "h1"), asNode: "__start__" }] },
      { updates: [{ values: ai("eins", "a1"), asNode: "model_request" }] }
    ]
    const { status, thread_id, values } = await threads.create({ graphId: "agent", supersteps })
    assert.deepEqual([status, said(values)], ["idle", ["human: say:eins", "ai: eins"]])
    const state = await threads.getState(thread_id)
    assert.deepEqual([state.next, said(state.values)], [[], ["human: say:eins", "ai: eins"]])
    assert.lengthOf(await threads.getHistory(thread_id), 2)
    assert.deepEqual(said(await runs.wait(thread_id, recht, { input: question("say:zwei") })), [
      ...said(state.values),
      "human: say:zwei",
      "ai: zwei"
    ])
    await refusal(world.client("otherOrganisation").threads.getState(thread_id), 404)
    await refusal(threads.create({ threadId: thread_id, graphId: "agent", supersteps }), 409)
    const again = await threads.create({ threadId: thread_id, graphId: "agent", supersteps, ifExists: "do_nothing" })
    assert.lengthOf(said(again.values), 4, "what is there stays as it is")
  },

  "steps that no graph takes make no thread": async (world) => {
    const { threads } = world.client("member")
    const threadId = crypto.randomUUID()
    const steps = (asNode: string) => [{ updates: [{ values: human("x", "h"), asNode }] }]
    await refusal(threads.create({ threadId, graphId: "agent", supersteps: steps("nobody") }), 422)
    await refusal(threads.create({ threadId, graphId: "no-such-graph", supersteps: steps("__start__") }), 422)
    await refusal(threads.create({ threadId, supersteps: steps("__start__") }), 409)
    await refusal(threads.get(threadId), 404)
    assert.deepEqual(await rowsAbout(world.database, threadId), {})
  },

  "a thread has the time it was given, counted from when something was done with it": async (world) => {
    const { threads } = world.client("member")
    const { thread_id } = await threads.create({ ttl: 30 })
    const shown = await threads.get(thread_id)
    const ends = (thread: { readonly updated_at: string }, minutes: number) =>
      new Date(Date.parse(thread.updated_at) + minutes * 60_000).toISOString()
    assert.deepEqual(ttlOf(shown), { strategy: "delete", ttl_minutes: 30, expires_at: ends(shown, 30) })
    await threads.update(thread_id, { metadata: { a: 1 } })
    assert.strictEqual(ttlOf(await threads.get(thread_id)).ttl_minutes, 30, "unchanged by what does not name it")
    await threads.update(thread_id, { ttl: { ttl: 90 } })
    const changed = await threads.get(thread_id)
    assert.deepEqual(ttlOf(changed), { strategy: "delete", ttl_minutes: 90, expires_at: ends(changed, 90) })
    const patched = await ask(world, "member", `PATCH /threads/${thread_id}`, {
      ttl: { ttl: 5, strategy: "keep_latest" }
    })
    assert.deepInclude(ttlOf(JSON.parse(patched.text)), { strategy: "keep_latest", ttl_minutes: 5 })
    assert.notProperty(await threads.get((await threads.create()).thread_id), "ttl")
    for (const ttl of [0, -1, "soon", { ttl: 5, strategy: "burn" }, 1e12]) {
      assert.strictEqual((await ask(world, "member", "POST /threads", { ttl })).status, 422, JSON.stringify(ttl))
    }
    await refusal(world.client("otherOrganisation").threads.update(thread_id, { ttl: 1 }), 404)
  },

  "pruned threads are gone, or have their latest state only; those of others are not there": async (world) => {
    const { thread_id } = await talk(world, "member", recht, ["say:eins", "say:zwei"])
    const foreign = await talk(world, "otherOrganisation", "agent", ["say:fremd"])
    const { runs, threads } = newerClient(world, "member")
    const before = await threads.getState(thread_id)
    const ids = [thread_id, foreign.thread_id, crypto.randomUUID()]
    assert.deepEqual(await threads.prune(ids, { strategy: "keep_latest" }), { pruned_count: 1 })
    const [latest, ...more] = await threads.getHistory(thread_id)
    assert.lengthOf(more, 0)
    assert.deepEqual([latest?.values, latest?.checkpoint], [before.values, before.checkpoint])
    const next = await runs.wait(thread_id, recht, { input: question("say:drei") })
    assert.deepEqual(said(next), [...said(before.values), "human: say:drei", "ai: drei"])

    assert.deepEqual(await threads.prune(ids), { pruned_count: 1 })
    assert.deepEqual(await rowsAbout(world.database, thread_id), {})
    assert.deepEqual(await threads.prune(ids), { pruned_count: 0 })
    assert.strictEqual((await world.client("otherOrganisation").threads.getHistory(foreign.thread_id)).length, 3)
  },

  "what waits for a person still does when all but the latest was pruned, in a nested graph as well": async (world) => {
    const { runs, threads } = newerClient(world, "member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, "nested", { input: { log: ["ask"] } })
    assert.deepEqual(await threads.prune([thread_id], { strategy: "keep_latest" }), { pruned_count: 1 })
    assert.lengthOf(await threads.getHistory(thread_id), 1)
    const { log } = Object(await runs.wait(thread_id, "nested", { command: { resume: "ja" } }))
    assert.deepEqual([log.filter((line: string) => line === "c1").length, log.includes("c2:ja")], [1, true])
  },

  "a thread that runs is not pruned to its latest state": async (world) => {
    const { runs, threads } = newerClient(world, "member")
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, recht, { input: question("slow:20000:nie") })
    assert.deepEqual(await threads.prune([thread_id], { strategy: "keep_latest" }), { pruned_count: 0 })
    await runs.cancel(thread_id, run_id, true)
    assert.deepEqual(await threads.prune([thread_id], { strategy: "keep_latest" }), { pruned_count: 1 })
  },

  "threads are found by what is in their values, and only what is asked for is taken out": async (world) => {
    const mark = crypto.randomUUID()
    const { runs, threads } = newerClient(world, "member")
    const ids: Array<string> = []
    for (const question of ["rot", "blau", "rot"]) {
      const { thread_id } = await threads.create({ metadata: { mark, titel: question } })
      await runs.wait(thread_id, "hitl", { input: { question, log: [question] } })
      ids.push(thread_id)
    }
    const red = { metadata: { mark }, values: { question: "rot" } }
    const found = await threads.search({ ...red, sortBy: "created_at", sortOrder: "asc" })
    assert.deepEqual(found.map(({ thread_id }) => thread_id), [ids[0], ids[2]])
    assert.strictEqual(await threads.count(red), 2)
    assert.strictEqual(await threads.count({ metadata: { mark }, values: { log: ["blau"] } }), 1)
    assert.strictEqual(await threads.count({ metadata: { mark }, values: {} }), 3)
    const response = await ask(world, "member", "POST /threads/search", { ...red, limit: 1 })
    assert.deepEqual([response.headers.get("x-pagination-total"), response.headers.get("x-pagination-next")], [
      "2",
      "1"
    ])
    assert.deepEqual(await newerClient(world, "otherOrganisation").threads.search({ values: red.values }), [])

    const [taken] = await threads.search({
      ids: [ids[1] ?? ""],
      select: ["thread_id"],
      extract: { last: "values.log[-1]", titel: "metadata.titel", nichts: "values.a.b[3]" }
    })
    assert.deepEqual(Object(taken), {
      thread_id: ids[1],
      extracted: { last: "prepare", titel: "blau", nichts: null }
    })
    for (const extract of [{ a: "owner" }, { a: "values..b" }, { a: "values[x]" }, 5]) {
      assert.strictEqual((await ask(world, "member", "POST /threads/search", { extract })).status, 422)
    }
  },

  "threads sort by when their state changed, and a minimal answer has no body": async (world) => {
    const { runs, threads } = newerClient(world, "member")
    const mark = crypto.randomUUID()
    const made = await Promise.all([0, 1].map(() => threads.create({ metadata: { mark } })))
    const [first, second] = made.map(({ thread_id }) => thread_id)
    await runs.wait(first ?? "", recht, { input: question("say:a") })
    await runs.wait(second ?? "", recht, { input: question("say:b") })
    assert.isUndefined(await threads.update(first ?? "", { metadata: { seen: true }, returnMinimal: true }))
    const by = async (sortBy: "state_updated_at" | "updated_at") =>
      (await threads.search({ metadata: { mark }, sortBy, sortOrder: "desc" })).map(({ thread_id }) => thread_id)
    assert.deepEqual(await by("state_updated_at"), [second, first])
    assert.deepEqual(await by("updated_at"), [first, second])
  }
}
