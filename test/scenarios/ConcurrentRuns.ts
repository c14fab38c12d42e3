import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post, refusal } from "../support/Wire.ts"

const endless = "slow:20000:nie fertig geworden"

/** Holds a thread's row until the server's connections stand in front of it, so that they go on at one moment. */
const allAtOnce = async <A>({ database, until }: Throughline, thread: string, send: () => A): Promise<A> => {
  await database.query("begin")
  await database.query("select from langgraph_server.threads where id = $1 for update", [thread])
  const sent = send()
  try {
    await until("many wait", async () => {
      await database.query("select pg_stat_clear_snapshot()")
      const { rowCount } = await database.query(
        `select from pg_stat_activity
         where datname = current_database() and application_name = 'throughline' and wait_event_type = 'Lock'`
      )
      return (rowCount ?? 0) >= 5
    })
  } finally {
    await database.query("commit")
  }
  return sent
}

/** What a run does to another that is still active on its thread. */
export const concurrentRuns: Scenarios = {
  "without a word about it, a second run is refused, and nothing of it stays": async ({ client, fetch, model }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const first = await runs.create(thread_id, agents.recht, { input: question(endless) })
    const rejected = { assistant_id: agents.recht, input: question("say:abgewiesen") }
    for (const way of ["", "/stream", "/wait"]) {
      const response = await fetch("member", `/threads/${thread_id}/runs${way}`, post(rejected))
      assert.strictEqual(response.status, 409, way)
      assert.include(Object(await response.json()).detail, "already running")
    }
    assert.deepEqual((await runs.list(thread_id)).map(({ run_id }) => run_id), [first.run_id])
    await runs.cancel(thread_id, first.run_id, true)
    assert.notInclude(JSON.stringify(model.requests), "abgewiesen")
    assert.strictEqual(
      said(await runs.wait(thread_id, agents.recht, { input: question("say:jetzt") })).at(-1),
      "ai: jetzt"
    )
  },

  "of fifty that come at once exactly one is accepted": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const body = post({ assistant_id: agents.recht, input: question("slow:5000:nur einmal") })
    const sent = await allAtOnce(
      world,
      thread_id,
      () => Array.from({ length: 50 }, () => world.fetch("member", `/threads/${thread_id}/runs`, body))
    )
    const statuses = (await Promise.all(sent)).map(({ status }) => status)
    assert.deepEqual(statuses.toSorted(), [200, ...Array.from({ length: 49 }, () => 409)])
    const [only, ...others] = await runs.list(thread_id)
    assert.lengthOf(others, 0)
    assert.deepEqual(said(await runs.join(thread_id, only?.run_id ?? "")), [
      "human: slow:5000:nur einmal",
      "ai: nur einmal"
    ])
    assert.lengthOf(world.model.requests.filter(({ body }) => JSON.stringify(body).includes("nur einmal")), 1)
  },

  "queued runs go in the order they came, one at a time": async ({ client, until }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const [first, ...queued] = [
      await runs.create(thread_id, agents.recht, { input: question("slow:2500:1") }),
      await runs.create(thread_id, agents.recht, { input: question("slow:100:2"), multitaskStrategy: "enqueue" }),
      await runs.create(thread_id, agents.recht, { input: question("say:3"), multitaskStrategy: "enqueue" }),
      await runs.create(thread_id, agents.recht, { input: question("say:4"), multitaskStrategy: "enqueue" })
    ]
    const all = [first, ...queued]
    await until("the first runs", async () => (await runs.get(thread_id, first?.run_id ?? "")).status === "running")
    for (const { run_id } of queued) assert.strictEqual((await runs.get(thread_id, run_id)).status, "pending")
    let mostAtOnce = 0
    await until("all have ended", async () => {
      const statuses = (await runs.list(thread_id)).map(({ status }) => status)
      mostAtOnce = Math.max(mostAtOnce, statuses.filter((status) => status === "running").length)
      const idle = (await threads.get(thread_id)).status === "idle"
      return idle && statuses.every((status) => status === "success")
    })
    assert.strictEqual(mostAtOnce, 1)
    assert.deepEqual(
      said(await runs.join(thread_id, all.at(-1)?.run_id ?? "")).filter((line) => line.startsWith("ai")),
      [
        "ai: 1",
        "ai: 2",
        "ai: 3",
        "ai: 4"
      ]
    )
  },

  "an interrupting run stops the one before and keeps what it had": async ({ client, model, until }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const first = await runs.create(thread_id, agents.recht, { input: question(`${endless} (Unterbrechung)`) })
    const exchange = await until(
      "the model was asked",
      () => model.requests.find(({ body }) => JSON.stringify(body).includes("(Unterbrechung)"))
    )
    const second = await runs.wait(thread_id, agents.recht, {
      input: question("say:dazwischen"),
      multitaskStrategy: "interrupt"
    })
    await until("the model's request is gone", () => exchange.aborted, 5_000)
    assert.deepEqual(said(second), [`human: ${endless} (Unterbrechung)`, "human: say:dazwischen", "ai: dazwischen"])
    assert.strictEqual((await runs.get(thread_id, first.run_id)).status, "interrupted")
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
  },

  "a run that rolls back takes the place of the one before": async ({ client, model, until }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, agents.recht, { input: question("say:eins") })
    const undone = await runs.create(thread_id, agents.recht, { input: question(`${endless} (Rücknahme)`) })
    const exchange = await until(
      "the model was asked",
      () => model.requests.find(({ body }) => JSON.stringify(body).includes("(Rücknahme)"))
    )
    const second = await runs.wait(thread_id, agents.recht, {
      input: question("say:zwei"),
      multitaskStrategy: "rollback"
    })
    await until("the model's request is gone", () => exchange.aborted, 5_000)
    assert.deepEqual(said(second), ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"])
    await refusal(runs.get(thread_id, undone.run_id), 404)
    assert.notInclude(JSON.stringify(await threads.getHistory(thread_id)), "(Rücknahme)")
  },

  "many threads run side by side": async ({ client }) => {
    const { runs, threads } = client("member")
    const begun = performance.now()
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, number) => {
      const { thread_id } = await threads.create()
      return said(await runs.wait(thread_id, agents.recht, { input: question(`slow:1000:${number}`) })).at(-1)
    }))
    assert.deepEqual(answers, Array.from({ length: 20 }, (_, number) => `ai: ${number}`))
    assert.isBelow(performance.now() - begun, 20 * 1000, "not one after the other")
  }
}
