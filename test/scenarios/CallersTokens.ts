import { Client } from "@langchain/langgraph-sdk"
import { assert } from "vitest"
import { listen } from "../../src/adapters/demo/Loopback.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { failureOf, question, said } from "../support/Conversation.ts"
import { startMcpServer } from "../support/McpServers.ts"
import { configOf } from "../support/RunConfig.ts"
import type { Scenarios } from "../support/Scenarios.ts"

const authorizations = ({ seen }: Awaited<ReturnType<typeof startMcpServer>>) =>
  new Set(seen.requests.map(({ headers }) => headers.authorization))

/** Where a caller's token goes, and where it never does. */
export const callersTokens: Scenarios = {
  "a server that requires it gets the token of whoever asks; one that does not gets none": async (world) => {
    const agent = await copyOfRecht(world)
    const locked = await startMcpServer({ tools: ["counter"] })
    const open = await startMcpServer({ tools: ["search_laws"] })
    try {
      await giveServers(world, agent, [
        { name: "locked", url: locked.url, auth: true },
        { name: "open", url: open.url }
      ])
      for (const person of ["member", "admin"] as const) {
        locked.seen.requests.length = 0
        const { runs, threads } = world.client(person)
        const { thread_id } = await threads.create()
        for (const text of ["tools:counter:{}|search_laws:{\"query\":\"x\"}", "say:und nochmal"]) {
          await runs.wait(thread_id, agent, { input: question(text) })
        }
        assert.deepEqual([...authorizations(locked)], [`Bearer ${world.token(person)}`], person)
      }
      await Promise.all(
        (["member", "admin", "member", "admin"] as const).map((person) =>
          world.client(person).runs.wait(null, agent, { input: question("tool:counter:{}") })
        )
      )
      const tokens = [`Bearer ${world.token("member")}`, `Bearer ${world.token("admin")}`]
      assert.sameMembers([...authorizations(locked)], tokens, "side by side as well")
      const sessions = new Map<unknown, Set<unknown>>()
      for (const { headers } of locked.seen.requests) {
        const session = headers["mcp-session-id"]
        if (session !== undefined) {
          sessions.set(session, (sessions.get(session) ?? new Set()).add(headers.authorization))
        }
      }
      for (const users of sessions.values()) assert.lengthOf(users, 1, "no session is shared between callers")
      assert.deepEqual([...authorizations(open)], [undefined])
      for (const person of ["member", "admin"] as const) {
        assert.notInclude(JSON.stringify([open.seen, world.model.requests]), world.token(person))
      }
    } finally {
      await Promise.all([locked.close(), open.close()])
    }
  },

  "a token that comes as the SDK's apiKey is its bearer's as any other, and goes where any other goes": async (
    world
  ) => {
    const agent = await copyOfRecht(world)
    const locked = await startMcpServer({ tools: ["counter"] })
    try {
      await giveServers(world, agent, [{ name: "locked", url: locked.url, auth: true }])
      const token = world.token("member")
      const { assistants, runs, threads } = new Client({ apiUrl: world.url, apiKey: token })
      const { thread_id } = await threads.create()
      for (const text of ["tool:counter:{}", "say:und nochmal"]) {
        await runs.wait(thread_id, agent, { input: question(text) })
      }
      assert.deepEqual([...authorizations(locked)], [`Bearer ${token}`])
      assert.strictEqual((await world.client("member").threads.get(thread_id)).thread_id, thread_id)
      const { configurable } = await configOf(world, "member", thread_id)
      assert.notInclude(JSON.stringify(configurable), token)
      assert.notProperty(configurable, "x-api-key")
      const stranger = new Client({ apiUrl: world.url, apiKey: world.token("otherOrganisation") })
      for (const asked of [stranger.threads.get(thread_id), stranger.assistants.get(agent)]) {
        assert.match(await asked.then(() => "nothing", String), /404/)
      }
      assert.strictEqual((await assistants.get(agent)).assistant_id, agent)
    } finally {
      await locked.close()
    }
  },

  "a server that sends its caller elsewhere does not send the token there": async (world) => {
    const agent = await copyOfRecht(world)
    const elsewhere = await startMcpServer({ tools: ["counter"] })
    const crooked = await listen((_, response) => response.writeHead(307, { location: elsewhere.url }).end())
    try {
      await giveServers(world, agent, [{ name: "crooked", url: `${crooked.origin}/mcp`, auth: true }])
      await world.client("member").runs.wait(null, agent, { input: question("say:x") })
      assert.notInclude(JSON.stringify(elsewhere.seen), world.token("member"))
    } finally {
      await Promise.all([elsewhere.close(), crooked.close()])
    }
  },

  "servers that a member names get no token: they are skipped, and that is said": async (world) => {
    const mine = await startMcpServer({ tools: ["counter"] })
    try {
      const { assistants, runs, threads } = world.client("member")
      const servers = [{ name: "mine", url: mine.url, auth_required: true }]
      const { assistant_id } = await assistants.create({
        graphId: "agent",
        config: { configurable: { mcp_config: { servers } } }
      })
      const { thread_id } = await threads.create()
      for (const text of ["say:eins", "say:zwei"]) await runs.wait(thread_id, assistant_id, { input: question(text) })
      assert.lengthOf(mine.seen.requests, 0)
      const line = `MCP server skipped (auth required but no tokens): name=mine url=${mine.url}`
      assert.lengthOf(world.logs.filter((logged) => Object(JSON.parse(logged)).message === line), 2)
      const [run] = await runs.list(thread_id)
      const { tools } = Object(
        await (await world.fetch("member", `/threads/${thread_id}/runs/${run?.run_id}/config`)).json()
      )
      assert.strictEqual(tools.servers[0].error, "auth required but no tokens")
    } finally {
      await mine.close()
    }
  },

  "servers that a run names are not the agent's: neither asked, nor given the token": async (world) => {
    const agent = await copyOfRecht(world)
    const theirs = await startMcpServer({ tools: ["counter"] })
    try {
      const mcp_config = { servers: [{ name: "theirs", url: theirs.url, auth_required: true }] }
      const values = await world.client("member").runs.wait(null, agent, {
        input: question("tool:search_laws:{\"query\":\"x\"}"),
        config: { configurable: { mcp_config } }
      })
      assert.strictEqual(said(values).at(-1), "ai: tool said: result for x", "the agent's own servers serve")
      assert.lengthOf(theirs.seen.requests, 0)
    } finally {
      await theirs.close()
    }
  }
}

/** Private addresses, spelled as somebody would who wants in (field failure 40). */
const privateUrls = (port: string) => [
  `http://127.0.0.1:${port}/mcp`,
  `http://localhost:${port}/mcp`,
  `http://[::1]:${port}/mcp`,
  `http://0x7f000001:${port}/mcp`,
  "http://169.254.169.254/mcp"
]

/** What a member's own assistant may not reach. */
export const privateAddresses: Scenarios = {
  "a member's own tool servers are not to be in the private network": async (world) => {
    const before = world.legal.seen.requests.length
    const urls = privateUrls(new URL(world.legal.url).port)
    const servers = urls.map((url, index) => ({ name: `private-${index}`, url }))
    const { assistants, runs, threads } = world.client("member")
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      config: { configurable: { mcp_config: { servers } } }
    })
    const { thread_id } = await threads.create()
    for (const text of ["say:eins", "say:zwei"]) {
      const values = await runs.wait(thread_id, assistant_id, { input: question(text) })
      assert.strictEqual(said(values).at(-1), `ai: ${text.slice(4)}`, "the run itself goes on")
    }
    const [run] = await runs.list(thread_id)
    const { tools } = Object(
      await (await world.fetch("member", `/threads/${thread_id}/runs/${run?.run_id}/config`)).json()
    )
    const refused = tools.servers.filter(({ error }: { readonly error: string }) => error.includes("OUTBOUND_ALLOW"))
    assert.lengthOf(refused, urls.length, JSON.stringify(tools.servers))
    assert.lengthOf(world.legal.seen.requests, before, "nothing arrived there")
  },

  "nor is a member's own model": async (world) => {
    const asked = world.model.requests.length
    const { assistants, runs, threads } = world.client("member")
    const { assistant_id } = await assistants.create({ graphId: "agent" })
    const { thread_id } = await threads.create()
    const configurable = { base_url: world.model.url, custom_api_key: "my-own-key", model_name: "openai:x" }
    for (const text of ["say:eins", "say:zwei"]) {
      const failure = failureOf(
        await runs.wait(thread_id, assistant_id, { input: question(text), config: { configurable }, raiseError: false })
      )
      assert.strictEqual(failure.error, "OutboundRefused")
      assert.include(failure.message, "OUTBOUND_ALLOW")
    }
    assert.lengthOf(world.model.requests, asked)
  }
}

/** With `OUTBOUND_ALLOW=127.0.0.1`. */
export const allowedAddresses: Scenarios = {
  "what the operator allows is reached, and a filter leaves the tools it names": async (world) => {
    const mine = await startMcpServer({ tools: ["counter", "search_laws", "slow"] })
    try {
      const { assistants, runs, threads } = world.client("member")
      const servers = [
        { name: "some", url: mine.url, tools: ["counter", "slow"] },
        { name: "none", url: world.legal.url, tools: [] },
        { name: "all", url: world.legal.url, tools: null }
      ]
      const { assistant_id } = await assistants.create({
        graphId: "agent",
        config: { configurable: { mcp_config: { servers } } }
      })
      const { thread_id } = await threads.create()
      for (const round of ["1", "2"]) {
        const values = await runs.wait(thread_id, assistant_id, { input: question("tool:some__counter:{}") })
        assert.strictEqual(said(values).at(-1), `ai: tool said: ${round}`)
        const { tools } = Object(world.model.requests.at(-1)?.body)
        assert.sameMembers(
          tools.map(({ function: { name } }: { readonly function: { readonly name: string } }) => name),
          ["some__counter", "some__slow", "search_laws", "all__slow", "fails", "all__counter"]
        )
      }
      assert.deepEqual([...authorizations(mine)], [undefined])
    } finally {
      await mine.close()
    }
  }
}
