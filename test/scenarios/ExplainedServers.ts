import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { explanationOf, keyOf, serversOf } from "../support/Explain.ts"
import { deadUrl, startMcpServer } from "../support/McpServers.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Person } from "../support/Throughline.ts"

/** What tool servers are asked for an explanation, and how often. */
export const explainedServers = {
  "servers are asked now, side by side, with the caller's own token": async (world) => {
    const agent = await copyOfRecht(world)
    const locked = await startMcpServer({ tools: ["counter", "slow"], token: world.token("member") })
    const dead = await deadUrl()
    try {
      await giveServers(world, agent, [
        { name: "dead", url: dead },
        { name: "legal", url: `${world.legal.url}?key=sk-in-the-query` },
        { name: "locked", url: locked.url, auth: true }
      ])
      const byName = async (person: "member" | "admin") => {
        const explained = await explanationOf(world, person, agent)
        for (const { ms } of explained.servers) assert.isAtLeast(ms, 0)
        assert.include(JSON.stringify(keyOf(explained, "mcp_config")?.value), `"${world.legal.url}?***"`)
        assert.notInclude(JSON.stringify(explained), "sk-in-the-query")
        return Object.fromEntries(serversOf(explained).map((server) => [String(server["name"]), server]))
      }
      const own = await byName("member")
      assert.deepEqual(own["locked"], {
        name: "locked",
        url: locked.url,
        auth_required: true,
        reachable: true,
        tools: ["locked__counter", "locked__slow"],
        error: null
      })
      assert.deepInclude(own["dead"], { reachable: false, error: "connection refused", tools: [] })
      assert.deepInclude(own["legal"], { reachable: true, url: world.legal.url, auth_required: false })
      const theirs = await byName("admin")
      assert.deepInclude(theirs["locked"], { reachable: false, error: "not authorised (HTTP 401)" })
      assert.deepEqual(theirs["legal"]?.["tools"], ["search_laws", "slow", "fails", "counter"])
      assert.strictEqual(locked.seen.calls.length, 0, "no tool is called")
    } finally {
      await locked.close()
    }
  },

  "a server is asked once for all of an organisation who look within seconds, and for nobody else": async (world) => {
    const [agent, locked] = [await copyOfRecht(world), await copyOfRecht(world)]
    const open = await startMcpServer({ tools: ["search_laws"], delayMs: 200 })
    const strict = await startMcpServer({ tools: ["search_laws"], delayMs: 200, token: world.token("member") })
    const looks = (who: Person, which = agent) => explanationOf(world, who, which)
    try {
      await giveServers(world, agent, [{ name: "legal", url: open.url }])
      await giveServers(world, agents.expose, [{ name: "expose", url: open.url }])
      await giveServers(world, locked, [{ name: "legal", url: strict.url, auth: true }])
      const leaving = new AbortController()
      const left = world.fetch("member", `/assistants/${agent}/explain`, { method: "POST", signal: leaving.signal })
        .catch(() => "left")
      await world.until("the server is being asked", () => open.seen.requests.length > 0)
      const looking = [looks("member"), looks("admin"), looks("member")]
      leaving.abort()
      assert.strictEqual(await left, "left")
      const examined = world.fetch("admin", "/doctor", { method: "POST", body: JSON.stringify({ agent_ids: [agent] }) })
      const explained = await Promise.all(looking)
      assert.include(await (await examined).text(), "search_laws")
      // Who left may have opened one, and taken it along.
      const opened = open.seen.opened.length
      assert.isAtMost(opened, 2)
      for (const { servers } of explained) {
        assert.deepEqual(servers.map(({ reachable, tools }) => [reachable, tools]), [[true, ["search_laws"]]])
        assert.strictEqual(servers[0]?.asked_at, explained[0]?.servers[0]?.asked_at)
        assert.isBelow(Date.now() - Date.parse(servers[0]?.asked_at ?? ""), 60_000)
      }
      const [other] = (await looks("otherOrganisation", agents.expose)).servers
      assert.lengthOf(open.seen.opened, opened + 1)
      assert.notStrictEqual(other?.asked_at, explained[0]?.servers[0]?.asked_at)

      const [own, theirs] = await Promise.all([looks("member", locked), looks("admin", locked)])
      assert.deepEqual([own, theirs].map(({ servers }) => servers[0]?.reachable), [true, false])
      assert.lengthOf(strict.seen.opened, 1)

      await giveServers(world, agent, [{ name: "legal", url: `${open.url}?edited` }])
      await looks("member")
      assert.lengthOf(open.seen.opened, opened + 2, "an edit is another question")
    } finally {
      await Promise.all([open.close(), strict.close()])
    }
  }
} satisfies Scenarios
