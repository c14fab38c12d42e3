import { assert } from "vitest"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { messagesOf, question, said } from "../support/Conversation.ts"
import { type McpServerOptions, startMcpServer } from "../support/McpServers.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"

type Server = Awaited<ReturnType<typeof startMcpServer>>

/** An agent of its own with servers of its own, for as long as the work takes. */
const withServers = async (
  world: Throughline,
  options: Readonly<Record<string, McpServerOptions>>,
  work: (agent: string, server: (name: string) => Server) => Promise<void>
) => {
  const agent = await copyOfRecht(world)
  const servers = new Map<string, Server>()
  for (const [name, option] of Object.entries(options)) servers.set(name, await startMcpServer({ name, ...option }))
  const server = (name: string) => servers.get(name) ?? assert.fail(`no server ${name}`)
  try {
    await giveServers(world, agent, [...servers].map(([name, { url }]) => ({ name, url })))
    await work(agent, server)
  } finally {
    await Promise.all([...servers.values()].map(({ close }) => close()))
  }
}

const toolNames = ({ model }: Throughline): ReadonlyArray<string> =>
  Object(model.requests.at(-1)?.body).tools.map((
    { function: { name } }: { readonly function: { readonly name: string } }
  ) => name)

/** How long a tool server is talked to, and by which names. */
export const toolSessions: Scenarios = {
  "twenty calls are one session, closed after the last of them and not before": (world) =>
    withServers(world, { counting: { tools: ["counter"] } }, async (agent, server) => {
      const { seen } = server("counting")
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      const calls = Array.from({ length: 20 }, () => "counter:{}").join("|")
      for (const round of [1, 2]) {
        const values = await runs.wait(thread_id, agent, { input: question(`tools:${calls}`) })
        const counted = messagesOf(values).filter(({ type }) => type === "tool").map(({ content }) => Number(content))
        assert.sameMembers(counted, Array.from({ length: 20 * round }, (_, index) => index + 1), "every call counted")
        await world.until("the session is closed", () => seen.closed.length === round)
        assert.lengthOf(seen.opened, round, "one session for each run")
        assert.deepEqual(seen.closed, seen.opened)
        const [last, ...before] = seen.requests.map(({ method }) => method).toReversed()
        assert.strictEqual(last, "DELETE")
        assert.lengthOf(before.filter((method) => method === "DELETE"), round - 1)
      }
    }),

  "sessions are closed however the run ends": (world) =>
    withServers(world, { brief: { tools: ["slow", "fails"] } }, async (agent, server) => {
      const { seen } = server("brief")
      const { runs, threads } = world.client("member")
      const { thread_id } = await threads.create()
      await runs.wait(thread_id, agent, { input: question("fail:400"), raiseError: false })
      await world.until("it is closed after a failure", () => seen.closed.length === 1)
      const { run_id } = await runs.create(thread_id, agent, { input: question("tool:slow:{}") })
      const call = await world.until("the tool was called", () => seen.calls.at(-1))
      await runs.cancel(thread_id, run_id, true)
      await world.until("the call is aborted", () => call.aborted, 5_000)
      await world.until("it is closed after a stop", () => seen.closed.length === 2)
    }),

  "tools of one name on two servers are told apart, and both can be called": (world) =>
    withServers(
      world,
      { alpha: { tools: ["counter", "fails"] }, beta: { tools: ["counter"] } },
      async (agent, server) => {
        const { runs, threads } = world.client("member")
        const { thread_id } = await threads.create()
        for (const round of [1, 2]) {
          const values = await runs.wait(thread_id, agent, {
            input: question("tools:alpha__counter:{}|beta__counter:{}")
          })
          assert.sameMembers([...toolNames(world)], ["alpha__counter", "beta__counter", "fails"])
          assert.deepEqual(said(values).slice(-3, -1), [`tool: ${round}`, `tool: ${round}`])
          for (const name of ["alpha", "beta"]) assert.lengthOf(server(name).seen.calls, round)
        }
      }
    ),

  "two agents' servers and two runs at once have nothing to do with each other": (world) =>
    withServers(
      world,
      { first: { tools: ["counter"] } },
      (one, first) =>
        withServers(world, { second: { tools: ["search_laws"] } }, async (two, second) => {
          const { runs, threads } = world.client("member")
          const { thread_id } = await threads.create()
          await runs.wait(thread_id, one, { input: question("tool:counter:{}") })
          assert.deepEqual(toolNames(world), ["counter"])
          await runs.wait(thread_id, two, { input: question("tool:search_laws:{\"query\":\"x\"}") })
          assert.deepEqual(toolNames(world), ["search_laws"], "nothing of the other agent's on the same thread")
          assert.lengthOf(second("second").seen.opened, 1)
          await Promise.all(
            Array.from({ length: 5 }, () => runs.wait(null, one, { input: question("tool:counter:{}") }))
          )
          const { seen } = first("first")
          assert.lengthOf(seen.calls, 6)
          assert.lengthOf(new Set(seen.opened), 6, "a session for each run")
          await world.until("all are closed", () => seen.closed.length === 6)
        })
    )
}
