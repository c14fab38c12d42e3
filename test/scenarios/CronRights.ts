import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { runsOf, type ShownCron, tick } from "../support/Crons.ts"
import { startMcpServer } from "../support/McpServers.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { cronNow } from "./Crons.ts"

/** Due only when it is made so. */
const yearly = { schedule: "0 4 1 1 *", input: question("say:guten Morgen"), onRunCompleted: "keep" } as const

/** What a cron's runs may do: what their owner may, at the moment of the tick. */
export const cronRights = {
  "who has left an organisation runs none of its agents any more; who is back does": async (world) => {
    const { crons } = world.client("admin")
    const { cron_id } = await crons.create(agents.recht, yearly)
    const other = await world.client("member").crons.create(agents.recht, yearly)
    const both = [cron_id, other.cron_id]
    await world.database.query("delete from public.organization_members where user_id = $1", [people.admin])
    await tick(world, both)
    const refused = await cronNow(world, "admin", cron_id)
    assert.include(refused.last_error, "not found")
    assert.deepEqual([refused.last_run_id, refused.enabled], [null, true])
    assert.lengthOf(await runsOf(world, cron_id), 0)
    assert.lengthOf(await runsOf(world, other.cron_id), 1, "of those who stay nothing changes")
    assert.isTrue(world.logs.some((line) => line.includes("Cron tick refused") && line.includes(cron_id)))

    await world.database.query(
      "insert into public.organization_members (organization_id, user_id, role) values ($1, $2, 'admin')",
      [organizations.kanzleiNord, people.admin]
    )
    await tick(world, both)
    assert.lengthOf(await runsOf(world, cron_id), 1)
    assert.isNull((await cronNow(world, "admin", cron_id)).last_error)
  },

  "an agent that is edited runs as it is at the tick; one that is gone does not, and its cron is disabled at last":
    async (
      world
    ) => {
      const agent = await copyOfRecht(world)
      const { crons, runs, threads } = world.client("member")
      const { cron_id } = await crons.create(agent, yearly)
      await world.database.query("update public.agents set system_prompt = 'Ganz neu.' where id = $1", [agent])
      await tick(world, [cron_id])
      const [thread] = await threads.search({ metadata: { cron_id } })
      const [run] = await runs.list(thread?.thread_id ?? "")
      assert.strictEqual(Object(run).kwargs.config.configurable.system_prompt, "Ganz neu.")

      await world.database.query("update public.agents set status = 'disabled' where id = $1", [agent])
      await tick(world, [cron_id])
      assert.include((await cronNow(world, "member", cron_id)).last_error, "not found")
      await world.database.query("update langgraph_server.crons set refusals = 9 where id = $1", [cron_id])
      await tick(world, [cron_id])
      const { enabled, last_error, next_run_date } = await cronNow(world, "member", cron_id)
      assert.deepEqual([enabled, next_run_date], [false, null])
      assert.include(last_error, "Disabled: 10 ticks in a row were refused. Assistant")
      assert.lengthOf(await runsOf(world, cron_id), 1)
    },

  "nobody's token is at hand at a tick: servers that want it are skipped, and that is said": async (world) => {
    const agent = await copyOfRecht(world)
    const locked = await startMcpServer({ tools: ["counter"] })
    const open = await startMcpServer({ tools: ["search_laws"] })
    try {
      await giveServers(world, agent, [
        { name: "locked", url: locked.url, auth: true },
        { name: "open", url: open.url }
      ])
      const { crons, threads } = world.client("member")
      const { cron_id } = await crons.create(agent, {
        ...yearly,
        input: question("tool:search_laws:{\"query\":\"x\"}")
      })
      await tick(world, [cron_id])
      const [thread] = await threads.search({ metadata: { cron_id } })
      const thread_id = thread?.thread_id ?? ""
      await world.until("it has ended", async () => (await threads.get(thread_id)).status === "idle")
      const [run] = await runsOf(world, cron_id)
      const { text } = await ask(world, "member", `GET /threads/${thread_id}/runs/${run}/config`)
      const { tools } = json<{ tools: { servers: ReadonlyArray<{ name: string; error: string | null }> } }>({ text })
      const errorOf = (wanted: string) => tools.servers.find(({ name }) => name === wanted)?.error
      assert.include(errorOf("locked"), "token")
      assert.isNull(errorOf("open"))
      assert.lengthOf(locked.seen.requests, 0)
      assert.isTrue(
        world.logs.some((line) => line.includes("MCP server skipped (auth required but no tokens): name=locked"))
      )
    } finally {
      await Promise.all([locked.close(), open.close()])
    }
  },

  "a cron's own keys are locked away, shown as ***, kept when that is written back, and used": async (world) => {
    const mcp = (token: string) => ({
      servers: [{ name: "mine", url: "http://192.0.2.1/mcp", headers: { "x-auth": token } }]
    })
    const secrets = { custom_api_key: "key-number-one", mcp_config: mcp("token-number-one") }
    const masked = { custom_api_key: "***", mcp_config: mcp("***") }
    const body = { assistant_id: "agent", schedule: "0 * * * *", input: question("say:geheim") }
    const created = await ask(world, "member", "POST /runs/crons", { ...body, config: { configurable: secrets } })
    const { cron_id, payload } = json<ShownCron>(created)
    assert.deepEqual(Object(payload)["config"], { configurable: masked })
    const written = { config: { configurable: { ...masked, mcp_config: { servers: [] }, temperature: 0.5 } } }
    const patched = await ask(world, "member", `PATCH /runs/crons/${cron_id}`, written)
    assert.deepEqual(Object(json<ShownCron>(patched).payload)["config"], written.config)
    const { rows } = await world.database.query("select c::text as row from langgraph_server.crons c")
    for (const text of [created.text, patched.text, JSON.stringify(rows)]) assert.notMatch(text, /number-one/)

    await tick(world, [cron_id])
    const asked = await world.until(
      "the model is asked",
      () => world.model.requests.find(({ body }) => JSON.stringify(body).includes("say:geheim"))
    )
    assert.strictEqual(asked.headers.authorization, "Bearer key-number-one")
  },

  "what can't be kept is refused, with the key that is to blame": async (world) => {
    const { thread_id } = await world.client("member").threads.create()
    const body = { assistant_id: agents.recht, schedule: "0 * * * *" }
    const { cron_id } = json<ShownCron>(await ask(world, "member", "POST /runs/crons", body))
    const wrong: ReadonlyArray<readonly [object, string, string]> = [
      [{ schedule: "0 0 31 2 *" }, "schedule", "never fires"],
      [{ schedule: "every day" }, "schedule", "five fields"],
      [{ schedule: "0 0 * * * *" }, "schedule", "five fields"],
      [{ schedule: "61 * * * *" }, "schedule", "can't be read"],
      [{ schedule: 5 }, "schedule", ""],
      [{ timezone: "Mars/Olympus" }, "timezone", "not a time zone"],
      [{ schedule: "TZ=Europe/Berlin 0 9 * * *", timezone: "UTC" }, "timezone", "leave one of them out"],
      [{ end_time: "2020-01-01T00:00:00Z" }, "end_time", "in the past"],
      [
        { schedule: "0 0 29 2 *", end_time: new Date(Date.now() + 60_000).toISOString() },
        "end_time",
        "does not fire before"
      ],
      [{ end_time: "morgen" }, "end_time", "ISO 8601"],
      [{ enabled: "yes" }, "enabled", ""],
      [{ on_run_completed: "explode" }, "on_run_completed", ""],
      [{ stream_mode: "telepathy" }, "stream_mode", ""],
      [{ webhook: "ftp://example.org" }, "webhook", ""]
    ]
    for (const [change, key, words] of wrong) {
      for (
        const answer of [
          await ask(world, "member", "POST /runs/crons", { ...body, ...change }),
          await ask(world, "member", `POST /threads/${thread_id}/runs/crons`, { ...body, ...change }),
          await ask(world, "member", `PATCH /runs/crons/${cron_id}`, change)
        ]
      ) {
        assert.strictEqual(answer.status, 422, `${JSON.stringify(change)}: ${answer.text}`)
        const [problem] = json<{ detail: ReadonlyArray<{ loc: unknown; msg: string }> }>(answer).detail
        assert.deepEqual(problem?.loc, ["body", key], answer.text)
        assert.include(problem?.msg, words)
      }
    }
    const refused = async (route: string, status: number, change: object = {}) =>
      assert.strictEqual((await ask(world, "member", route, { ...body, ...change })).status, status, route)
    await refused("POST /runs/crons", 422, { webhook: "http://127.0.0.1:1/" })
    await refused("POST /runs/crons", 422, { schedule: undefined })
    await refused("PATCH /runs/crons/nonsense", 422)
    await refused("POST /threads/nonsense/runs/crons", 422)
    await refused("POST /runs/crons/search", 422, { sort_by: "mood" })
    assert.strictEqual(
      await world.client("member").crons.count({ assistantId: agents.recht, threadId: thread_id }),
      0
    )
    const unchanged = await cronNow(world, "member", cron_id)
    assert.deepEqual([unchanged.schedule, unchanged.timezone, unchanged.enabled], ["0 * * * *", null, true])
    assert.strictEqual(
      detailOf(await ask(world, "otherOrganisation", `PATCH /runs/crons/${cron_id}`, { schedule: "x" })),
      `Cron ${cron_id} not found`
    )
  }
} satisfies Scenarios
