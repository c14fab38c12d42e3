import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { failureOf, question } from "../support/Conversation.ts"
import { configOf } from "../support/RunConfig.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { type ScriptedModel, startScriptedModel } from "../support/ScriptedModel.ts"
import { talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"

/** For worlds where callers may reach this machine by its name, and not by its address. */
export const allowLocalhost = { OUTBOUND_ALLOW: "localhost" }

/** An endpoint of a caller's, by a URL that may be reached and by one that may not. */
const withEndpoint = async (
  play: (endpoint: { allowed: string; private: string; seen: ScriptedModel }) => Promise<void>
) => {
  const seen = await startScriptedModel()
  try {
    await play({ allowed: seen.url.replace("127.0.0.1", "localhost"), private: seen.url, seen })
  } finally {
    await seen.close()
  }
}

const own = async (world: Throughline, configurable: object) => {
  const created = await world.client("member").assistants.create({
    graphId: "agent",
    config: { configurable: { ...configurable } }
  })
  return created.assistant_id
}

const failing = async (world: Throughline, assistant: string, configurable: object = {}) =>
  failureOf(
    await world.client("member").runs.wait(null, assistant, {
      input: question("say:eins"),
      config: { configurable: { ...configurable } },
      raiseError: false
    })
  )

/** Field failures 19 and 40. */
export const callersEndpoints = {
  "the server's key goes to no endpoint that a caller names": (world) =>
    withEndpoint(async ({ allowed, seen }) => {
      const ways = [
        { own: { base_url: allowed }, run: {} },
        { own: {}, run: { base_url: allowed } },
        { own: { base_url: allowed, custom_api_key: "" }, run: {} },
        { own: { base_url: allowed, model_name: "anthropic:claude-sonnet-4-5" }, run: {} },
        { own: { base_url: allowed, apiKeys: { ANTHROPIC_API_KEY: "sk-other" } }, run: {} }
      ]
      for (const { own: configurable, run } of ways) {
        const { error, message } = await failing(world, await own(world, configurable), run)
        assert.strictEqual(error, "InvalidConfiguration")
        assert.match(message, /base_url needs a key of its own/)
      }
      assert.lengthOf(seen.requests, 0, "nobody was asked")
    }),

  "on a synced agent a run names no endpoint at all": (world) =>
    withEndpoint(async ({ allowed, seen }) => {
      const { said, thread_id } = await talk(world, "member", agents.recht, ["say:eins", "say:zwei"], {
        config: { configurable: { base_url: allowed, custom_api_key: "sk-mine", apiKeys: { openai: "sk-mine" } } }
      })
      assert.lengthOf(said, 4)
      assert.lengthOf(seen.requests, 0)
      const { dropped } = await configOf(world, "member", thread_id)
      assert.sameMembers(dropped.map(({ key }) => key), ["base_url", "custom_api_key", "apiKeys"])
    }),

  "a caller's key goes to the caller's endpoint, and nothing of the operator's with it": (world) =>
    withEndpoint(async ({ allowed, seen }) => {
      const keys = [{ custom_api_key: "key-of-the-member" }, { apiKeys: { OPENAI_API_KEY: "key-of-the-member" } }]
      for (const key of keys) {
        const before = seen.requests.length
        const asked = world.model.requests.length
        const assistant = await own(world, { base_url: allowed, model_name: "custom:llama", ...key })
        assert.lengthOf((await talk(world, "member", assistant, ["say:eins", "say:zwei"])).said, 4)
        const [first, second] = seen.requests.slice(before)
        for (const request of [first, second]) {
          assert.strictEqual(request?.headers.authorization, "Bearer key-of-the-member")
          assert.strictEqual(request?.body["model"], "llama")
          assert.notInclude(JSON.stringify(request?.headers), "canary")
          assert.notInclude(JSON.stringify(request?.headers), world.token("member"))
        }
        assert.lengthOf(world.model.requests, asked, "the server's own provider was not asked")
      }
    }),

  "a caller's key for the provider itself is used there": async (world) => {
    const assistant = await own(world, { apiKeys: { OPENAI_API_KEY: "key-of-the-member" } })
    assert.lengthOf((await talk(world, "member", assistant, ["say:eins", "say:zwei"])).said, 4)
    assert.strictEqual(world.model.requests.at(-1)?.headers.authorization, "Bearer key-of-the-member")
    await talk(world, "otherOrganisation", "agent", ["say:eins", "say:zwei"])
    assert.strictEqual(world.model.requests.at(-1)?.headers.authorization, "Bearer sk-server-key-canary")
  },

  "an endpoint in the operator's network is out of reach, however it is written": (world) =>
    withEndpoint(async ({ private: url, seen }) => {
      const { port } = new URL(url)
      const spellings = ["127.0.0.1", "2130706433", "0x7f000001", "127.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
      const assistant = await own(world, { custom_api_key: "key-of-the-member" })
      for (const host of spellings) {
        const { error, message } = await failing(world, assistant, { base_url: `http://${host}:${port}/v1` })
        assert.strictEqual(error, "OutboundRefused", host)
        assert.include(message, "OUTBOUND_ALLOW")
      }
      const metadata = await failing(world, assistant, { base_url: "http://169.254.169.254/latest/meta-data" })
      assert.strictEqual(metadata.error, "OutboundRefused")
      assert.lengthOf(seen.requests, 0)
    })
} satisfies Scenarios
