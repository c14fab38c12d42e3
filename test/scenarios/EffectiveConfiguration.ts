import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { editAgent } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import { configOf } from "../support/RunConfig.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"

/** What the model was asked last, and the words that the assistant gave it. */
const lastAsked = ({ model }: Throughline) => {
  const body = model.requests.at(-1)?.body ?? {}
  const [system] = Array.isArray(body["messages"]) ? body["messages"] : []
  return { body, prompt: JSON.stringify(system) }
}

const recht = "Du bist ein Rechts-Assistent."
const dokumente = "Du bist ein Dokumenten-Assistent."

/** Field failures 5, 6, 8. */
export const effectiveConfiguration = {
  "one key of a run leaves the assistant's others as they are": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins"], {
      config: { configurable: { temperature: 0.9 } }
    })
    for (const temperature of [0.9, 0.3]) {
      const asked = lastAsked(world)
      assert.strictEqual(asked.body["temperature"], temperature)
      assert.strictEqual(asked.body["model"], "gpt-4o-mini")
      assert.include(asked.prompt, recht)
      assert.include(JSON.stringify(asked.body["tools"]), "search_laws")
      const { configurable, origins } = await configOf(world, "member", thread_id)
      assert.strictEqual(configurable["temperature"], temperature)
      assert.strictEqual(origins["temperature"], temperature === 0.9 ? "request" : "assistant")
      assert.strictEqual(origins["system_prompt"], "assistant")
      // The second message says nothing of temperatures, and nothing of the first one's has stuck.
      await say(world, "member", thread_id, agents.recht, ["say:zwei"])
    }
  },

  "an edited row reaches the next message of a thread, and another assistant is another one": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins"])
    assert.include(lastAsked(world).prompt, recht)
    await editAgent(world, agents.recht, "system_prompt = 'Du bist jetzt Notar.', engine_id = null")
    await say(world, "member", thread_id, agents.recht, ["say:zwei"])
    assert.include(lastAsked(world).prompt, "Du bist jetzt Notar.")
    assert.strictEqual(lastAsked(world).body["model"], "gpt-4o")

    await say(world, "member", thread_id, agents.dokumente, ["say:drei"])
    const asked = lastAsked(world)
    assert.include(asked.prompt, dokumente)
    assert.strictEqual(asked.body["temperature"], 0.7, "nothing of the other's")
    assert.notInclude(JSON.stringify(asked.body["tools"] ?? []), "search_laws")

    await editAgent(
      world,
      agents.recht,
      `system_prompt = 'Du bist ein Rechts-Assistent.',
       engine_id = (select id from public.global_ai_engines where name = 'Standard')`
    )
    assert.lengthOf(await say(world, "member", thread_id, agents.recht, ["say:vier"]), 8)
    assert.include(lastAsked(world).prompt, recht)
    const versions = []
    for (const { run_id } of await world.client("member").runs.list(thread_id)) {
      versions.push((await configOf(world, "member", thread_id, run_id)).assistant_version)
    }
    const [last = 0, , edited = 0, first = 0] = versions
    assert.deepEqual([edited - first, last - edited], [1, 1], "each run says which version it was")
  },

  "an assistant that is renamed keeps its configuration; what stays the same is no version": async (world) => {
    const { assistants } = world.client("member")
    const config = { configurable: { system_prompt: "Du reimst.", temperature: 0.2 }, tags: ["a"], recursion_limit: 9 }
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      name: "Dichter",
      description: "reimt",
      config,
      context: { tone: "light" },
      metadata: { shelf: 3 }
    })
    const renamed = await assistants.update(assistant_id, { name: "Lyriker" })
    assert.deepEqual(renamed.config, config)
    assert.deepEqual(renamed.context, { tone: "light" })
    assert.strictEqual(renamed.description, "reimt")
    assert.deepEqual(renamed.metadata, { shelf: 3, owner: people.member })
    assert.strictEqual(renamed.version, 2)
    assert.strictEqual((await assistants.update(assistant_id, { name: "Lyriker" })).version, 2)
    assert.strictEqual((await assistants.update(assistant_id, {})).version, 2)

    const replaced = await assistants.update(assistant_id, {
      config: { configurable: { system_prompt: "Du dichtest." } }
    })
    assert.deepEqual(replaced.config, { configurable: { system_prompt: "Du dichtest." } })
    const { thread_id } = await talk(world, "member", assistant_id, ["say:eins"])
    assert.include(lastAsked(world).prompt, "Du dichtest.")
    await assistants.setLatest(assistant_id, 1)
    assert.lengthOf(await say(world, "member", thread_id, assistant_id, ["say:zwei"]), 4)
    assert.include(lastAsked(world).prompt, "Du reimst.")
    assert.strictEqual(lastAsked(world).body["temperature"], 0.2)
    assert.strictEqual((await ask(world, "otherOrganisation", `GET /assistants/${assistant_id}`)).status, 404)
    await assistants.delete(assistant_id)
  },

  "each key says where it came from, and there is none that does not": async (world) => {
    const { thread_id } = await world.client("member").threads.create()
    for (const text of ["say:eins", "say:zwei"]) {
      await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, {
        assistant_id: agents.recht,
        input: { messages: [{ role: "user", content: text }] },
        config: { configurable: { seed: 7, tone: "body" } }
      }, { "x-tone": "header", "x-colour": "blue" })
      const config = await configOf(world, "member", thread_id)
      assert.deepEqual(Object.keys(config.origins).toSorted(), [...config.keys])
      assert.deepEqual(Object.keys(config.configurable).toSorted(), [...config.keys])
      assert.deepEqual(config.origins, {
        model_name: "assistant",
        system_prompt: "assistant",
        temperature: "assistant",
        max_tokens: "assistant",
        mcp_config: "assistant",
        seed: "request",
        tone: "request",
        "x-tone": "header",
        "x-colour": "header",
        supabase_organization_id: "server",
        run_id: "server",
        thread_id: "server",
        assistant_id: "server",
        graph_id: "server",
        user_id: "server",
        owner: "server",
        langgraph_auth_user: "server",
        langgraph_auth_user_id: "server"
      })
      assert.strictEqual(config.configurable["supabase_organization_id"], organizations.kanzleiNord)
    }
    const { thread_id: plain } = await talk(world, "otherOrganisation", "agent", ["say:eins", "say:zwei"])
    const { configurable, origins } = await configOf(world, "otherOrganisation", plain)
    assert.strictEqual(origins["model_name"], "default")
    assert.strictEqual(configurable["model_name"], "openai:gpt-4o")
    assert.notProperty(configurable, "supabase_organization_id")
  },

  "recursion limit, tags, metadata and context merge too": async (world) => {
    const { assistants } = world.client("member")
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      config: { recursion_limit: 11, tags: ["assistant"] },
      context: { locale: "de", tone: "formal" }
    })
    const { thread_id } = await talk(world, "member", assistant_id, ["say:eins"], {
      config: { recursion_limit: 12, tags: ["run"] },
      context: { tone: "light" },
      metadata: { purpose: "test" }
    })
    const first = await configOf(world, "member", thread_id)
    assert.strictEqual(first.recursion_limit, 12)
    assert.deepEqual(first.tags, ["run"])
    assert.deepEqual(first.context, { locale: "de", tone: "light" })
    assert.strictEqual(first.metadata["purpose"], "test")
    await say(world, "member", thread_id, assistant_id, ["say:zwei"])
    const second = await configOf(world, "member", thread_id)
    assert.strictEqual(second.recursion_limit, 11)
    assert.deepEqual(second.tags, ["assistant"])
    assert.deepEqual(second.context, { locale: "de", tone: "formal" })
    assert.notProperty(second.metadata, "purpose")

    // A limit that is obeyed: two rounds of model and tool are more than two supersteps.
    const run = world.client("member").runs.wait(null, agents.recht, {
      input: { messages: [{ role: "user", content: "tool:search_laws:{\"query\":\"x\"}" }] },
      config: { recursion_limit: 2 }
    })
    assert.match(String(await run.catch((error: unknown) => error)), /GraphRecursionError/)
    await assistants.delete(assistant_id)
  }
} satisfies Scenarios
