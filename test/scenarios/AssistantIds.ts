import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { listed, talk } from "../support/Talk.ts"
import type { Person, Throughline } from "../support/Throughline.ts"

interface Created {
  readonly assistant_id: string
}

const create = (world: Throughline, person: Person, body: object) =>
  ask(world, person, "POST /assistants", { graph_id: "agent", ...body })

const idOf = async (answer: Promise<Awaited<ReturnType<typeof ask>>>) => json<Created>(await answer).assistant_id

const prompt = (text: string) => ({ config: { configurable: { system_prompt: text } } })

/** Everything there is of the assistants, to compare with later. */
const stored = async ({ database }: Throughline) => {
  const { rows } = await database.query<object>("select * from langgraph_server.assistants order by id")
  const { rows: versions } = await database.query<object>(
    "select * from langgraph_server.assistant_versions order by assistant_id, version"
  )
  return { rows, versions }
}

/** Field failures 1 and 4. */
export const assistantIds = {
  "an id that the caller gives is kept, one that is missing is made": async (world) => {
    const { assistants } = world.client("member")
    const given = crypto.randomUUID()
    for (const id of [given, "mein-assistent"]) {
      const created = await assistants.create({ graphId: "agent", assistantId: id, name: id })
      assert.strictEqual(created.assistant_id, id)
      assert.strictEqual((await assistants.get(id)).name, id)
      assert.lengthOf((await talk(world, "member", id, ["say:eins", "say:zwei"])).said, 4)
      await assistants.delete(id)
    }
    const fresh = [
      await idOf(create(world, "member", {})),
      await idOf(create(world, "member", { assistant_id: null })),
      await idOf(create(world, "member", { assistant_id: "" })),
      await idOf(create(world, "member", { assistant_id: " " }))
    ]
    assert.strictEqual(new Set(fresh).size, 4)
    for (const id of fresh) {
      assert.match(id, /^[0-9a-f]{8}-/)
      await assistants.delete(id)
    }
  },

  "an id that is taken is refused, and what has it stays as it is": async (world) => {
    const id = crypto.randomUUID()
    await create(world, "member", { assistant_id: id, name: "Erster", ...prompt("Du bist der Erste.") })
    const before = await stored(world)
    for (const person of ["member", "admin", "otherOrganisation"] as const) {
      for (const spelling of [id, id.toUpperCase(), ` ${id} `]) {
        const answer = await create(world, person, { assistant_id: spelling, name: "Zweiter", ...prompt("Ha!") })
        assert.strictEqual(answer.status, 409)
        assert.strictEqual(detailOf(answer), "Assistant already exists")
      }
    }
    // To whoever may see it, `do_nothing` answers with what is there; a stranger learns nothing of it.
    const own = await create(world, "member", { assistant_id: id, if_exists: "do_nothing", ...prompt("Ha!") })
    assert.strictEqual(json<{ readonly name: string }>(own).name, "Erster")
    const foreign = await create(world, "admin", { assistant_id: id, if_exists: "do_nothing", ...prompt("Ha!") })
    assert.strictEqual(foreign.status, 409)
    assert.notInclude(foreign.text, "Erste")
    assert.deepEqual(await stored(world), before)
    await talk(world, "member", id, ["say:eins"])
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du bist der Erste.")
    await world.client("member").assistants.delete(id)
  },

  "an agent's id, or a graph's default's, is not for taking": async (world) => {
    const graph = (await world.client("member").assistants.get("agent")).assistant_id
    const before = await stored(world)
    for (const person of ["member", "otherOrganisation", "noOrganisation"] as const) {
      for (const id of [agents.recht, agents.recht.toUpperCase(), agents.expose, graph]) {
        assert.strictEqual((await create(world, person, { assistant_id: id, ...prompt("Ha!") })).status, 409)
      }
      const quietly = await create(world, person, { assistant_id: agents.recht, if_exists: "do_nothing" })
      assert.strictEqual(quietly.status, person === "member" ? 200 : 409)
    }
    // Where it was not synced before, the one who may see it has it synced by now.
    const after = await stored(world)
    assert.includeDeepMembers(after.rows, before.rows)
    await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du bist ein Rechts-Assistent.")
  },

  "creating for an agent answers with that agent's assistant, for those who may use it": async (world) => {
    const wish = { metadata: { supabase_agent_id: agents.wartung }, ...prompt("Ha!") }
    for (const person of ["member", "admin"] as const) {
      const answer = json<{
        readonly assistant_id: string
        readonly name: string
        readonly metadata: Readonly<Record<string, unknown>>
        readonly config: { readonly configurable: Readonly<Record<string, unknown>> }
      }>(await create(world, person, wish))
      assert.strictEqual(answer.assistant_id, agents.wartung)
      assert.strictEqual(answer.name, "Wartungsbericht-Analyst")
      assert.strictEqual(answer.metadata["supabase_organization_id"], organizations.kanzleiNord)
      assert.strictEqual(answer.config.configurable["model_name"], "openai:gpt-4o")
      assert.notInclude(JSON.stringify(answer), "Ha!")
    }
    assert.lengthOf((await listed(world, "member")).filter((id) => id === agents.wartung), 1)

    // Anybody else gets an assistant of their own, which has nothing of the agent's.
    for (const person of ["otherOrganisation", "noOrganisation"] as const) {
      const bare = await idOf(create(world, person, wish))
      assert.notStrictEqual(bare, agents.wartung)
      const shown = await world.client(person).assistants.get(bare)
      assert.deepEqual(shown.config, { configurable: { system_prompt: "Ha!" } })
      assert.notProperty(shown.metadata, "supabase_agent_id")
      await talk(world, person, bare, ["say:eins", "say:zwei"])
      assert.notInclude(JSON.stringify(world.model.requests.at(-1)?.body), "Wartungsberichte")
      await world.client(person).assistants.delete(bare)
    }
  }
} satisfies Scenarios
