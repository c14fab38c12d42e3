import { Option } from "effect"
import { assert } from "vitest"
import { serveChat } from "../../src/adapters/demo/OpenAiProtocol.ts"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { firstBroken } from "../../src/domain/AgentChain.ts"
import { AgentFault } from "../../src/domain/AgentFault.ts"
import { examine, faultsIn } from "../support/Doctor.ts"
import { plantAgent, plantEngine, plantTool } from "../support/FaultyAgents.ts"
import { deadUrl, startMcpServer } from "../support/McpServers.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"

/** Refuses as providers do, by the model's name; keeps what it was asked. */
const startProvider = async () => {
  const asked: Array<unknown> = []
  const server = await serveChat({
    onRequest: ({ body }) => void asked.push(body),
    reply: ({ model, tools = [] }) => {
      if (model === "gpt-refused") return { failure: 401 }
      if (model === "gpt-silent") return { takesMs: 60_000, text: "zu spät" }
      const [tool] = tools
      return tool === undefined ? { text: "ready" } : { calls: [{ name: tool.function.name, arguments: "{}" }] }
    }
  })
  return { ...server, asked }
}

const strangersOrganisation = "33333333-3333-4333-a333-333333333333"

/** Agents with one fault each, by the name of the fault; and the servers that they talk to. */
const plant = async (world: Throughline) => {
  const { database, legal } = world
  const [tokened, bare, second] = [
    await startMcpServer({ name: "tokened", token: "nobody has it" }),
    await startMcpServer({ name: "bare", tools: [] }),
    await startMcpServer({ name: "second", tools: ["search_laws"] })
  ]
  await plantTool(world, "laws", legal.url)
  await plantTool(world, "second", second.url)
  await plantTool(world, "dead", await deadUrl())
  await plantTool(world, "tokened", tokened.url, true)
  await plantTool(world, "bare", bare.url)
  await plantTool(world, "unsaid", null)
  await database.query("insert into public.organizations (id, name) values ($1, 'Niemand')", [strangersOrganisation])
  const engine = async (model: string | null) => ({ set: `engine_id = '${await plantEngine(world, model)}'` })

  const faulty: Readonly<Record<Exclude<AgentFault["_tag"], "FilterMatchesNothing" | "NotVisibleTo">, object>> = {
    NoName: { set: "name = ' '" },
    NoPrompt: { set: "system_prompt = null" },
    ToolWithoutUrl: { tools: ["unsaid", "laws"] },
    SamplingNotAnObject: { set: "sampling_params = '\"warm\"'" },
    UnknownSampling: { set: "sampling_params = '{\"heat\": 1}'" },
    UnknownGraph: { set: "graph_id = 'unbekannt'" },
    NoEngine: { set: "engine_id = null" },
    EngineWithoutModel: await engine(null),
    ForeignEngine: { set: "engine_type = 'organization'" },
    UnknownProvider: await engine("hausmodell"),
    KeyAbsent: await engine("anthropic:claude-sonnet-4-5"),
    ModelUnusable: { set: "sampling_params = '{\"temperature\": \"warm\"}'" },
    NotSynced: {},
    Retired: {},
    IdTaken: {},
    NotWrittenBack: {},
    WrongIdWrittenBack: {},
    NobodyInOrganisation: {},
    CreatorLeft: { set: "is_global = false, created_by_user_id = 'd4e5f6a7-0000-4000-a000-0000000000ff'" },
    Differs: {},
    ServerDead: { tools: ["dead", "laws"] },
    ServerWantsToken: { tools: ["tokened"] },
    NoTools: { tools: ["bare"] },
    EqualToolNames: { tools: ["laws", "second"] },
    ModelRefused: await engine("openai:gpt-refused"),
    ModelTimedOut: await engine("openai:gpt-silent")
  }
  const ids: Record<string, string> = {}
  for (const [name, planted] of Object.entries(faulty)) {
    const organization = name === "NobodyInOrganisation" ? strangersOrganisation : organizations.kanzleiNord
    ids[name] = await plantAgent(world, { name, ...planted }, organization)
  }
  ids["gesund"] = await plantAgent(world, { name: "gesund", tools: ["laws"] })
  return { ids, close: () => Promise.all([tokened.close(), bare.close(), second.close()]) }
}

/** What only happens to what was synced once. */
const spoil = async ({ database }: Throughline, ids: Readonly<Record<string, string>>) => {
  const change = (text: string, name: string) => database.query(text, [ids[name]])
  await change("delete from langgraph_server.assistants where id = $1", "NotSynced")
  await change("update langgraph_server.assistants set retired_at = now() where id = $1", "Retired")
  await change("delete from langgraph_server.assistants where id = $1", "IdTaken")
  await database.query(
    `insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source, owner_id)
     values ($1, 'agent', 'Meiner', '{"configurable": {"system_prompt": "Du reimst."}}', '{}', '{}', 'member', $2)`,
    [ids["IdTaken"], people.admin]
  )
  await change("update public.agents set langgraph_assistant_id = null where id = $1", "NotWrittenBack")
  await change("update public.agents set langgraph_assistant_id = '5f0e' where id = $1", "WrongIdWrittenBack")
  await change(
    `update langgraph_server.assistants
     set config = jsonb_set(config, '{configurable,system_prompt}', '"Du lügst."') where id = $1`,
    "Differs"
  )
}

/** What nobody can mend but whoever owns the row, the server or the account. */
const beyondRepair = (faults: Readonly<Record<string, ReadonlyArray<string>>>, mended: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(faults).filter(([name]) => !mended.includes(name)))

const mendedByFix = ["NotSynced", "Retired", "NotWrittenBack", "WrongIdWrittenBack", "Differs"]

/** In a world of the second generation where nothing syncs by itself. */
export const doctorFaults = {
  "of agents with one fault each, every fault is named and nothing else; what can be mended, --fix mends": async (
    world
  ) => {
    const { database } = world
    await database.query("update public.agents set status = 'disabled'")
    const provider = await startProvider()
    const at = { ...world, model: { ...world.model, url: provider.url } }
    const { close, ids } = await plant(world)
    const first = await examine(at, { fix: true, dryRun: false })
    assert.strictEqual(first.fixed.filter(({ what }) => what === "synced").length, Object.keys(ids).length - 3)
    await spoil(world, ids)

    const asked = world.legal.seen.opened.length
    const found = await examine(at, { modelTimeout: 3 })
    const expected = Object.fromEntries(
      Object.keys(ids).filter((name) => name !== "gesund").map((name) => [name === "NoName" ? " " : name, [name]])
    )
    assert.deepEqual(faultsIn(found), expected)
    // However many agents have a server, it is asked once.
    assert.strictEqual(world.legal.seen.opened.length, asked + 1)
    assert.isEmpty(world.legal.seen.calls)
    for (const chain of found.chains) {
      const broken = firstBroken(chain)
      if (broken !== undefined) assert.isNotEmpty(broken.remedy, chain.name)
    }
    const told = JSON.stringify(found)
    assert.notInclude(told, "sk-server-key-canary")
    const healthy = JSON.stringify(provider.asked.filter((body) => JSON.stringify(body).includes("search_laws")))
    assert.include(healthy, "Du hilfst.")

    const fixed = await examine(at, { fix: true, modelTimeout: 3 })
    const lines = fixed.fixed.map(({ id, what }) => `${what} ${id}`)
    for (const name of ["Retired", "Differs"]) assert.include(lines, `updated ${ids[name]}`)
    assert.include(lines, `synced ${ids["NotSynced"]}`)
    for (const name of ["NotWrittenBack", "WrongIdWrittenBack"]) assert.include(lines, `wrote id ${ids[name]}`)
    assert.deepEqual(faultsIn(fixed), beyondRepair(expected, mendedByFix))
    assert.isEmpty((await examine(at, { fix: true, dryRun: false })).fixed)
    await provider.close()
    await close()
  },

  "for one person it is judged whether they see it, and through what": async (world) => {
    const { database } = world
    await database.query("update public.agents set status = 'active' where id = $1", [agents.expose])
    await examine(world, { fix: true, dryRun: false })
    const which = { _tag: "Agents" as const, ids: [agents.expose] }
    const seenBy = async (user: string) => {
      const { chains } = await examine(world, { dryRun: false, as: Option.some(user) }, which)
      return chains[0]?.links.find(({ link }) => link === "visible")
    }
    assert.deepEqual((await seenBy(people.member))?.faults, ["NotVisibleTo"])
    assert.include((await seenBy(people.otherOrganisation))?.reason ?? "", "as member")
  }
} satisfies Scenarios
