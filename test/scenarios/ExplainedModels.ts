import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import { explanationOf, keyOf } from "../support/Explain.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { startThroughline, type Throughline } from "../support/Throughline.ts"

/** An assistant of the member's own. */
const own = async (world: Throughline, configurable: object): Promise<string> => {
  const { assistant_id } = await world.client("member").assistants.create({
    graphId: "agent",
    config: { configurable: { ...configurable } }
  })
  return assistant_id
}

const sent = (configurable: object) => ({ config: { configurable } })

export const explainedModels = {
  "a provider whose key is not configured is said to lack it, and why one that was sent is not taken": async (
    world
  ) => {
    const agent = await copyOfRecht(world)
    await world.database.query(
      `with model as (
         insert into public.ai_models (name, runtime_model_name) values ('claude', 'anthropic:claude-sonnet-4-5')
         returning id
       ), engine as (
         insert into public.global_ai_engines (name, language_model_id) select 'Claude', id from model returning id
       )
       update public.agents set engine_id = (select id from engine) where id = $1`,
      [agent]
    )
    const { model } = await explanationOf(world, "member", agent)
    assert.deepInclude(model, { provider: "anthropic", key: "absent" })
    assert.include(model?.problem, "ANTHROPIC_API_KEY is not set on the server")
    const locked = await explanationOf(world, "member", agent, sent({ custom_api_key: "sk-of-the-member" }))
    assert.strictEqual(locked.model?.key, "absent")
    assert.include(locked.model?.problem, "custom_api_key of the request is not taken: locked on a synced agent")
    assert.notInclude(JSON.stringify(locked), "sk-of-the-member")
    assert.deepEqual(locked.dropped.map(({ key, value }) => ({ key, value })), [{
      key: "custom_api_key",
      value: "***"
    }])
  },

  "a key is the server's, the assistant's or the run's": async (world) => {
    assert.strictEqual((await explanationOf(world, "member", agents.recht)).model?.key, "server")
    const assistant = await own(world, { custom_api_key: "sk-of-the-assistant" })
    const kept = await explanationOf(world, "member", assistant)
    assert.deepEqual(kept.model, { name: "openai:gpt-4o", provider: "openai", key: "assistant", problem: null })
    assert.deepEqual(kept.visible, { _tag: "Owner" })
    assert.deepInclude(keyOf(kept, "custom_api_key"), { value: "***", origin: "assistant" })
    const apiKeys = { ANTHROPIC_API_KEY: "sk-of-the-run" }
    const with_it = sent({ model_name: "anthropic:claude-sonnet-4-5", custom_api_key: null, apiKeys })
    const brought = await explanationOf(world, "member", assistant, with_it)
    assert.deepInclude(brought.model, { provider: "anthropic", key: "run", problem: null })
    assert.deepEqual(keyOf(brought, "apiKeys")?.value, { ANTHROPIC_API_KEY: "***" })
    assert.isNull(keyOf(brought, "custom_api_key")?.value, "absent is told as absent")
    for (const person of ["admin", "otherOrganisation"] as const) {
      assert.strictEqual((await ask(world, person, `POST /assistants/${assistant}/explain`)).status, 404)
    }
  },

  "what a run could not begin with is said in words": async (world) => {
    const assistant = await own(world, {})
    const problemOf = async (configurable: object) =>
      (await explanationOf(world, "member", assistant, sent(configurable))).model?.problem
    assert.include(await problemOf({ model_name: "llama" }), "does not say its provider")
    assert.include(await problemOf({ temperature: "hot" }), "configurable.temperature")
    assert.include(await problemOf({ base_url: "https://models.example.com" }), "needs a key of its own")
    const keyed = { custom_api_key: "sk-mine", model_name: "openai:x" }
    for (const host of ["127.0.0.1:9", "localhost:9", "169.254.169.254"]) {
      assert.include(await problemOf({ ...keyed, base_url: `http://${host}/v1` }), "OUTBOUND_ALLOW", host)
    }
    assert.include(await problemOf({ ...keyed, base_url: "file:///etc" }), "not a scheme of the web")
    assert.isNull(await problemOf({ ...keyed, base_url: "https://192.0.2.1.nip.example.com/v1" }))
  },

  "a secret that was locked with another key is named": async (world) => {
    const assistant = await own(world, { custom_api_key: "sk-sealed" })
    const other = await startThroughline({
      beside: world.around,
      env: { SECRETS_KEY: "another-key-another-key-another-k" }
    })
    try {
      const { keys, model, warnings } = await explanationOf(other, "member", assistant)
      assert.match(warnings.join(), /custom_api_key can't be opened/)
      assert.strictEqual(model?.key, "server")
      assert.isNull(keys.find(({ key }) => key === "custom_api_key")?.value)
    } finally {
      await other.stop()
    }
  },

  "no secret is in any explanation, wherever it was put": async (world) => {
    const secret = "sk-canary-7f3a"
    const servers = [{
      name: "a",
      url: `https://u:${secret}@192.0.2.1/mcp?key=${secret}`,
      headers: { "x-team": secret }
    }]
    const configurable = {
      custom_api_key: secret,
      apiKeys: { OPENAI_API_KEY: secret },
      mcp_config: { servers: [...servers, { name: "b", url: secret, env: { KEY: secret } }] },
      base_url: `https://u:${secret}@192.0.2.1/v1?key=${secret}`
    }
    const headers = { "x-api-key": secret, "x-secret-thing": secret, "x-tone": "formal" }
    const body = { ...sent(configurable), context: configurable, metadata: configurable }
    for (const assistant of [await own(world, configurable), agents.recht, "agent"]) {
      for (const asked of [undefined, body, sent({ ...configurable, temperature: "hot", model_name: "x:y" })]) {
        const answer = await ask(world, "member", `POST /assistants/${assistant}/explain`, asked, headers)
        assert.strictEqual(answer.status, 200, answer.text)
        assert.include(answer.text, "formal")
        for (const hidden of [secret, "sk-server-key-canary", world.token("member"), "sealed:"]) {
          assert.notInclude(answer.text, hidden)
        }
      }
    }
    assert.notInclude(world.logs.join("\n"), secret)
  }
} satisfies Scenarios
