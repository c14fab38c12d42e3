import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent, summaryOf, syncedIn, writtenBack } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"
import { startThroughline } from "../support/Throughline.ts"

const all = Object.values(agents)
const noSuchAssistant = "c0000000-0000-4000-a000-000000000001"

/** Field failures 7, 26, 27, 29, 35. The first three want a world that nothing has happened in yet. */
export const syncedAgents = {
  "the start syncs every agent under its own id, writes that back and says so": async (world) => {
    assert.strictEqual(summaryOf(world), "total=5 created=5 updated=0 skipped=0 failed=0 retired=0")
    assert.deepEqual((await syncedIn(world.database)).map(({ id }) => id), all)
    assert.deepEqual(await writtenBack(world.database), Object.fromEntries(all.map((id) => [id, id])))

    const { assistants } = world.client("member")
    const recht = await assistants.get(agents.recht)
    assert.deepEqual(recht.config.configurable, {
      supabase_organization_id: organizations.kanzleiNord,
      model_name: "openai:gpt-4o-mini",
      system_prompt: "Du bist ein Rechts-Assistent. Du antwortest auf Deutsch und nennst die Paragraphen.",
      temperature: 0.3,
      max_tokens: 2000,
      mcp_config: { servers: [{ name: "legal-mcp", url: world.legal.url, auth_required: false }] }
    })
    assert.strictEqual(recht.name, "⚖️ Rechts-Assistent")
    assert.strictEqual(recht.version, 1)
    const { synced_at: syncedAt, ...metadata } = recht.metadata ?? {}
    assert.deepEqual(metadata, {
      owner: "system",
      supabase_agent_id: agents.recht,
      supabase_organization_id: organizations.kanzleiNord
    })
    assert.isBelow(Math.abs(Date.now() - Date.parse(String(syncedAt))), 60_000)
  },

  "an agent without an engine runs on gpt-4o, and that is said": async (world) => {
    const { assistants } = world.client("member")
    const warned = world.logs.filter((line) => line.includes("Agent synced with a warning: Allgemeiner Assistent"))
    assert.lengthOf(warned, 1)
    assert.match(warned[0] ?? "", /it has no engine; it runs on openai:gpt-4o/)
    assert.deepEqual((await assistants.get(agents.allgemein)).metadata?.["warnings"], [
      "it has no engine; it runs on openai:gpt-4o"
    ])
    await talk(world, "member", agents.allgemein, ["say:eins", "say:zwei"])
    assert.strictEqual(world.model.requests.at(-1)?.body["model"], "gpt-4o")

    // An engine that leads to no model is another thing than none.
    const broken = `(select id from public.global_ai_engines where name = 'Groß')`
    await world.database.query(`update public.global_ai_engines set language_model_id = null where id = ${broken}`)
    assert.deepEqual((await assistants.get(agents.wartung)).metadata?.["warnings"], [
      "its engine names no model; it runs on openai:gpt-4o"
    ])
  },

  "a restart changes nothing, and repairs what was written back wrong": async (world) => {
    await world.client("member").assistants.get(agents.wartung)
    const before = await world.database.query("select * from langgraph_server.assistants order by id")
    await editAgent(world, agents.recht, "langgraph_assistant_id = $2", noSuchAssistant)
    await editAgent(world, agents.expose, "langgraph_assistant_id = null")
    const again = await startThroughline({ beside: world.around })
    try {
      assert.strictEqual(summaryOf(again), "total=5 created=0 updated=0 skipped=5 failed=0 retired=0")
      assert.deepEqual(await writtenBack(world.database), Object.fromEntries(all.map((id) => [id, id])))
      const after = await world.database.query("select * from langgraph_server.assistants order by id")
      assert.deepEqual(after.rows, before.rows, "no version, no time stamp, nothing")
    } finally {
      await again.stop()
    }
  },

  "a wrong id is repaired by whoever looks the assistant up": async (world) => {
    const before = await world.client("member").assistants.get(agents.recht)
    // No sync is done meanwhile, which would repair it as well.
    const sync = "hashtextextended('langgraph_server.agent_sync', 0)"
    await world.database.query(`select pg_advisory_lock(${sync})`)
    await editAgent(world, agents.recht, "langgraph_assistant_id = $2", noSuchAssistant)
    assert.strictEqual((await ask(world, "otherOrganisation", `GET /assistants/${agents.recht}`)).status, 404)
    assert.strictEqual((await writtenBack(world.database))[agents.recht], noSuchAssistant, "not by a stranger")
    await world.database.query(`select pg_advisory_unlock(${sync})`)
    assert.deepEqual(await world.client("member").assistants.get(agents.recht), before)
    assert.strictEqual((await writtenBack(world.database))[agents.recht], agents.recht)
  },

  "two agents that are alike are two assistants": async (world) => {
    const twin = await copyOfRecht(world)
    const { assistants } = world.client("member")
    const [recht, copy] = [await assistants.get(agents.recht), await assistants.get(twin)]
    assert.deepEqual(copy.config, recht.config)
    assert.strictEqual(copy.name, recht.name)
    assert.notStrictEqual(copy.assistant_id, recht.assistant_id)
    await editAgent(world, twin, "system_prompt = 'Du bist der Zwilling.'")
    await talk(world, "member", twin, ["say:eins", "say:zwei"])
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du bist der Zwilling.")
    await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du bist ein Rechts-Assistent.")
  },

  "a prompt of 100 kB is a prompt like any other": async (world) => {
    const prompt = "Paragraph für Paragraph. ".repeat(4_200)
    assert.isAbove(Buffer.byteLength(prompt), 100_000)
    await editAgent(world, agents.dokumente, "system_prompt = $2", prompt)
    const assistant = await world.client("member").assistants.get(agents.dokumente)
    assert.strictEqual(assistant.config.configurable?.["system_prompt"], prompt)
    assert.lengthOf((await talk(world, "member", agents.dokumente, ["say:eins", "say:zwei"])).said, 4)
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), prompt)
  },

  "many who look an agent up at once sync it once": async (world) => {
    const id = await copyOfRecht(world)
    const { thread_id } = await world.client("admin").threads.create()
    const answers = await Promise.all([
      ...Array.from({ length: 10 }, () => ask(world, "member", `GET /assistants/${id}`)),
      say(world, "admin", thread_id, id, ["say:eins", "say:zwei"]).then(() => ({ status: 200 }))
    ])
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    const synced = (await syncedIn(world.database)).find((assistant) => assistant.id === id)
    assert.strictEqual(synced?.version, 1)
  }
} satisfies Scenarios
