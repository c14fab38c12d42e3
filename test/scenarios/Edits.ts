import { assert } from "vitest"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { startMcpServer } from "../support/McpServers.ts"
import type { Replica, Replicas, SharedScenario } from "../support/ReplicaServers.ts"
import type { Person } from "../support/Throughline.ts"

/** A server as `ask` wants one. */
const at = (replica: Replica) => ({
  fetch: (person: Person | undefined, path: string, init: RequestInit = {}) => replica.fetch(path, init, person)
})

interface Shown {
  readonly name: string
  readonly description: string | null
  readonly version: number
  readonly config: { readonly configurable: Readonly<Record<string, unknown>> }
}

/** What an edit made of an agent: as it is looked up, and as the model was asked. */
interface Effect {
  readonly shown: Shown
  readonly asked: Readonly<Record<string, unknown>>
}

interface Edit {
  readonly sql: string
  readonly values?: ReadonlyArray<unknown>
  /** Fails unless the edit is in force. */
  readonly inForce: (effect: Effect) => void
}

const run = (replica: Replica, thread: string, agent: string, text: string, person: Person = "member") =>
  ask(at(replica), person, `POST /threads/${thread}/runs/wait`, { assistant_id: agent, input: question(text) })

const systemPrompt = ({ messages }: Readonly<Record<string, unknown>>) =>
  JSON.stringify(Array.isArray(messages) ? messages[0] : "")

/** The tools that a model was offered. */
const toolsIn = ({ tools }: Readonly<Record<string, unknown>>) => JSON.stringify(tools ?? [])

let said = 0

/** What an agent is now, on one server: looked up, and run on a thread. */
const effectOn = async (world: Replicas, replica: Replica, thread: string, agent: string): Promise<Effect> => {
  const text = `say:Satz ${++said}`
  const answer = await run(replica, thread, agent, text)
  assert.strictEqual(answer.status, 200, answer.text)
  assert.notInclude(answer.text, "__error__")
  assert.isNull(answer.headers.get("throughline-stale-since"))
  const asked = world.asked(text).at(-1)?.body ?? assert.fail("the model was asked")
  return { shown: json<Shown>(await ask(at(replica), "member", `GET /assistants/${agent}`)), asked }
}

/** Two messages of one thread, each on another server, with an edit between them; and the look-up on both afterwards. */
const between =
  (edits: (world: Replicas, agent: string) => Promise<ReadonlyArray<Edit>>): SharedScenario =>
  async (world, [one, two]) => {
    const agent = await copyOfRecht(world)
    const { thread_id } = await one.client().threads.create()
    const first = await effectOn(world, one, thread_id, agent)
    let here = two
    for (const { inForce, sql, values = [] } of await edits(world, agent)) {
      assert.throws(() => inForce(first), undefined, undefined, `before ${sql}`)
      await world.database.query(sql, [...values])
      inForce(await effectOn(world, here, thread_id, agent))
      here = here === two ? one : two
      inForce({ ...await effectOn(world, here, thread_id, agent) })
    }
  }

const row = (set: string, inForce: Edit["inForce"]) => (agent: string): Edit => ({
  sql: `update public.agents set ${set} where id = '${agent}'`,
  inForce
})

const rowEdits = [
  row("system_prompt = 'Du bist Notar.'", ({ asked }) => assert.include(systemPrompt(asked), "Du bist Notar.")),
  row("name = 'Notariat'", ({ shown }) => assert.strictEqual(shown.name, "Notariat")),
  row("description = 'beurkundet'", ({ shown }) => assert.strictEqual(shown.description, "beurkundet")),
  row("engine_id = null", ({ asked }) => assert.strictEqual(asked["model"], "gpt-4o"))
]

const samplingEdits = {
  v1: [row("temperature = 0.11", ({ asked }) => assert.strictEqual(asked["temperature"], 0.11))],
  v2: [
    row(
      "sampling_params = sampling_params || '{\"temperature\": 0.11, \"seed\": 5}'",
      ({ asked }) => assert.deepEqual([asked["temperature"], asked["seed"]], [0.11, 5])
    )
  ]
} as const

/** A model and an engine of the test's own, so that nobody else's agents change. */
const ownEngine = async ({ database }: Replicas, agent: string) => {
  const { rows } = await database.query<{ model: string; engine: string; other: string }>(
    `with model as (
       insert into public.ai_models (name, runtime_model_name) values ('A', 'openai:gpt-a') returning id
     ), other as (
       insert into public.ai_models (name, runtime_model_name) values ('B', 'openai:gpt-b') returning id
     ), engine as (
       insert into public.global_ai_engines (name, language_model_id) select 'E', id from model returning id
     )
     select model.id as model, engine.id as engine, other.id as other from model, engine, other`
  )
  const { engine, model, other } = rows[0] ?? assert.fail("there is an engine")
  const isAsked = (name: string) => ({ asked }: Effect) => assert.strictEqual(asked["model"], name)
  return [
    { sql: `update public.agents set engine_id = '${engine}' where id = '${agent}'`, inForce: isAsked("gpt-a") },
    {
      sql: `update public.ai_models set runtime_model_name = 'openai:gpt-c' where id = '${model}'`,
      inForce: isAsked("gpt-c")
    },
    {
      sql: `update public.global_ai_engines set language_model_id = '${other}' where id = '${engine}'`,
      inForce: isAsked("gpt-b")
    }
  ]
}

/** Each kind of edit of an agent, on the tables of one generation. */
export const edits = (generation: "v1" | "v2"): Readonly<Record<string, SharedScenario>> => ({
  "a column of its row": between((_, agent) =>
    Promise.resolve([...rowEdits, ...samplingEdits[generation]].map((edit) => edit(agent)))
  ),

  "its engine, the engine's model, the model's name": between(ownEngine),

  "its tools, and a tool's URL": async (world, both) => {
    const [first, second] = await Promise.all([
      startMcpServer({ tools: ["counter"] }),
      startMcpServer({ tools: ["search_laws"] })
    ])
    try {
      await between(async (_, agent) => {
        await giveServers(world, agent, [])
        const offers = (name: string) => ({ asked }: Effect) => {
          assert.include(toolsIn(asked), name)
          assert.notInclude(toolsIn(asked), name === "counter" ? "search_laws" : "counter")
        }
        return [
          {
            sql: `with tool as (
                insert into public.mcp_tools (tool_name, endpoint_url) values ('Zähler', $1) returning id
              )
              insert into public.agent_mcp_tools (agent_id, mcp_tool_id) select $2, id from tool`,
            values: [first.url, agent],
            inForce: offers("counter")
          },
          {
            sql: "update public.mcp_tools set endpoint_url = $2 where endpoint_url = $1",
            values: [first.url, second.url],
            // The first message had the demo world's own server of laws.
            inForce: (effect) => {
              offers("search_laws")(effect)
              assert.include(JSON.stringify(effect.shown.config.configurable["mcp_config"]), second.url)
            }
          },
          {
            sql: "delete from public.agent_mcp_tools where agent_id = $1",
            values: [agent],
            inForce: ({ asked }) => assert.strictEqual(toolsIn(asked), "[]")
          }
        ]
      })(world, both)
    } finally {
      await Promise.all([first.close(), second.close()])
    }
  },

  "its organisation's members: who leaves and who joins": async (world, [one, two]) => {
    const agent = await copyOfRecht(world)
    const { thread_id } = await one.client("admin").threads.create()
    for (const replica of [one, two]) {
      assert.strictEqual((await run(replica, thread_id, agent, "say:eins", "admin")).status, 200)
      assert.strictEqual((await ask(at(replica), "noOrganisation", `GET /assistants/${agent}`)).status, 404)
    }
    await world.database.query("delete from public.organization_members where user_id = $1", [people.admin])
    await world.database.query(
      "insert into public.organization_members (organization_id, user_id) values ($1, $2)",
      [organizations.kanzleiNord, people.noOrganisation]
    )
    const theirs = await two.client("noOrganisation").threads.create()
    for (const replica of [two, one]) {
      const refused = await run(replica, thread_id, agent, "say:zwei", "admin")
      assert.strictEqual(refused.status, 404)
      assert.strictEqual(detailOf(refused), `Assistant "${agent}" not found`, "a stranger is told nothing")
      assert.strictEqual((await ask(at(replica), "admin", `GET /assistants/${agent}`)).status, 404)
      assert.strictEqual((await ask(at(replica), "admin", `GET /threads/${thread_id}/state`)).status, 200)
      assert.strictEqual((await run(replica, theirs.thread_id, agent, "say:da", "noOrganisation")).status, 200)
      const versions = await ask(at(replica), "noOrganisation", `POST /assistants/${agent}/versions`, {})
      assert.isNotEmpty(json<ReadonlyArray<unknown>>(versions))
    }
    await world.database.query("delete from public.organization_members where user_id = $1", [people.noOrganisation])
    await world.database.query(
      "insert into public.organization_members (organization_id, user_id, role) values ($1, $2, 'admin')",
      [organizations.kanzleiNord, people.admin]
    )
    for (const replica of [two, one]) {
      assert.strictEqual((await run(replica, theirs.thread_id, agent, "say:weg", "noOrganisation")).status, 404)
      assert.strictEqual((await run(replica, thread_id, agent, "say:wieder", "admin")).status, 200)
    }
  },

  "whose it is, and whether it is at all": async (world, [one, two]) => {
    const agent = await copyOfRecht(world)
    const { thread_id } = await one.client().threads.create()
    const told = async (replica: Replica, why: RegExp | undefined) => {
      for (
        const answer of [
          await run(replica, thread_id, agent, "say:zwei"),
          await ask(at(replica), "member", `GET /assistants/${agent}`)
        ]
      ) {
        assert.strictEqual(answer.status, 404)
        if (why === undefined) assert.strictEqual(detailOf(answer), `Assistant "${agent}" not found`)
        else assert.match(detailOf(answer), why)
      }
      const stranger = await ask(at(replica), "otherOrganisation", `GET /assistants/${agent}`)
      assert.strictEqual(detailOf(stranger), `Assistant "${agent}" not found`)
    }
    const ways = [
      ["status = 'disabled'", "status = 'active'", /not found: its agent ".*" is not active \(status "disabled"\)/],
      ["deleted_at = now()", "deleted_at = null", /not found: its agent ".*" was deleted/],
      ...(generation === "v2"
        ? [
          [
            `is_global = false, created_by_user_id = '${people.admin}'`,
            "is_global = true",
            undefined
          ] as const
        ]
        : [])
    ] as const
    for (const [off, on, why] of ways) {
      assert.strictEqual((await run(one, thread_id, agent, "say:eins")).status, 200)
      await world.database.query(`update public.agents set ${off} where id = $1`, [agent])
      await told(two, why)
      await told(one, why)
      await world.database.query(`update public.agents set ${on} where id = $1`, [agent])
      assert.strictEqual((await run(two, thread_id, agent, "say:drei")).status, 200)
    }
    await world.database.query("update public.agents set organization_id = $2 where id = $1", [
      agent,
      organizations.immobilienSued
    ])
    assert.strictEqual((await ask(at(two), "otherOrganisation", `GET /assistants/${agent}`)).status, 200)
    assert.strictEqual((await run(one, thread_id, agent, "say:vier")).status, 404)
    await world.database.query("update public.agents set organization_id = $2 where id = $1", [
      agent,
      organizations.kanzleiNord
    ])

    // It goes while it answers: the run ends as it began, the next one is refused.
    const running = run(one, thread_id, agent, "slow:1500:fertig")
    await world.until("it is asked", () => world.asked("slow:1500:fertig").length > 0)
    await world.database.query("delete from public.agents where id = $1", [agent])
    await told(two, /not found: its agent's row is gone/)
    const { text } = await running
    assert.include(text, "fertig")
    assert.notInclude(text, "__error__")
    assert.strictEqual((await ask(at(two), "member", `GET /threads/${thread_id}/state`)).status, 200)
  }
})
