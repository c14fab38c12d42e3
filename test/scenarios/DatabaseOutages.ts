import { Redacted } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { ask, detailOf } from "../support/Ask.ts"
import { question, said } from "../support/Conversation.ts"
import { openGate } from "../support/Gate.ts"
import { rowCounts } from "../support/Rows.ts"
import { say, talk } from "../support/Talk.ts"
import { openSurroundings, startThroughline, type Throughline } from "../support/Throughline.ts"

type Gate = Awaited<ReturnType<typeof openGate>>

/** A server whose way to its database can be closed. */
export const behindGate = async (work: (world: Throughline, gate: Gate) => Promise<void>, awayAtStart = false) => {
  const around = await openSurroundings()
  const gate = await openGate(Redacted.value(around.databaseUrl))
  if (awayAtStart) await gate.close()
  const world = await startThroughline({ beside: around, awaitSync: !awayAtStart, env: { DATABASE_URL: gate.url } })
  try {
    await work(world, gate)
  } finally {
    await world.stop()
    await gate.close()
    await around.stop()
  }
}

const statusOf = async (world: Throughline, path: string) => (await world.fetch(undefined, path)).status

const ready = (world: Throughline) => world.until("it is ready", async () => await statusOf(world, "/ready") === 200)

/** What every route that needs the database says without it. */
const unavailable = async (world: Throughline) => {
  const run = { assistant_id: agents.recht, input: question("say:x") }
  const thread = crypto.randomUUID()
  const answers = [
    await ask(world, "member", "POST /threads", {}),
    await ask(world, "member", "POST /assistants/search", {}),
    await ask(world, "member", `GET /assistants/${agents.recht}`),
    await ask(world, "member", `GET /threads/${thread}/state`),
    await ask(world, "member", `POST /threads/${thread}/runs/stream`, { ...run, if_not_exists: "create" }),
    await ask(world, "member", "POST /runs/wait", run)
  ]
  for (const answer of answers) {
    assert.strictEqual(answer.status, 503, answer.text)
    assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/)
    assert.include(detailOf(answer), "database")
    assert.notMatch(answer.text, /ECONN|127\.0\.0\.1|postgres:/)
  }
  assert.strictEqual((await ask(world, undefined, "POST /threads", {})).status, 401, "who is not let in is told so yet")
}

export const awayAtTheStart = () =>
  behindGate(async (world, gate) => {
    for (const path of ["/", "/ok", "/live", "/info", "/docs", "/openapi.json", "/metrics"]) {
      assert.strictEqual(await statusOf(world, path), 200, path)
    }
    for (const path of ["/ready", "/health"]) assert.strictEqual(await statusOf(world, path), 503, path)
    await unavailable(world)
    assert.notInclude(JSON.stringify(world.logs), world.secret)

    await gate.open()
    await ready(world)
    await world.until("the sync", () => world.logs.some((line) => line.includes("Startup sync summary:")))
    assert.deepEqual((await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])).said, [
      "human: say:eins",
      "ai: eins",
      "human: say:zwei",
      "ai: zwei"
    ])
    assert.strictEqual((await ask(world, "otherOrganisation", `GET /assistants/${agents.recht}`)).status, 404)
    assert.lengthOf((await talk(world, "otherOrganisation", agents.expose, ["say:hier auch"])).said, 2)
  }, true)

export const awayAndBack = () =>
  behindGate(async (world, gate) => {
    const { said: first, thread_id } = await talk(world, "member", agents.recht, ["say:vorher"])
    assert.lengthOf(first, 2)
    for (let round = 1; round <= 2; round++) {
      const before = await rowCounts(world.database)
      await gate.close()
      await unavailable(world)
      assert.strictEqual(await statusOf(world, "/live"), 200)
      assert.strictEqual(await statusOf(world, "/ready"), 503)
      assert.deepEqual(await rowCounts(world.database), before, "what was refused left nothing")
      await gate.open()
      await ready(world)
      const lines = await say(world, "member", thread_id, agents.recht, [`say:nachher ${round}`])
      assert.strictEqual(lines.at(-1), `ai: nachher ${round}`)
      assert.lengthOf(lines, 2 + 2 * round)
    }
  })

export const awayWhileARunIsUnderWay = () =>
  behindGate(async (world, gate) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const text = "slow:500:mitten im Satz"
    const { run_id } = await runs.create(thread_id, agents.recht, { input: question(text) })
    const asked = () => world.model.requests.find(({ body }) => JSON.stringify(body).includes(text))
    await world.until("the model was asked", asked)
    await gate.close()
    // By then the model has answered, which can't be written down.
    await sleep(2_000)
    await gate.open()
    await world.until("the run has ended", async () => {
      const { status } = await runs.get(thread_id, run_id).catch(() => ({ status: "unknown" }))
      return !["pending", "running", "unknown"].includes(status)
    })
    assert.strictEqual((await runs.get(thread_id, run_id)).status, "success")
    assert.strictEqual(said((await threads.getState(thread_id)).values).at(-1), "ai: mitten im Satz")
    await world.until("its thread is free", async () => (await threads.get(thread_id)).status !== "busy")
    const lines = said(await runs.wait(thread_id, agents.recht, { input: question("say:und weiter") }))
    assert.strictEqual(lines.at(-1), "ai: und weiter")
  })
