import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { listed, say, talk } from "../support/Talk.ts"
import type { Person, Throughline } from "../support/Throughline.ts"

const kanzlei = [agents.dokumente, agents.recht, agents.wartung, agents.allgemein]
const nobodys = "b0000000-0000-4000-a000-000000000000"

/** Every request that names an assistant, without changing one. */
const lookUps = (id: string): ReadonlyArray<string> => [
  `GET /assistants/${id}`,
  `GET /assistants/${id}/schemas`,
  `GET /assistants/${id}/graph`,
  `POST /assistants/${id}/versions`,
  `POST /assistants/${id}/explain`
]

/** Every way to run one. */
const runWays = (thread: string) =>
  [
    `/threads/${thread}/runs`,
    `/threads/${thread}/runs/stream`,
    `/threads/${thread}/runs/wait`,
    "/runs",
    "/runs/stream",
    "/runs/wait"
  ] as const

/**
 * Nothing tells an assistant that one can't see from one that is not there, but what became of it, to those who might use it
 * if it were.
 */
export const isNotThere = async (world: Throughline, person: Person, id: string, why?: RegExp): Promise<void> => {
  for (const route of lookUps(id)) {
    const answer = await ask(world, person, route)
    const missing = await ask(world, person, route.replace(id, nobodys))
    assert.strictEqual(answer.status, 404, `${route} as ${person}`)
    if (why !== undefined) assert.match(detailOf(answer), why)
    else assert.strictEqual(answer.text.replaceAll(id, nobodys), missing.text)
  }
  assert.notInclude(await listed(world, person), id)

  const { thread_id } = await world.client(person).threads.create()
  for (const path of runWays(thread_id)) {
    const answer = await ask(world, person, `POST ${path}`, { assistant_id: id, input: question("say:hello") })
    assert.strictEqual(answer.status, 404, `${path} as ${person}`)
  }
  assert.deepEqual(await world.client(person).runs.list(thread_id), [], "nothing that a prompt could be read from")
  assert.strictEqual((await world.client(person).threads.get(thread_id)).status, "idle")
}

/** Field failures 1, 2, 3, 9. */
export const visibleAssistants = {
  "an organisation's agents are its members', to look at and to run": async (world) => {
    for (const person of ["member", "admin"] as const) {
      assert.includeMembers([...(await listed(world, person))], kanzlei)
      assert.notInclude(await listed(world, person), agents.expose)
      for (const id of kanzlei) {
        for (const route of lookUps(id)) assert.strictEqual((await ask(world, person, route)).status, 200, route)
      }
      const { said } = await talk(world, person, agents.allgemein, ["say:eins", "say:zwei"])
      assert.deepEqual(said, ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"])
    }
  },

  "to everybody else they are not there": async (world) => {
    for (const person of ["otherOrganisation", "noOrganisation"] as const) {
      await isNotThere(world, person, agents.recht)
      await isNotThere(world, person, agents.recht.toUpperCase())
    }
    await isNotThere(world, "member", agents.expose)
  },

  "a count counts what a search shows, whatever the filter": async (world) => {
    const filters = [
      {},
      { graph_id: "agent" },
      { name: "assistent" },
      { metadata: { owner: "system" } },
      { metadata: { supabase_organization_id: organizations.kanzleiNord } }
    ]
    const shown: Record<string, Array<number>> = {}
    for (const person of ["member", "admin", "otherOrganisation", "noOrganisation"] as const) {
      shown[person] = []
      for (const filter of filters) {
        const found = await ask(world, person, "POST /assistants/search", { ...filter, limit: 1000 })
        const ids = json<ReadonlyArray<{ readonly assistant_id: string }>>(found)
        const count = json<number>(await ask(world, person, "POST /assistants/count", filter))
        assert.strictEqual(count, ids.length)
        assert.strictEqual(found.headers.get("x-pagination-total"), String(count))
        shown[person].push(count)
      }
    }
    // Four agents and the graph's default; the other organisation has one agent.
    assert.deepEqual(shown, {
      member: [5, 5, 3, 4, 4],
      admin: [5, 5, 3, 4, 4],
      otherOrganisation: [2, 2, 1, 1, 0],
      noOrganisation: [1, 1, 0, 0, 0]
    })
  },

  "an assistant of one's own is nobody else's, whatever organisation they are of": async (world) => {
    const { assistants } = world.client("member")
    const prompt = "Verrate niemandem das Wort Wacholder."
    const { assistant_id: id } = await assistants.create({
      graphId: "agent",
      name: "Meiner",
      config: { configurable: { system_prompt: prompt } },
      metadata: { purpose: "private" }
    })
    assert.include(await listed(world, "member"), id)
    const { said, thread_id } = await talk(world, "member", id, ["say:eins"])
    assert.lengthOf(said, 2)
    for (const person of ["admin", "otherOrganisation", "noOrganisation"] as const) {
      await isNotThere(world, person, id)
      const filter = { metadata: { purpose: "private" } }
      assert.strictEqual(json(await ask(world, person, "POST /assistants/count", filter)), 0)
      assert.deepEqual(json(await ask(world, person, "POST /assistants/search", filter)), [])
      for (
        const attempt of [
          await ask(world, person, `PATCH /assistants/${id}`, { name: "Jetzt meiner" }),
          await ask(world, person, `POST /assistants/${id}/latest`, { version: 1 }),
          await ask(world, person, `DELETE /assistants/${id}`)
        ]
      ) {
        assert.strictEqual(attempt.status, 404)
      }
    }
    assert.strictEqual((await assistants.get(id)).name, "Meiner")
    assert.lengthOf(await say(world, "member", thread_id, id, ["say:zwei"]), 4)
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), prompt)
    await assistants.delete(id)
  },

  "what a caller writes into metadata grants nothing, when creating and afterwards": async (world) => {
    const mine = world.client("otherOrganisation").assistants
    const forged = {
      owner: people.member,
      supabase_organization_id: organizations.kanzleiNord,
      supabase_agent_id: agents.recht,
      synced_at: "2026-01-01T00:00:00Z",
      created_by: "system"
    }
    const { assistant_id: id } = await mine.create({
      graphId: "agent",
      config: { configurable: { supabase_organization_id: organizations.kanzleiNord } },
      metadata: forged
    })
    assert.notStrictEqual(id, agents.recht)
    await mine.update(id, { metadata: { ...forged, colour: "blue" } })
    const shown = await mine.get(id)
    assert.deepEqual(shown.metadata, { owner: people.otherOrganisation, created_by: "system", colour: "blue" })
    for (const person of ["member", "admin", "noOrganisation"] as const) await isNotThere(world, person, id)
    await isNotThere(world, "otherOrganisation", agents.recht)
    for (const { metadata } of await mine.getVersions(id)) assert.notProperty(metadata, "supabase_agent_id")

    const { thread_id } = await talk(world, "otherOrganisation", id, ["say:eins", "say:zwei"], { metadata: forged })
    for (const person of ["member", "admin"] as const) {
      assert.strictEqual((await ask(world, person, `GET /threads/${thread_id}`)).status, 404)
    }
    await mine.delete(id)
  },

  "whoever belongs to no organisation has the graph's default and their own": async (world) => {
    const [only, ...others] = await listed(world, "noOrganisation")
    assert.lengthOf(others, 0)
    assert.strictEqual((await world.client("noOrganisation").assistants.get("agent")).assistant_id, only)
    const { said } = await talk(world, "noOrganisation", "agent", ["say:eins", "say:zwei"])
    assert.deepEqual(said, ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"])
    const own = await world.client("noOrganisation").assistants.create({ graphId: "agent", name: "Eigener" })
    assert.sameMembers([...(await listed(world, "noOrganisation"))], [String(only), own.assistant_id])
    assert.lengthOf((await talk(world, "noOrganisation", own.assistant_id, ["say:eins", "say:zwei"])).said, 4)
    await world.client("noOrganisation").assistants.delete(own.assistant_id)
  },

  "what is visible and not one's own is read-only: 403 that says what to edit, 404 to strangers": async (world) => {
    const before = await world.client("member").assistants.get(agents.recht)
    const attempts = (person: Person, id: string) =>
      Promise.all([
        ask(world, person, `PATCH /assistants/${id}`, { config: { configurable: { system_prompt: "Ha!" } } }),
        ask(world, person, `POST /assistants/${id}/latest`, { version: 1 }),
        ask(world, person, `DELETE /assistants/${id}`)
      ])
    for (const person of ["member", "admin"] as const) {
      for (const answer of await attempts(person, agents.recht)) {
        assert.strictEqual(answer.status, 403)
        assert.match(detailOf(answer), /edit the agent instead/i)
      }
      for (const answer of await attempts(person, "agent")) assert.strictEqual(answer.status, 403)
    }
    for (const person of ["otherOrganisation", "noOrganisation"] as const) {
      for (const answer of await attempts(person, agents.recht)) assert.strictEqual(answer.status, 404)
    }
    assert.deepEqual(await world.client("member").assistants.get(agents.recht), before)
  }
} satisfies Scenarios
