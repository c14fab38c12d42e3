import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { question, said } from "../support/Conversation.ts"
import { allFrames } from "../support/Events.ts"
import { deadUrl, startMcpServer } from "../support/McpServers.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { post } from "../support/Wire.ts"

/** How long the servers of these worlds may take to list their tools, and a tool to answer, in ms. */
export const patience = 3_000
export const callPatience = 6_000

/** One agent whose servers are in every state that a server can be in (field failure 11). */
export const brokenToolServers: Scenarios = {
  "a dead, a slow, a silent and a refusing server cost their own tools only, and everybody is told": async (world) => {
    const agent = await copyOfRecht(world)
    const servers = {
      slow: await startMcpServer({ tools: ["counter"], delayMs: 3 * patience }),
      silent: await startMcpServer({ tools: ["counter"], silent: true }),
      refusing: await startMcpServer({ tools: ["counter"], token: "somebody else's" }),
      token: await startMcpServer({ tools: ["needs_interaction"], token: world.token("member") })
    }
    const dead = await deadUrl()
    try {
      await giveServers(world, agent, [
        { name: "dead", url: dead },
        { name: "slow", url: servers.slow.url },
        { name: "silent", url: servers.silent.url },
        { name: "refusing", url: servers.refusing.url, auth: true },
        { name: "token", url: servers.token.url, auth: true },
        { name: "legal", url: world.legal.url }
      ])
      const { thread_id } = await world.client("member").threads.create()
      const path = `/threads/${thread_id}/runs`
      await world.client("member").runs.wait(null, agents.recht, { input: question("say:aufgewärmt") })
      const logged = world.logs.length
      for (const round of ["erste", "zweite"]) {
        const text = `tool:search_laws:{"query":"${round}"}`
        const begun = performance.now()
        const frames = await allFrames(
          await world.fetch("member", `${path}/stream`, post({ assistant_id: agent, input: question(text) }))
        )
        const took = performance.now() - begun
        assert.isAbove(took, patience - 50, "the slow one was given its time")
        assert.isBelow(took, 2 * patience, "side by side, not one after the other")
        assert.strictEqual(said(frames.at(-1)?.data).at(-1), `ai: tool said: result for ${round}`)

        const { run_id } = Object(frames[0]?.data)
        const unavailable = Object(frames.find(({ event }) => event === "tools/unavailable")?.data).servers
        const { tools } = Object(await (await world.fetch("member", `${path}/${run_id}/config`)).json())
        const reasons = (list: ReadonlyArray<{ readonly name: string; readonly error: string | null }>) =>
          Object.fromEntries(list.map(({ error, name }) => [name, error]))
        const failures = {
          dead: "connection refused",
          slow: "timed out",
          silent: "timed out",
          refusing: "not authorised (HTTP 401)"
        }
        assert.deepEqual(reasons(unavailable), failures, "told to the client")
        assert.deepEqual(reasons(tools.servers), { ...failures, token: null, legal: null }, "kept on the run")

        const { messages, tools: given } = Object(world.model.requests.at(-1)?.body)
        const names = given.map(({ function: { name } }: { readonly function: { readonly name: string } }) => name)
        assert.sameMembers(names, ["needs_interaction", "search_laws", "slow", "fails", "counter"])
        const prompt: string = messages[0].content
        assert.match(prompt, /^Du bist ein Rechts-Assistent\./, "the agent's own words first")
        for (const name of Object.keys(failures)) assert.include(prompt, name, "the model knows what it has not got")
        assert.notInclude(prompt, "legal")
      }

      const lines = world.logs.slice(logged).map((line) => String(Object(JSON.parse(line)).message))
      const urls = (loaded: string) => /servers=\[(.*)\]$/.exec(loaded)?.[1]?.split(", ")
      const loaded = lines.filter((line) => line.startsWith("MCP tools loaded: "))
      assert.lengthOf(loaded, 2)
      for (const line of loaded) {
        assert.match(line, /^MCP tools loaded: count=5 servers=\[/)
        assert.sameMembers(urls(line) ?? [], [servers.token.url, world.legal.url])
      }
      assert.include(lines, `MCP server failed: name=dead url=${dead} reason=connection refused`)
    } finally {
      await Promise.all(Object.values(servers).map(({ close }) => close()))
    }
  },

  "a tool that fails is an error for the model to deal with": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const first = await runs.wait(thread_id, agents.recht, { input: question("tool:fails:{}") })
    assert.match(said(first).at(-2) ?? "", /^tool: .*no such law$/)
    assert.match(said(first).at(-1) ?? "", /^ai: tool said: .*no such law$/)
    assert.strictEqual(Object(first).messages[2].status, "error")
    const unknown = await runs.wait(thread_id, agents.recht, { input: question("tool:search_laws:{\"wrong\":1}") })
    assert.strictEqual(Object(unknown).messages.at(-2).status, "error", "so are arguments that do not fit")
    assert.strictEqual((await threads.get(thread_id)).status, "idle")
  },

  "a tool that wants somebody to sign in says so, with the link": async (world) => {
    const agent = await copyOfRecht(world)
    const server = await startMcpServer({ tools: ["needs_interaction"] })
    try {
      await giveServers(world, agent, [{ name: "login", url: server.url }])
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      for (const expected of [4, 8]) {
        const values = await runs.wait(thread_id, agent, { input: question("tool:needs_interaction:{}") })
        assert.lengthOf(said(values), expected)
        assert.strictEqual(said(values).at(-2), "tool: Please sign in first https://login.example.com/start")
        assert.notStrictEqual(Object(values).messages.at(-2).status, "error")
      }
    } finally {
      await server.close()
    }
  },

  "a server that goes away in the middle of a run costs a call, not the run": async (world) => {
    const agent = await copyOfRecht(world)
    const server = await startMcpServer({ name: "brief", tools: ["slow"] })
    await giveServers(world, agent, [{ name: "brief", url: server.url }])
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    const answer = runs.wait(thread_id, agent, { input: question("tool:slow:{\"ms\":20000}") })
    await world.until("the tool was called", () => server.seen.calls.length > 0)
    await server.close()
    const values = await answer
    assert.deepEqual(said(values).map((line) => line.split(":")[0]), ["human", "ai", "tool", "ai"])
    assert.include(said(values).at(-2), "The tool's server failed: connection closed", "and not that it took too long")
    assert.strictEqual(Object(values).messages[2].status, "error")
    const after = await runs.wait(thread_id, agent, { input: question("say:es geht weiter") })
    assert.strictEqual(said(after).at(-1), "ai: es geht weiter")
  }
}
