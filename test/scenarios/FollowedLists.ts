import { Redacted } from "effect"
import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { startNode } from "../support/Processes.ts"
import { median } from "../support/ReplicaRuns.ts"
import type { SharedScenario } from "../support/ReplicaServers.ts"

type World = Parameters<SharedScenario>[0]
type Both = Parameters<SharedScenario>[1]

/** What the lists of both replicas say of an agent; undefined where they don't have it. */
const listed = ([one, two]: Both, id: string) =>
  Promise.all([one, two].map(async (replica) => {
    const found = await replica.client().assistants.search({ limit: 100 })
    return found.find(({ assistant_id }) => assistant_id === id)
  }))

type Listed = NonNullable<Awaited<ReturnType<typeof listed>>[number]>

/** How many ms it took until both lists said so, and a look at them at that time. */
const followed = async (
  world: World,
  both: Both,
  what: string,
  id: string,
  is: (assistant: Listed | undefined) => boolean
) => {
  const started = performance.now()
  const looks: Array<number> = []
  await world.until(what, async () => {
    // Whoever asks without a pause keeps the servers from what they are asked for.
    await new Promise((resolve) => setTimeout(resolve, 20))
    const look = performance.now()
    const found = (await listed(both, id)).every(is)
    looks.push(performance.now() - look)
    return found
  })
  return { took: Math.round(performance.now() - started), look: median(looks) }
}

const configured = (assistant: Listed | undefined) => assistant?.config.configurable ?? {}

/** Every way in which what an agent is made of changes, and what the lists say then. */
const changes = async (world: World): Promise<
  ReadonlyArray<{
    readonly what: string
    readonly change: () => Promise<unknown>
    readonly id: () => string
    readonly is: (assistant: Listed | undefined) => boolean
  }>
> => {
  const { database } = world
  let copy = ""
  const serversOf = (assistant: Listed | undefined) => JSON.stringify(configured(assistant)["mcp_config"] ?? null)
  return [
    {
      what: "an agent is edited",
      change: () => editAgent(world, agents.recht, "name = 'Neuer Name', system_prompt = 'Du bist neu.'"),
      id: () => agents.recht,
      is: (found) => found?.name === "Neuer Name" && configured(found)["system_prompt"] === "Du bist neu."
    },
    {
      what: "an agent is made",
      change: async () => void (copy = await copyOfRecht(world)),
      id: () => copy,
      is: (found) => found?.name === "Neuer Name" && serversOf(found).includes("legal-mcp")
    },
    {
      what: "a tool is taken away",
      change: () => database.query("delete from public.agent_mcp_tools where agent_id = $1", [copy]),
      id: () => copy,
      is: (found) => found !== undefined && !serversOf(found).includes("legal-mcp")
    },
    {
      what: "a tool is given",
      change: () => giveServers(world, copy, [{ name: "neu", url: "http://neu.example/mcp" }]),
      id: () => copy,
      is: (found) => serversOf(found).includes("http://neu.example/mcp")
    },
    {
      what: "a tool's URL is edited",
      change: () =>
        database.query(
          "update public.mcp_tools set endpoint_url = 'http://anders.example/mcp' where tool_name = 'neu'"
        ),
      id: () => copy,
      is: (found) => serversOf(found).includes("http://anders.example/mcp")
    },
    {
      what: "an engine is given another model",
      change: () =>
        database.query(
          `update public.global_ai_engines e set language_model_id = m.id from public.ai_models m
           where e.id = (select engine_id from public.agents where id = $1)
             and m.runtime_model_name = 'openai:gpt-4o'`,
          [copy]
        ),
      id: () => copy,
      is: (found) => configured(found)["model_name"] === "openai:gpt-4o"
    },
    {
      what: "a model's name is edited",
      change: () =>
        database.query(
          "update public.ai_models set runtime_model_name = 'openai:gpt-5' where runtime_model_name = 'openai:gpt-4o'"
        ),
      id: () => copy,
      is: (found) => configured(found)["model_name"] === "openai:gpt-5"
    },
    {
      what: "an agent is switched off",
      change: () => editAgent(world, copy, "status = 'disabled'"),
      id: () => copy,
      is: (found) => found === undefined
    },
    {
      what: "an agent is switched on again",
      change: () => editAgent(world, copy, "status = 'active'"),
      id: () => copy,
      is: (found) => found !== undefined
    },
    {
      what: "an agent moves to another organisation",
      change: () => editAgent(world, copy, "organization_id = $2", organizations.immobilienSued),
      id: () => copy,
      is: (found) => found === undefined
    },
    {
      what: "an agent is deleted",
      change: () => database.query("delete from public.agents where id = $1", [agents.allgemein]),
      id: () => agents.allgemein,
      is: (found) => found === undefined
    }
  ]
}

/** Plays every kind of change; answers how long each took to be in both lists. */
export const everyChange = async (world: World, both: Both) => {
  const all: Array<Awaited<ReturnType<typeof followed>>> = []
  for (const { change, id, is, what } of await changes(world)) {
    await change()
    const one = await followed(world, both, what, id(), is)
    all.push(one)
    console.log(`${what}: in both lists after ${one.took} ms, of which a look took ${Math.round(one.look)}`)
  }
  return all
}

/** How long an edit of a prompt took to be in both lists. */
const edited = async (world: World, both: Both, prompt: string) => {
  await editAgent(world, agents.recht, "system_prompt = $2", prompt)
  return followed(world, both, prompt, agents.recht, (found) => configured(found)["system_prompt"] === prompt)
}

/** `throughline triggers …`, as the operator calls it. */
const triggers = ({ databaseUrl }: World, ...words: ReadonlyArray<string>) =>
  startNode(["src/app/throughline.ts", "triggers", ...words], { DATABASE_URL: Redacted.value(databaseUrl) }).ended

/** What both replicas have counted as missed. */
const missed = async (both: Both) => {
  const counted = await Promise.all(both.map(async (replica) => {
    const text = await (await replica.fetch("/metrics")).text()
    return Number(/^throughline_sync_missed_total(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1])
  }))
  return counted.reduce((sum, one) => sum + one, 0)
}

/** How late lists may be, in ms: on a machine that is busy with others what we do for that takes as many times as long. */
const soon = (look: number) => 2_000 + 30 * look
const atOnce = (look: number) => 500 + 10 * look

export const followedLists = {
  "lists follow every kind of change without anything installed": async (world, both) => {
    const took = await everyChange(world, both)
    const late = took.filter(({ look, took }) => took > soon(look))
    assert.isAtMost(late.length, 1, JSON.stringify(took))
    const again = await world.database.query("select id, version from langgraph_server.assistants order by id")
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const later = await world.database.query("select id, version from langgraph_server.assistants order by id")
    assert.deepEqual(later.rows, again.rows, "nothing changes where nothing changed")
    // Nothing is repeated: a line for each sync that changed something, by whichever replica did it.
    const lines = both.flatMap(({ output }) => output.stdout.match(/"Sync summary: [^"]*/g) ?? [])
    assert.isAtMost(lines.length, 2 * took.length, lines.join("\n"))
    assert.isAtLeast(lines.length, took.length / 2, lines.join("\n"))
    for (const { output } of both) assert.lengthOf(output.stdout.match(/Startup sync summary/g) ?? [], 1)
    assert.strictEqual(await missed(both), 0)
  },

  "with the operator's triggers they follow at once, and as before when those are gone": async (world, both) => {
    const installed = await triggers(world, "install")
    assert.strictEqual(installed.code, 0, installed.stderr)
    const all: Array<Awaited<ReturnType<typeof edited>>> = []
    for (let n = 0; n < 12; n++) {
      // At any moment of the pause between two looks.
      await new Promise((resolve) => setTimeout(resolve, 60 * n))
      all.push(await edited(world, both, `Du bist der ${n}.`))
    }
    const took = all.map((one) => one.took)
    console.log(`with triggers: in both lists after ${took.join(", ")} ms`)
    assert.isBelow(median(took), atOnce(median(all.map(({ look }) => look))))
    assert.match((await triggers(world, "status")).stdout, /public\.agents\s+tells of its changes/)
    const removed = await triggers(world, "remove")
    assert.strictEqual(removed.code, 0, removed.stderr)
    const { rows } = await world.database.query("select from pg_trigger where tgname like 'throughline%'")
    assert.lengthOf(rows, 0)
    await edited(world, both, "Du bist wieder allein.")
  },

  "an agent that can't be synced is named once, whoever else is edited meanwhile": async (world, both) => {
    await editAgent(world, agents.wartung, "graph_id = 'unbekannt'")
    const named = () =>
      both.flatMap(({ output }) => output.stdout.split("\n")).filter((line) =>
        line.includes("Agent not synced: Wartungsbericht-Analyst")
      )
    await world.until("it is named", () => named().length > 0)
    await edited(world, both, "Du bist ein anderer.")
    assert.isAtMost(named().length, both.length)
    await editAgent(world, agents.wartung, "graph_id = 'agent'")
    await followed(world, both, "it is back", agents.wartung, (found) => found !== undefined)
  },

  "what no look has shown is found by comparing everything, and counted": async (world, both) => {
    assert.strictEqual(await missed(both), 0)
    // Somebody has a hand in our tables, of which the consumer's can't tell.
    await world.database.query(
      "update langgraph_server.assistants set name = 'Verdorben', content_hash = 'x' where id = $1",
      [agents.recht]
    )
    assert.isTrue((await listed(both, agents.recht)).some((found) => found?.name === "Verdorben"))
    await followed(world, both, "it is mended", agents.recht, (found) => found?.name === "Neuer Name")
    await world.until("it is counted", async () => await missed(both) === 1)
    assert.isTrue(
      both.some(({ output }) => output.stdout.includes("Comparing everything found 1 difference(s)")),
      "and said"
    )
  },

  "tables that can't be read stop nothing: it is said once, and they are followed again": async (world, both) => {
    await world.database.query("alter table public.agent_mcp_tools rename to links")
    const said = (words: string) =>
      both.map(({ output }) => output.stdout.split("\n").filter((line) => line.includes(words)).length)
    await world.until("it is said", () => said("Lists stay as they were last synced").some((times) => times > 0))
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    assert.isAtMost(Math.max(...said("Lists stay as they were last synced")), 1)
    await world.database.query("alter table public.links rename to agent_mcp_tools")
    await edited(world, both, "Du bist zurück.")
    await world.until("that, too, is said", () => said("can be read again: lists follow").some((times) => times > 0))

    await world.database.query("begin")
    await world.database.query("lock table public.mcp_tools in access exclusive mode")
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await world.database.query("commit")
    await edited(world, both, "Du bist wieder frei.")
  }
} satisfies Readonly<Record<string, SharedScenario>>
