import { assert } from "vitest"
import { copyOfRecht } from "../support/Agents.ts"
import { giveServers } from "../support/AgentServers.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { startMcpServer } from "../support/McpServers.ts"
import { configOf } from "../support/RunConfig.ts"
import type { Scenario, Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"

interface Shown {
  readonly assistant_id: string
  readonly config: { readonly configurable: Readonly<Record<string, unknown>> }
}

const server = (token: string) => ({
  servers: [{ name: "mine", url: "http://192.0.2.1/mcp", headers: { "x-auth": token } }]
})

const secrets = {
  custom_api_key: "key-number-one",
  apiKeys: { OPENAI_API_KEY: "key-number-two", other: null },
  mcp_config: server("token-number-one")
}
const masked = { custom_api_key: "***", apiKeys: { OPENAI_API_KEY: "***", other: null }, mcp_config: server("***") }

const keyAtModel = ({ model }: Throughline) => model.requests.at(-1)?.headers.authorization

/** Contract 4: secret-valued keys are written, and never read back. */
export const writeOnlySecrets = {
  "a secret is shown as *** everywhere, and *** written back keeps it": async (world) => {
    const created = await ask(world, "member", "POST /assistants", {
      graph_id: "agent",
      config: { configurable: secrets }
    })
    const { assistant_id: id, config } = json<Shown>(created)
    assert.deepEqual(config.configurable, masked)

    // The whole configuration written back as it was shown, with one thing changed.
    const shown = { ...masked, mcp_config: { servers: [] }, temperature: 0.5 }
    const patched = await ask(world, "member", `PATCH /assistants/${id}`, { config: { configurable: shown } })
    assert.deepEqual(json<Shown>(patched).config.configurable, shown)
    const { thread_id } = await talk(world, "member", id, ["say:eins"])
    assert.strictEqual(keyAtModel(world), "Bearer key-number-one")

    const renamed = await ask(world, "member", `PATCH /assistants/${id}`, { name: "Umbenannt" })
    const { configurable } = await configOf(world, "member", thread_id)
    assert.strictEqual(configurable["custom_api_key"], "***")
    const answers = [
      created,
      patched,
      renamed,
      await ask(world, "member", `GET /assistants/${id}`),
      await ask(world, "member", "POST /assistants/search", { limit: 1000 }),
      await ask(world, "member", `POST /assistants/${id}/versions`),
      await ask(world, "member", `POST /assistants/${id}/latest`, { version: 1 }),
      await ask(world, "member", `GET /threads/${thread_id}/runs`),
      await ask(world, "member", `GET /threads/${thread_id}/state`)
    ]
    for (const { status, text } of answers) {
      assert.strictEqual(status, 200)
      assert.notMatch(text, /number-(one|two)|sealed:/)
    }
    await world.client("member").assistants.delete(id)
  },

  "a new secret replaces it, null takes it away, and an earlier version has its own": async (world) => {
    const { assistants } = world.client("member")
    const write = (configurable: object) =>
      ask(world, "member", `PATCH /assistants/${assistant_id}`, { config: { configurable } })
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      config: { configurable: { custom_api_key: "key-1" } }
    })
    const { thread_id } = await talk(world, "member", assistant_id, ["say:eins"])
    assert.strictEqual(keyAtModel(world), "Bearer key-1")
    const uses = async (key: string) => {
      await say(world, "member", thread_id, assistant_id, ["say:weiter"])
      assert.strictEqual(keyAtModel(world), `Bearer ${key}`)
    }
    await write({ custom_api_key: "key-2" })
    await uses("key-2")
    await write({ custom_api_key: null })
    await uses("sk-server-key-canary")
    await assistants.setLatest(assistant_id, 1)
    await uses("key-1")
    // A mask with nothing behind it is no key.
    await write({})
    await write({ custom_api_key: "***" })
    await uses("sk-server-key-canary")
    await assistants.delete(assistant_id)
  },

  "a run that repeats an assistant's configuration as it was shown keeps its secrets": async (world) => {
    const { assistants } = world.client("member")
    const { assistant_id } = await assistants.create({
      graphId: "agent",
      config: { configurable: { custom_api_key: "key-1", temperature: 0.2 } }
    })
    const { config } = await assistants.get(assistant_id)
    const configurable = { ...config.configurable }
    assert.strictEqual(configurable["custom_api_key"], "***")
    await talk(world, "member", assistant_id, ["say:eins", "say:zwei"], { config: { configurable } })
    assert.strictEqual(keyAtModel(world), "Bearer key-1")
    await talk(world, "member", "agent", ["say:eins", "say:zwei"], { config: { configurable } })
    assert.strictEqual(keyAtModel(world), "Bearer sk-server-key-canary", "there a mask has nothing behind it")
    await assistants.delete(assistant_id)
  },

  "a secret as it is kept is no use to whoever has got hold of it": async (world) => {
    const { assistants } = world.client("member")
    const configurable = { custom_api_key: "key-1" }
    const { assistant_id } = await assistants.create({ graphId: "agent", config: { configurable } })
    const { rows } = await world.database.query<{ kept: string }>(
      "select config -> 'configurable' ->> 'custom_api_key' as kept from langgraph_server.assistants where id = $1",
      [assistant_id]
    )
    const stolen = { config: { configurable: { custom_api_key: rows[0]?.kept ?? "" } } }
    assert.notInclude(JSON.stringify(stolen), "key-1")
    await talk(world, "otherOrganisation", "agent", ["say:eins", "say:zwei"], stolen)
    assert.notStrictEqual(keyAtModel(world), "Bearer key-1")
    const theirs = await world.client("otherOrganisation").assistants.create({ graphId: "agent", ...stolen })
    await talk(world, "otherOrganisation", theirs.assistant_id, ["say:eins", "say:zwei"])
    assert.notStrictEqual(keyAtModel(world), "Bearer key-1")
    await assistants.delete(assistant_id)
  },

  "a secret that comes with a run is that run's, and nobody else is shown that there was one": async (world) => {
    const { thread_id } = await talk(world, "member", "agent", ["say:eins"], {
      config: { configurable: { custom_api_key: "key-of-a-run" } }
    })
    assert.strictEqual(keyAtModel(world), "Bearer key-of-a-run")
    const { configurable, origins } = await configOf(world, "member", thread_id)
    assert.strictEqual(configurable["custom_api_key"], "***")
    assert.strictEqual(origins["custom_api_key"], "request")
    await say(world, "member", thread_id, "agent", ["say:zwei"])
    assert.strictEqual(keyAtModel(world), "Bearer sk-server-key-canary")
    await talk(world, "otherOrganisation", "agent", ["say:eins", "say:zwei"])
    assert.strictEqual(keyAtModel(world), "Bearer sk-server-key-canary")
  },

  "what is secret in a URL is in nothing that a run shows, and reaches the server that it is for": async (world) => {
    const agent = await copyOfRecht(world)
    const server = await startMcpServer({ tools: ["search_laws"] })
    try {
      const url = `${server.url.replace("//", "//service:geheim-des-nutzers@")}?key=geheim-der-anfrage`
      await giveServers(world, agent, [{ name: "legal", url }])
      const { thread_id } = await talk(world, "member", agent, ["tool:search_laws:{\"query\":\"x\"}"])
      assert.strictEqual(
        server.seen.requests.at(-1)?.headers.authorization,
        `Basic ${btoa("service:geheim-des-nutzers")}`
      )
      assert.isNotEmpty(server.seen.calls)

      const later = await world.client("member").threads.create()
      const base_url = "https://service:geheim-des-nutzers@llm.example.com/v1?key=geheim-der-anfrage"
      const created = await ask(world, "member", `POST /threads/${later.thread_id}/runs`, {
        assistant_id: "agent",
        config: { configurable: { base_url, custom_api_key: "key-1" } },
        context: { mcp_config: { servers: [{ name: "legal", url }] } },
        after_seconds: 3600
      })
      assert.strictEqual(created.status, 200)
      const runs = [
        { thread_id, run_id: (await world.client("member").runs.list(thread_id))[0]?.run_id },
        json<{ readonly thread_id: string; readonly run_id: string }>(created)
      ]
      for (const { run_id, thread_id } of runs) {
        const routes = ["", `/${run_id}`, `/${run_id}/config`, `/${run_id}/record`]
        for (const route of routes) {
          const { status, text } = await ask(world, "member", `GET /threads/${thread_id}/runs${route}`)
          assert.strictEqual(status, 200)
          assert.include(text, "//***@")
          assert.notInclude(text, "geheim")
        }
      }
      const { text } = await ask(world, "member", "POST /runs/search", { limit: 1000 })
      assert.notInclude(text + created.text, "geheim")
      await world.client("member").threads.delete(later.thread_id)
    } finally {
      await server.close()
    }
  }
} satisfies Scenarios

/** In a world without a SECRETS_KEY. */
export const nothingToLockThemWith: Scenario = async (world) => {
  const body = { graph_id: "agent", config: { configurable: secrets } }
  const refused = await ask(world, "member", "POST /assistants", body)
  assert.strictEqual(refused.status, 422)
  assert.include(detailOf(refused), "SECRETS_KEY")
  const { rows } = await world.database.query("select from langgraph_server.assistants where source = 'member'")
  assert.lengthOf(rows, 0)
  await talk(world, "member", "agent", ["say:eins", "say:zwei"], {
    config: { configurable: { custom_api_key: "key-1" } }
  })
  assert.strictEqual(keyAtModel(world), "Bearer key-1")
}
