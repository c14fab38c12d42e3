import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { type Explained, explanationOf, keyOf } from "../support/Explain.ts"
import { configOf, type RunConfig } from "../support/RunConfig.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { snapshot } from "../support/Snapshot.ts"
import { isNotThere } from "./VisibleAssistants.ts"

/** Each run has its own. */
const ofTheRun = ["run_id", "thread_id"]

/** Key by key: what was explained, and what a run then said of itself. */
const isWhat = (explained: Explained, run: RunConfig & { readonly tools?: unknown }) => {
  assert.deepEqual(explained.keys.map(({ key }) => key), [...run.keys])
  for (const { key, origin, value } of explained.keys) {
    assert.strictEqual(origin, run.origins[key], key)
    if (ofTheRun.includes(key)) assert.isNull(value)
    else assert.deepEqual(value, Object(run.configurable)[key], key)
  }
  const refused = [
    ...explained.keys.flatMap(({ given, key }) => given.map((one) => ({ key, ...one }))),
    ...explained.dropped
  ].flatMap(({ dropped: reason, from, key }) =>
    reason === null || reason.startsWith("overridden by") ? [] : [{ key, from, reason }]
  )
  assert.sameDeepMembers(refused, [...run.dropped])
  assert.deepEqual(explained.metadata, run.metadata)
  assert.deepEqual(explained.context, run.context)
  assert.deepEqual([...explained.tags], [...run.tags])
  assert.strictEqual(explained.recursion_limit, run.recursion_limit)
  assert.strictEqual(explained.assistant_version, run.assistant_version)
  const asked = Object(run.tools).servers ?? []
  assert.deepEqual(
    explained.servers.map(({ error, name, tools, url }) => ({ name, url, tools, error })),
    asked.map(({ error, name, tools, url }: Explained["servers"][number]) => ({ name, url, tools, error }))
  )
}

const wishes = {
  config: {
    configurable: {
      temperature: 0.1,
      tone: "light",
      mcp_config: { servers: [] },
      base_url: "https://a.example",
      owner: "me"
    },
    tags: ["a"],
    recursion_limit: 30
  },
  context: { topic: "Miete" },
  metadata: { note: "x" }
}

export const explanations = {
  "what is explained is what the next run gets, key by key, and the one after an edit": async (world) => {
    const agent = await copyOfRecht(world)
    const headers = { "x-tone": "formal" }
    const { thread_id } = await world.client("member").threads.create()
    for (const [prompt, body] of [["Du bist Notar.", wishes], ["Du bist Richter.", {}]] as const) {
      await editAgent(world, agent, "system_prompt = $2", prompt)
      const explained = await explanationOf(world, "member", agent, body, headers)
      assert.deepInclude(keyOf(explained, "system_prompt"), { value: prompt, origin: "assistant" })
      for (const text of ["say:eins", "say:zwei"]) {
        const run = { assistant_id: agent, input: question(text), ...body }
        const path = `POST /threads/${thread_id}/runs/wait`
        assert.strictEqual((await ask(world, "member", path, run, headers)).status, 200)
        isWhat(explained, await configOf(world, "member", thread_id))
      }
    }
  },

  "a key that is overridden names every layer, one that is refused its reason": async (world) => {
    const explained = await explanationOf(world, "member", agents.recht, wishes)
    assert.deepEqual(keyOf(explained, "temperature")?.given, [
      { from: "default", value: 0.7, dropped: "overridden by the request" },
      { from: "assistant", value: 0.3, dropped: "overridden by the request" },
      { from: "request", value: 0.1, dropped: null }
    ])
    const servers = keyOf(explained, "mcp_config")
    assert.strictEqual(servers?.origin, "assistant")
    const [refused] = (servers?.given ?? []).filter(({ from }) => from === "request")
    assert.deepEqual(refused?.value, { servers: [] })
    assert.include(refused?.dropped, "edit the agent")
    assert.deepEqual(explained.dropped.map(({ from, key }) => ({ from, key })), [{ from: "request", key: "base_url" }])
    assert.include((keyOf(explained, "owner")?.given ?? []).map(({ dropped }) => dropped), "set by the server only")
  },

  "each caller sees it through their own membership, and strangers see nothing": async (world) => {
    const membership = { _tag: "Membership", organization_id: organizations.kanzleiNord } as const
    for (const [person, role] of [["member", "member"], ["admin", "admin"]] as const) {
      const { visible } = await explanationOf(world, person, agents.recht)
      assert.deepEqual(visible, { ...membership, role })
    }
    const { visible } = await explanationOf(world, "otherOrganisation", agents.expose)
    assert.deepInclude(visible, { organization_id: organizations.immobilienSued })
    for (const [person, agent] of [["otherOrganisation", agents.recht], ["member", agents.expose]] as const) {
      await isNotThere(world, person, agent)
      const there = await ask(world, person, `POST /assistants/${agent}/explain`, {})
      const nowhere = await ask(world, person, "POST /assistants/99999999-0000-4000-a000-000000000000/explain", {})
      assert.strictEqual(there.status, 404)
      assert.strictEqual(there.text, nowhere.text.replace("99999999-0000-4000-a000-000000000000", agent))
    }
  },

  "a graph's default is everybody's": async (world) => {
    for (const person of ["member", "noOrganisation"] as const) {
      const { model, name, servers, visible, ...rest } = await explanationOf(world, person, "agent")
      assert.deepEqual(visible, { _tag: "Graph" })
      assert.deepEqual(model, { name: "openai:gpt-4o", provider: "openai", key: "server", problem: null })
      assert.deepEqual([name, [...servers], [...rest.warnings]], ["agent", [], []])
    }
  },

  "nothing comes of it: no thread, no run, no version": async (world) => {
    await explanationOf(world, "member", agents.recht)
    const before = await snapshot(world.database)
    const asked = world.model.requests.length
    await explanationOf(world, "member", agents.recht, wishes)
    await explanationOf(world, "member", "agent")
    assert.deepEqual(await snapshot(world.database), before)
    assert.lengthOf(world.model.requests, asked, "the model is not asked")
  },

  "a bad body is refused as a run's is, and no body will do": async (world) => {
    const path = `POST /assistants/${agents.recht}/explain`
    for (
      const body of [{ config: "x" }, { config: { recursion_limit: 0 } }, { metadata: [] }, { stream_mode: "x" }, 7]
    ) {
      assert.strictEqual((await ask(world, "member", path, body)).status, 422, JSON.stringify(body))
    }
    const malformed = await world.fetch("member", path.slice(5), { method: "POST", body: "{" })
    assert.strictEqual(malformed.status, 400)
    for (const body of [undefined, {}, { assistant_id: "x", input: question("say:x"), if_not_exists: "create" }]) {
      assert.strictEqual((await ask(world, "member", path, body)).status, 200)
    }
  },

  "what had to be made do with is said": async (world) => {
    const agent = await copyOfRecht(world)
    await editAgent(world, agent, "engine_id = null")
    const { model, warnings } = await explanationOf(world, "member", agent)
    assert.deepEqual([...warnings], ["it has no engine; it runs on openai:gpt-4o"])
    assert.strictEqual(model?.name, "openai:gpt-4o")
  }
} satisfies Scenarios
