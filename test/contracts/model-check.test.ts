import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { explainModel } from "../../src/adapters/langgraph/Equipment.ts"
import { Models } from "../../src/adapters/langgraph/Models.ts"
import { layer as outboundLayer } from "../../src/adapters/outbound/GuardedFetch.ts"
import type { ExplainedModel } from "../../src/domain/Explanation.ts"
import type { JsonObject } from "../../src/domain/Json.ts"

const serverKey = "sk-of-the-server-0123456789"
const ownKey = "sk-of-somebody-0123456789"

const none = { apiKey: Option.none<Redacted.Redacted<string>>(), baseUrl: Option.none<string>() }
const models = Models.layer({
  openai: { ...none, apiKey: Option.some(Redacted.make(serverKey)) },
  anthropic: none,
  google: none
}).pipe(Layer.provide(outboundLayer({ allow: ["allowed.example"] })))

/** What a run may be configured with, and what is told of its model. */
const cases: ReadonlyArray<readonly [string, JsonObject, Partial<ExplainedModel>, problem?: RegExp]> = [
  ["nothing", {}, { name: "openai:gpt-4o", provider: "openai", key: "server" }],
  ["nulls", { model_name: null, base_url: null, custom_api_key: null }, { name: "openai:gpt-4o", key: "server" }],
  ["a bare name", { model_name: "gpt-4o-mini" }, { name: "gpt-4o-mini", provider: "openai", key: "server" }],
  ["a key that is blank", { custom_api_key: " " }, { key: "server" }],
  ["a key of one's own", { custom_api_key: ownKey }, { key: "run" }],
  [
    "a provider without a key",
    { model_name: "anthropic:claude-sonnet-4-5" },
    { provider: "anthropic", key: "absent" },
    /ANTHROPIC_API_KEY is not set on the server/
  ],
  ["that, with one", { model_name: "anthropic:claude-sonnet-4-5", apiKeys: { anthropic: ownKey } }, { key: "run" }],
  ["a key for another provider", { model_name: "google:gemini-2.5-pro", apiKeys: { anthropic: ownKey } }, {
    provider: "google",
    key: "absent"
  }, /GOOGLE_API_KEY/],
  ["no provider", { model_name: "llama-4" }, { name: "llama-4", provider: null, key: "absent" }, /write openai:/],
  [
    "an endpoint without a key",
    { base_url: "https://allowed.example/v1" },
    { provider: "openai", key: "absent" },
    /needs a key of its own/
  ],
  ["an endpoint", { model_name: "custom:x", base_url: "https://allowed.example/v1", custom_api_key: ownKey }, {
    name: "custom:x",
    provider: "openai",
    key: "run"
  }],
  ["no URL", { base_url: "allowed.example", custom_api_key: ownKey }, { key: "run" }, /is not a URL/],
  [
    "a wrong type",
    { model_name: "openai:x", temperature: "hot" },
    { name: "openai:x", provider: null },
    /configurable\.temperature/
  ],
  ["a wrong type in a secret", { custom_api_key: [ownKey] }, { provider: null }, /configurable\.custom_api_key/]
]

const check = (configurable: JsonObject) =>
  Effect.gen(function*() {
    const origins = Object.fromEntries(Object.keys(configurable).map((key) => [key, "request" as const]))
    return yield* explainModel(yield* Models, configurable, origins)
  })

layer(models)("what is told of a model", (it) => {
  for (const [given, configurable, expected, problem] of cases) {
    it.effect(`given ${given}`, () =>
      Effect.gen(function*() {
        const told = yield* check(configurable)
        assert.deepInclude(told, expected)
        if (problem === undefined) assert.isNull(told.problem)
        else assert.match(told.problem ?? "", problem)
        assert.notInclude(JSON.stringify(told), "sk-of")
      }))
  }

  it.effect("a problem is what a run would fail with, and without one it gets its model", () =>
    Effect.gen(function*() {
      const { check, make } = yield* Models
      for (const [given, settings] of cases) {
        if (settings["temperature"] !== undefined || Array.isArray(settings["custom_api_key"])) continue
        const failure = <A, E extends Error, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.match(effect, { onSuccess: () => null, onFailure: ({ message }) => message })
        assert.strictEqual(yield* failure(check(settings)), yield* failure(make(settings)), given)
      }
    }))

  it.effect("an endpoint that the guard would refuse is one, before anything is sent", () =>
    Effect.gen(function*() {
      for (const host of ["127.0.0.1:9", "localhost:9", "[::1]:9", "169.254.169.254"]) {
        const told = yield* check({ base_url: `http://${host}/v1`, custom_api_key: ownKey })
        assert.match(told.problem ?? "", /OUTBOUND_ALLOW/, host)
      }
    }))

  it.effect("a key that nobody says who gave it is the assistant's", () =>
    Effect.gen(function*() {
      const { key } = yield* explainModel(yield* Models, { custom_api_key: ownKey })
      assert.strictEqual(key, "assistant")
    }))
})
