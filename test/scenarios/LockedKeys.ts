import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { lockedKeys, pinnedKeys } from "../../src/domain/EffectiveConfig.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { configOf } from "../support/RunConfig.ts"
import type { Scenario, Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"

const wished = Object.fromEntries([...lockedKeys].map((key) => [key, `mine-${key}`]))
const forged = {
  ...Object.fromEntries([...pinnedKeys].map((key) => [key, "forged"])),
  supabase_organization_id: organizations.immobilienSued
}

/** What a run may set for itself, and what it may not. */
export const lockedAndPinned = {
  "locked keys of a synced agent are left as they are, and named with the reason": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins", "say:zwei"], {
      config: { configurable: { ...wished, temperature: 0.1 } }
    })
    const { configurable, dropped } = await configOf(world, "member", thread_id)
    assert.sameMembers(dropped.map(({ key }) => key), [...lockedKeys])
    for (const { from, reason } of dropped) {
      assert.strictEqual(from, "request")
      assert.include(reason, "edit the agent")
    }
    assert.notInclude(JSON.stringify(configurable), "mine-")
    assert.strictEqual(configurable["temperature"], 0.1, "what is not locked is taken")
    assert.deepEqual(configurable["mcp_config"], {
      servers: [{ name: "legal-mcp", url: world.legal.url, auth_required: false }]
    })
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body["tools"]), "search_laws")
  },

  "on an assistant of one's own nothing is locked": async (world) => {
    const { assistants } = world.client("member")
    const { assistant_id } = await assistants.create({ graphId: "agent" })
    const { thread_id } = await talk(world, "member", assistant_id, ["say:eins", "say:zwei"], {
      config: { configurable: { custom_api_key: "sk-of-the-member", agent_tools: ["a"], rag: { index: 1 } } }
    })
    const { configurable, dropped } = await configOf(world, "member", thread_id)
    assert.deepEqual([...dropped], [])
    assert.deepEqual(configurable["agent_tools"], ["a"])
    assert.strictEqual(configurable["custom_api_key"], "***")
    assert.strictEqual(world.model.requests.at(-1)?.headers.authorization, "Bearer sk-of-the-member")
    await assistants.delete(assistant_id)
  },

  "what the server sets can't be forged: not by a run, an assistant, a header or a thread": async (world) => {
    const { assistants, threads } = world.client("member")
    const { assistant_id } = await assistants.create({ graphId: "agent", config: { configurable: forged } })
    const headers = Object.fromEntries([...pinnedKeys].map((key) => [`x-${key}`, "forged"]))
    for (const assistant of [assistant_id, agents.recht]) {
      const { thread_id } = await threads.create({ metadata: forged })
      for (const text of ["say:eins", "say:zwei"]) {
        const run = {
          assistant_id: assistant,
          input: question(text),
          metadata: forged,
          config: { configurable: forged }
        }
        const answer = await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, run, headers)
        assert.strictEqual(answer.status, 200)
        const { configurable, dropped, origins, run_id } = await configOf(world, "member", thread_id)
        const { langgraph_auth_user: user, ...ids } = configurable
        assert.deepInclude(ids, {
          run_id,
          thread_id,
          assistant_id: assistant,
          graph_id: "agent",
          user_id: people.member,
          owner: people.member,
          langgraph_auth_user_id: people.member
        })
        assert.propertyVal(user, "identity", people.member)
        for (const key of pinnedKeys) assert.strictEqual(origins[key], "server")
        assert.includeMembers(dropped.map(({ key }) => key), [...pinnedKeys])
        if (assistant === agents.recht) {
          assert.strictEqual(configurable["supabase_organization_id"], organizations.kanzleiNord)
          assert.include(dropped.map(({ key }) => key), "supabase_organization_id")
        }
      }
      // What LangGraph keeps beside each checkpoint is not forged either.
      for (const { metadata } of await threads.getHistory(thread_id)) {
        for (const key of ["run_id", "thread_id", "assistant_id", "graph_id"]) {
          assert.notPropertyVal(metadata, key, "forged")
        }
      }
    }
    await assistants.delete(assistant_id)
  },

  "a run is at no checkpoint by way of its configuration": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])
    const earlier = (await world.client("member").threads.getHistory(thread_id)).at(-1)?.checkpoint.checkpoint_id
    const said = await say(world, "member", thread_id, agents.recht, ["say:drei"], {
      config: { configurable: { checkpoint_id: earlier, checkpoint_ns: "x", __pregel_resuming: true } }
    })
    assert.lengthOf(said, 6)
    const { dropped } = await configOf(world, "member", thread_id)
    assert.sameMembers(dropped.map(({ key }) => key), ["checkpoint_id", "checkpoint_ns", "__pregel_resuming"])
  },

  "a header configures a run unless it routes or carries a credential": async (world) => {
    const { thread_id } = await world.client("member").threads.create()
    const refused = [
      "api-key",
      "tenant-id",
      "service-key",
      "supabase-access-token",
      "forwarded-for",
      "forwarded-host",
      "auth-token",
      "session-id",
      "client-secret",
      "amz-security-token"
    ]
    const headers = Object.fromEntries(refused.map((name) => [`x-${name}`, `value-of-${name}`]))
    for (const text of ["say:eins", "say:zwei"]) {
      const run = { assistant_id: agents.recht, input: question(text) }
      const path = `POST /threads/${thread_id}/runs/wait`
      assert.strictEqual((await ask(world, "member", path, run, { ...headers, "X-Tone": "formal" })).status, 200)
      const { configurable, keys, origins } = await configOf(world, "member", thread_id)
      assert.deepEqual(keys.filter((key) => key.startsWith("x-")), ["x-tone"])
      assert.strictEqual(configurable["x-tone"], "formal")
      assert.strictEqual(origins["x-tone"], "header")
      assert.notInclude(JSON.stringify(configurable), "value-of-")
    }
  }
} satisfies Scenarios

/** What RUN_OVERRIDES leaves of a run's wishes on a synced agent; on one's own assistant it says nothing. */
export const overridden = (left: ReadonlyArray<string>, reason: RegExp): Scenario => async (world) => {
  const wishes = { temperature: 0.1, seed: 1, system_prompt: "Ha!", tone: "light" }
  const { thread_id } = await talk(world, "member", agents.recht, ["say:eins", "say:zwei"], {
    config: { configurable: wishes }
  })
  const { configurable, dropped, origins } = await configOf(world, "member", thread_id)
  const taken = Object.keys(wishes).filter((key) => origins[key] === "request")
  assert.sameMembers(taken, [...left])
  assert.sameMembers(dropped.map(({ key }) => key), Object.keys(wishes).filter((key) => !left.includes(key)))
  for (const entry of dropped) assert.match(entry.reason, reason)
  assert.strictEqual(configurable["temperature"], left.includes("temperature") ? 0.1 : 0.3)
  assert.strictEqual(world.model.requests.at(-1)?.body["temperature"], configurable["temperature"])
  assert.notInclude(JSON.stringify(world.model.requests.at(-1)?.body), "Ha!")

  const own = await world.client("member").assistants.create({ graphId: "agent" })
  const { thread_id: free } = await talk(world, "member", own.assistant_id, ["say:eins", "say:zwei"], {
    config: { configurable: wishes }
  })
  assert.deepEqual([...(await configOf(world, "member", free)).dropped], [])
}
