import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { rowCounts, rowsAbout } from "../support/Rows.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { refusal } from "../support/Wire.ts"

const twoTurns = async ({ client }: Throughline) => {
  const { runs, threads } = client("member")
  const { thread_id } = await threads.create({ metadata: { purpose: "history" } })
  await runs.wait(thread_id, agents.recht, { input: question("say:eins") })
  await runs.wait(thread_id, agents.recht, { input: question("say:zwei") })
  return { runs, threads, thread_id }
}

const whole = ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"]

/** What a thread remembers, and where else one may go from there. */
export const threadHistories: Scenarios = {
  "history has every state, the newest first, and each can be asked for": async (world) => {
    const { thread_id, threads } = await twoTurns(world)
    const latest = await threads.getState(thread_id)
    assert.deepEqual(said(latest.values), whole)
    assert.deepEqual(latest.next, [])
    const history = await threads.getHistory(thread_id)
    assert.deepEqual(said(history[0]?.values), whole)
    assert.deepEqual(said(history.at(-1)?.values), [], "the first state is the one before everything")
    for (const [index, state] of history.entries()) {
      const before = history[index + 1]?.checkpoint.checkpoint_id
      assert.strictEqual(state.parent_checkpoint?.checkpoint_id ?? undefined, before)
      const id = state.checkpoint.checkpoint_id ?? ""
      const byId = await threads.getState(thread_id, id)
      assert.deepEqual([byId.values, byId.next, byId.checkpoint], [state.values, state.next, state.checkpoint])
      assert.deepEqual(await threads.getState(thread_id, state.checkpoint), byId)
    }
  },

  "history in pages, by POST and by GET alike": async (world) => {
    const { thread_id, threads } = await twoTurns(world)
    const all = await threads.getHistory(thread_id, { limit: 100 })
    assert.isAbove(all.length, 5)
    const paged: typeof all = []
    for (let page = all.slice(0, 0);; paged.push(...page)) {
      const last = paged.at(-1)?.checkpoint.checkpoint_id
      const before = last == null ? {} : { before: { configurable: { checkpoint_id: last } } }
      page = await threads.getHistory(thread_id, { limit: 2, ...before })
      if (page.length === 0) break
    }
    assert.deepEqual(paged, all)
    const got = await world.fetch("member", `/threads/${thread_id}/history?limit=3`)
    assert.deepEqual(await got.json(), all.slice(0, 3))
    const second = all[1]?.checkpoint.checkpoint_id
    const rest = await world.fetch("member", `/threads/${thread_id}/history?limit=100&before=${second}`)
    assert.deepEqual(await rest.json(), all.slice(2))
  },

  "a run from an earlier state forks: the other way is not lost": async (world) => {
    const { runs, thread_id, threads } = await twoTurns(world)
    const history = await threads.getHistory(thread_id, { limit: 100 })
    const afterFirst = history.find(({ next, values }) => next.length === 0 && said(values).length === 2)
    const checkpointId = afterFirst?.checkpoint.checkpoint_id ?? ""
    const forked = await runs.wait(thread_id, agents.recht, { input: question("say:anders"), checkpointId })
    assert.deepEqual(said(forked), ["human: say:eins", "ai: eins", "human: say:anders", "ai: anders"])
    assert.deepEqual(said((await threads.getState(thread_id)).values), said(forked))
    const grown = await threads.getHistory(thread_id, { limit: 100 })
    assert.deepEqual(grown.slice(-history.length), history)
    const { checkpoint } = history[0] ?? assert.fail("no history")
    assert.deepEqual(said((await threads.getState(thread_id, checkpoint)).values), whole)
  },

  "a copy has all of it, and a life of its own": async (world) => {
    const { runs, thread_id, threads } = await twoTurns(world)
    // The SDK's types forget what `copy` answers with.
    const response = await world.fetch("member", `/threads/${thread_id}/copy`, { method: "POST" })
    const copy: string = Object(await response.json()).thread_id
    assert.notStrictEqual(copy, thread_id)
    assert.strictEqual((await threads.get(copy)).metadata?.["purpose"], "history")
    const valuesOf = async (id: string) => (await threads.getHistory(id, { limit: 100 })).map(({ values }) => values)
    const original = await valuesOf(thread_id)
    assert.deepEqual(await valuesOf(copy), original)
    assert.deepEqual((await threads.getState(copy)).values, (await threads.getState(thread_id)).values)
    assert.strictEqual((await threads.getState(copy)).checkpoint.thread_id, copy)

    await runs.wait(copy, agents.recht, { input: question("say:drei") })
    assert.deepEqual(said((await threads.getState(copy)).values), [...whole, "human: say:drei", "ai: drei"])
    assert.deepEqual(await valuesOf(thread_id), original)
    await threads.delete(thread_id)
    assert.lengthOf(said((await threads.getState(copy)).values), 6, "the copy outlives the original")
    await refusal(world.client("otherOrganisation").threads.getState(copy), 404)
  },

  "a thread that is deleted is gone from every table, and nothing else is": async (world) => {
    const kept = await twoTurns(world)
    const before = await rowCounts(world.database)
    const { thread_id, threads } = await twoTurns(world)
    await threads.delete(thread_id)
    assert.deepEqual(await rowsAbout(world.database, thread_id), {})
    assert.deepEqual(await rowCounts(world.database), before)
    assert.deepEqual(said((await threads.getState(kept.thread_id)).values), whole)
  },

  "a thread deleted while its runs are active leaves nothing in any table": async (world) => {
    const { runs, thread_id, threads } = await twoTurns(world)
    const text = `slow:20000:${crypto.randomUUID()}`
    const running = await runs.create(thread_id, agents.recht, { input: question(text) })
    const queued = await runs.create(thread_id, agents.recht, {
      input: question("say:nie"),
      multitaskStrategy: "enqueue"
    })
    const exchange = await world.until(
      "the model was asked",
      () => world.model.requests.find(({ body }) => JSON.stringify(body).includes(text))
    )
    assert.containsAllKeys(await rowsAbout(world.database, thread_id), ["checkpoints", "runs", "threads"])
    await threads.delete(thread_id)
    // Its worker may be another process, which is told and not waited for: it can't write any more.
    await world.until("the model's request is gone", () => exchange.aborted, 5_000)
    for (const id of [thread_id, running.run_id, queued.run_id]) {
      assert.deepEqual(await rowsAbout(world.database, id), {})
    }
    await refusal(threads.get(thread_id), 404)
    await refusal(runs.join(thread_id, running.run_id), 404)
    await refusal(threads.delete(thread_id), 404)
  },

  "deleting and sending at once ends in a thread that is there or gone, not in remains": async (world) => {
    for (let round = 0; round < 10; round++) {
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      const sent = Array.from(
        { length: 4 },
        (_, number) =>
          runs.create(thread_id, agents.recht, { input: question(`slow:30:${number}`), multitaskStrategy: "enqueue" })
            .catch(() => undefined)
      )
      await sent[0]
      await threads.delete(thread_id)
      await Promise.all(sent)
      await world.until(
        "nothing is left",
        async () => Object.keys(await rowsAbout(world.database, thread_id)).length === 0,
        30_000
      )
    }
  }
}
