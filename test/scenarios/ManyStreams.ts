import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { allFrames, framesOf, nextFrame } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

const connections = async (database: Throughline["database"]) => {
  const { rows } = await database.query<{ count: number }>(
    "select count(*)::int from pg_stat_activity where datname = current_database() and application_name like 'throughline%'"
  )
  return rows[0]?.count ?? Number.POSITIVE_INFINITY
}

/**
 * For a server with `DATABASE_POOL_SIZE=4`, beside which it has one for LISTEN, and with room for all the runs: a stream
 * that held a connection would have to be the sixth (field failure 33).
 */
export const manyStreams: Scenarios = {
  "fifty open streams leave the database to others": async ({ client, database, fetch, model, until }) => {
    const { runs, threads } = client("member")
    const gone = new AbortController()
    await Promise.all(Array.from({ length: 50 }, async (_, number) => {
      const { thread_id } = await threads.create()
      const body = {
        assistant_id: agents.recht,
        input: question(`slow:90000:Strom ${number}`),
        on_disconnect: "cancel"
      }
      const response = await fetch("member", `/threads/${thread_id}/runs/stream`, {
        ...post(body),
        signal: gone.signal
      })
      await nextFrame(framesOf(response), "values")
    }))
    await until("the model is busy with all of them", () => model.requests.length >= 50)

    assert.isAtMost(await connections(database), 5, "as many connections as allowed")
    const begun = performance.now()
    assert.strictEqual((await fetch(undefined, "/ready")).status, 200)
    assert.strictEqual(await threads.count({ status: "busy" }), 50)
    assert.strictEqual(
      said(await runs.wait(null, agents.recht, { input: question("say:auch noch") })).at(-1),
      "ai: auch noch"
    )
    assert.isBelow(performance.now() - begun, 20_000)

    gone.abort()
    await until("all have ended", async () => await threads.count({ status: "busy" }) === 0)
    await until(
      "all of the model's requests are gone",
      () => model.requests.filter(({ aborted }) => aborted).length >= 50
    )
  },

  "five hundred open streams need no connections of their own, and each is whole": async (
    { client, database, fetch }
  ) => {
    const { runs, threads } = client("member")
    const begun = await Promise.all(Array.from({ length: 10 }, async (_, number) => {
      const { thread_id } = await threads.create()
      const { run_id } = await runs.create(thread_id, agents.recht, { input: question(`slow:15000:Strom ${number}`) })
      return { path: `/threads/${thread_id}/runs/${run_id}/stream`, answer: `Strom ${number}` }
    }))
    const streams = await Promise.all(begun.map(async ({ path }) => {
      const opened = await Promise.all(Array.from({ length: 50 }, () => fetch("member", path)))
      return opened.map(allFrames)
    }))
    assert.isAtMost(await connections(database), 5, "as many connections as allowed")
    assert.strictEqual(await threads.count({ status: "busy" }), 10, "all of them are open yet")
    for (const [index, readers] of streams.entries()) {
      const [first, ...others] = await Promise.all(readers)
      assert.include(JSON.stringify(first?.at(-1)?.data), begun[index]?.answer ?? "nothing")
      for (const frames of others) assert.deepEqual(frames, first)
    }
  }
}
