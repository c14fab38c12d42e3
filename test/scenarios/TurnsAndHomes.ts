import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { giveServers } from "../support/AgentServers.ts"
import { question, said } from "../support/Conversation.ts"
import { startMcpServer } from "../support/McpServers.ts"
import { assertGapless, attemptsIn, begin, endOf, median, reading, rowOf } from "../support/ReplicaRuns.ts"
import { calm, type ReplicaScenarios } from "../support/ReplicaServers.ts"
import { post } from "../support/Wire.ts"

const waiting = 220
const perProcess = 4
/** In seconds: long enough to be looked at before. */
const later = 6

/** Whose turn it is, and where. */
export const turnsAndHomes: ReplicaScenarios = {
  "a run for later starts on one of the replicas, then and not before": async (world) => {
    const both = await world.startTwo(calm)
    const delays = await Promise.all(Array.from({ length: 6 }, async (_, n) => {
      const marker = crypto.randomUUID()
      const run = await begin(both[n % 2 === 0 ? 0 : 1].client(), `say:später ${marker}`, { afterSeconds: later })
      assert.strictEqual((await rowOf(world, run.run_id))?.status, "pending")
      assert.strictEqual((await endOf(world, run)).status, "success")
      assert.lengthOf(world.asked(marker), 1)
      const { rows: [waited] } = await world.observer.query<{ ms: number }>(
        `select (1000 * extract(epoch from started_at - created_at))::float8 as ms
         from langgraph_server.runs where id = $1`,
        [run.run_id]
      )
      return Math.round(waited?.ms ?? 0)
    }))
    console.log(`runs with after_seconds ${later} were taken up after ${delays.join(" ")} ms`)
    assert.isAtLeast(Math.min(...delays), later * 1000)
    assert.isBelow(median(delays), later * 1000 + 4_000, "it is looked for at least every 2 s")
  },

  "an organisation's 200 runs hold nobody else's first up; more than may wait are refused": async (world) => {
    const [one, other] = await world.startTwo({
      ...calm,
      RUNS_PER_PROCESS: String(perProcess),
      RUNS_WAITING_PER_ORGANISATION: String(waiting)
    })
    const ask = async (n: number) => {
      const body = { assistant_id: agents.recht, input: question(`slow:6000:Masse ${n}`) }
      const response = await [one, other][n % 2]?.fetch("/runs", post(body))
      return {
        status: response?.status,
        retryAfter: response?.headers.get("retry-after"),
        text: await response?.text()
      }
    }
    const answers: Array<Awaited<ReturnType<typeof ask>>> = []
    while (answers.length < waiting + 30) {
      answers.push(...await Promise.all(Array.from({ length: 50 }, (_, n) => ask(answers.length + n))))
    }
    const refused = answers.filter(({ status }) => status === 429)
    assert.lengthOf(answers.filter(({ status }) => status === 200), answers.length - refused.length)
    assert.isAbove(refused.length, 0, "none was refused")
    for (const { retryAfter, text } of refused) {
      assert.strictEqual(retryAfter, "10")
      assert.include(text, `${waiting} runs are waiting already`)
    }
    const { rows: [queued] } = await world.observer.query<{ count: number }>(
      "select count(*)::int as count from langgraph_server.runs where status = 'pending'"
    )
    assert.isAtLeast(queued?.count ?? 0, 150)
    const took: Array<number> = []
    for (const replica of [one, other, one]) {
      const begun = performance.now()
      const values = await replica.client("otherOrganisation").runs.wait(null, agents.expose, {
        input: question("say:eilig")
      })
      assert.strictEqual(said(values).at(-1), "ai: eilig")
      took.push(Math.round(performance.now() - begun))
    }
    const { rows: [left] } = await world.observer.query<{ count: number }>(
      "select count(*)::int as count from langgraph_server.runs where status = 'pending'"
    )
    assert.isAbove(left?.count ?? 0, 20, "there was no queue any more")
    console.log(
      `${queued?.count} runs waited; the other organisation's took ${took.join(" ")} ms; refused: ${refused.length}`
    )
    // A place that was taken for 6 s; behind the queue it would be two minutes.
    assert.isBelow(median(took), 30_000)
  },

  "runs that need their caller's token stay where it is; without their home they go on without it, and say so": async (
    world
  ) => {
    const strict = await startMcpServer({ name: "akten", tools: ["search_laws", "slow"], token: world.token("member") })
    try {
      await giveServers(world, agents.dokumente, [{ name: "akten", url: strict.url, auth: true }])
      const [home, other] = await world.startTwo()
      const runs = await Promise.all(
        Array.from(
          { length: 20 },
          (_, n) =>
            begin(
              home.client(),
              `steps:tool:search_laws:{"query":"Akte ${n}"} | say:gelesen ${n}.`,
              {},
              agents.dokumente
            )
        )
      )
      for (const [n, run] of runs.entries()) {
        assert.strictEqual((await endOf(world, run)).status, "success")
        assert.deepEqual(world.askedBy(`gelesen ${n}.`), [home.name, home.name])
      }
      assert.lengthOf(strict.seen.calls, 20)
      for (const { headers } of strict.seen.requests) {
        assert.strictEqual(headers.authorization, `Bearer ${world.token("member")}`)
      }

      const marker = crypto.randomUUID()
      const orphan = await begin(
        home.client(),
        `steps:tool:search_laws:{"query":"${marker}"} | slow:8000:verwaist ${marker}`,
        {},
        agents.dokumente
      )
      await world.until("it is in its second step", () => world.asked(marker).length === 2)
      const reader = reading(other.client(), orphan)
      await world.until("it is read", () => reader.frames.length > 2)
      const requests = strict.seen.requests.length
      await home.kill()
      const frames = await reader.ended
      assertGapless(frames)
      assert.deepEqual(attemptsIn(frames), [1, 2])
      const [missing] = frames.filter(({ event }) => event === "tools/unavailable")
      assert.include(JSON.stringify(missing?.data), "auth required but no tokens")
      assert.isAbove(Number(missing?.id), Number(frames.findLast(({ event }) => event === "metadata")?.id))
      assert.strictEqual(said(frames.at(-1)?.data).at(-1), `ai: verwaist ${marker}`)
      assert.strictEqual((await endOf(world, orphan)).status, "success")
      assert.lengthOf(strict.seen.requests.slice(requests), 0, "nobody knocks without the token")
      assert.include(JSON.stringify(world.asked(marker).at(-1)?.body), "Not available in this run: the tools of akten")
    } finally {
      await strict.close()
    }
  },

  "what a URL hides stays where its run is; without its home the agent's is known, and what came with a run is lost":
    async (
      world
    ) => {
      const server = await startMcpServer({ name: "akten", tools: ["search_laws"] })
      try {
        const url = `${server.url.replace("//", "//ann:geheim-im-nutzer@")}?key=geheim-in-der-anfrage`
        await giveServers(world, agents.recht, [{ name: "akten", url }])
        const [home, survivor] = await world.startTwo()
        const caught = async (marker: string, ...[payload, assistant]: [object?, string?]) => {
          const run = await begin(home.client(), `slow:8000:${marker}`, payload, assistant)
          await world.until("it is under way", () => world.asked(marker).length > 0)
          return run
        }
        const ofAgent = await caught("des Agenten")
        const ofCaller = await caught(
          "des Aufrufers",
          { config: { configurable: { mcp_config: { servers: [{ name: "akten", url }] } } } },
          "agent"
        )
        assert.deepEqual([...world.askedBy("des Agenten"), ...world.askedBy("des Aufrufers")], [home.name, home.name])
        const { rows } = await world.observer.query("select r::text as row from langgraph_server.runs r")
        assert.notInclude(JSON.stringify(rows), "geheim")
        await home.kill()
        server.seen.requests.length = 0
        assert.deepInclude(await endOf(world, ofAgent), { status: "success", attempt: 2 })
        assert.strictEqual(server.seen.requests[0]?.url, "/mcp?key=geheim-in-der-anfrage")
        assert.strictEqual(server.seen.requests[0]?.headers.authorization, `Basic ${btoa("ann:geheim-im-nutzer")}`)
        assert.deepInclude(await endOf(world, ofCaller), { status: "error", attempt: 2, error: "SecretsLost" })
        assert.strictEqual(world.askedBy("des Agenten").at(-1), survivor.name)
      } finally {
        await server.close()
      }
    }
}
