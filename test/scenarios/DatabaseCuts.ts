import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"

/** Ends every connection of the server's, wherever it is in its work; answers how many there were. */
const cutAll = async ({ database }: Throughline): Promise<number> => {
  const { rowCount } = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name like 'throughline%'`
  )
  return rowCount ?? 0
}

/** A database whose administrator ends connections: restarts, failovers, idle timeouts. */
export const databaseCuts: Scenarios = {
  "after all connections are cut the next request works": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins"])
    for (let round = 1; round <= 5; round++) {
      assert.isAbove(await cutAll(world), 0)
      const lines = await say(world, "member", thread_id, agents.recht, [`say:${round}`])
      assert.lengthOf(lines, 2 + 2 * round)
      assert.strictEqual(lines.at(-1), `ai: ${round}`)
    }
    assert.strictEqual((await world.fetch(undefined, "/ready")).status, 200)
  },

  "a cut in the middle of requests costs them at most a 503": async (world) => {
    const { threads } = world.client("member")
    const { thread_id } = await threads.create()
    const statuses: Array<number> = []
    const busy = Array.from({ length: 8 }, async () => {
      for (let n = 0; n < 25; n++) {
        const { status, text } = await ask(world, "member", "POST /threads/search", { ids: [thread_id] })
        statuses.push(status)
        if (status === 200) assert.include(text, thread_id)
      }
    })
    for (let cut = 0; cut < 5; cut++) {
      await cutAll(world)
      const seen = statuses.length
      await world.until("requests go on", () => statuses.length > seen + 10 || statuses.length === 200)
    }
    await Promise.all(busy)
    assert.lengthOf(statuses, 200)
    assert.deepEqual(statuses.filter((status) => status !== 200 && status !== 503), [])
    assert.strictEqual((await ask(world, "member", `GET /threads/${thread_id}`)).status, 200)
  },

  "a cut while models talk ends no run": async (world) => {
    const { runs, threads } = world.client("member")
    const texts = Array.from({ length: 5 }, (_, number) => `slow:400:Rede ${number}`)
    const started = await Promise.all(texts.map(async (text) => {
      const { thread_id } = await threads.create()
      const { run_id } = await runs.create(thread_id, agents.recht, { input: question(text) })
      return { thread_id, run_id, text }
    }))
    await world.until(
      "the model talks to all",
      () => texts.every((text) => world.model.requests.some(({ body }) => JSON.stringify(body).includes(text)))
    )
    await cutAll(world)
    for (const { run_id, text, thread_id } of started) {
      assert.deepEqual(said(await runs.join(thread_id, run_id)), [`human: ${text}`, `ai: ${text.slice(9)}`])
      assert.strictEqual((await runs.get(thread_id, run_id)).status, "success")
      assert.strictEqual((await threads.get(thread_id)).status, "idle")
    }
  }
}
