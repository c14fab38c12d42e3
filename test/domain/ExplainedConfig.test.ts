import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { configurableHeaders } from "../../src/domain/ConfigurableHeaders.ts"
import { effectiveConfig, RunOverrides } from "../../src/domain/EffectiveConfig.ts"
import { explainedConfig, refusedCredentials } from "../../src/domain/ExplainedConfig.ts"
import type { Json } from "../../src/domain/Json.ts"
import { shownConfigurable } from "../../src/domain/Secrets.ts"
import { frozen } from "./Arbitraries.ts"
import { anyWorld, layersOf, synced } from "./ConfigArbitraries.ts"

const member = (object: object, key: string): Json | undefined => new Map(Object.entries(object)).get(key)

describe("what a run's configuration is explained with", () => {
  it("is the effective configuration: the same keys, values and origins, secrets masked", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { keys, ...beside } = explainedConfig(frozen(layers))
      const { configurable, origins, recursion_limit, tags } = effectiveConfig(layers)
      const shown = shownConfigurable(configurable)
      assert.deepStrictEqual(keys.map(({ key }) => key), Object.keys(configurable).sort())
      for (const { key, origin, value } of keys) {
        assert.deepStrictEqual(value, member(shown, key))
        assert.strictEqual(origin, member(origins, key))
      }
      assert.deepInclude(beside, { recursion_limit, tags })
    }))
  })

  it("names every layer that gave a key, in order, once in force and otherwise with a reason", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { dropped, keys } = explainedConfig(layers)
      const told = new Map([
        ...keys.map(({ given, key }) => [key, given.map(({ from }) => from)] as const),
        ...dropped.map(({ key }) => [key, dropped.filter((drop) => drop.key === key).map(({ from }) => from)] as const)
      ])
      const named = new Set(layersOf(layers).flatMap(([, values]) => Object.keys(values)))
      assert.sameMembers([...told.keys()], [...named].filter((key) => told.has(key)))
      for (const key of named) {
        const from = layersOf(layers).filter(([, values]) => Object.hasOwn(values, key)).map(([from]) => from)
        // What an assistant says just as the server pins it is no layer of its own.
        const agreed = Object.hasOwn(layers.pinned, key)
          && member(layers.assistant.config.configurable ?? {}, key) === member(layers.pinned, key)
        assert.deepStrictEqual(told.get(key), agreed ? from.filter((layer) => layer !== "assistant") : from, key)
      }
      for (const { given, key, origin } of keys) {
        const inForce = given.filter(({ dropped }) => dropped === null)
        assert.deepStrictEqual(inForce.map(({ from }) => from), [origin], key)
        for (const { dropped } of given) if (dropped !== null) assert.isNotEmpty(dropped)
      }
      for (const { dropped: why } of dropped) assert.isNotEmpty(why)
    }))
  })

  it("gives the reasons that the run is given, for exactly what it drops", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { dropped, keys } = explainedConfig(layers)
      const refused = [
        ...keys.flatMap(({ given, key }) => given.map(({ dropped, from }) => ({ key, from, reason: dropped }))),
        ...dropped.map(({ dropped, from, key }) => ({ key, from, reason: dropped }))
      ].filter(({ reason }) => reason !== null && !reason.startsWith("overridden by "))
      assert.sameDeepMembers(refused, [...effectiveConfig(layers).dropped])
    }))
  })

  it("says who overrides whom", () => {
    fc.assert(fc.property(anyWorld, fc.string(), (layers, tone) => {
      const headers = { "x-tone": tone }
      const own = { ...layers.assistant, provenance: { _tag: "Graph" as const } }
      const request = { headers, config: { configurable: { "x-tone": "b" } }, context: {}, metadata: {} }
      const { keys } = explainedConfig({ ...layers, defaults: { "x-tone": "a" }, assistant: own, request })
      const given = keys.find(({ key }) => key === "x-tone")?.given ?? []
      assert.deepStrictEqual(given.find(({ from }) => from === "default")?.dropped, "overridden by the request")
      if ("x-tone" in configurableHeaders(headers)) {
        assert.deepStrictEqual(given.find(({ from }) => from === "header")?.dropped, "overridden by the request")
      }
    }))
  })

  it("shows no secret of any layer, taken or not, nor of what stands beside the configuration", () => {
    const secret = fc.stringMatching(/^sk-[a-z]{12}$/)
    fc.assert(fc.property(synced, secret, fc.constantFrom("Safe", "None"), (layers, secret, overrides) => {
      const configurable = {
        custom_api_key: secret,
        apiKeys: { OPENAI_API_KEY: secret, more: [secret] },
        base_url: `https://${secret}@a.example/v1?key=${secret}`,
        rag: { rag_url: `https://a.example/?key=${secret}` },
        mcp_config: {
          servers: [
            { name: "a", url: `https://u:${secret}@a.example/mcp?key=${secret}#${secret}`, headers: { "x-a": secret } },
            { name: "b", url: secret, env: { KEY: secret }, args: [secret] },
            secret
          ]
        }
      }
      const config = { ...layers.assistant.config, configurable }
      const sent = { headers: {}, config: { configurable }, context: configurable, metadata: configurable }
      const told = JSON.stringify(explainedConfig({
        ...layers,
        defaults: configurable,
        assistant: { ...layers.assistant, config },
        request: sent,
        overrides: RunOverrides[overrides]()
      }))
      assert.notInclude(told, secret)
      assert.include(told, "***", "that there is something is told")
    }))
  })
})

describe("a provider's key that is refused", () => {
  it("is named with who sent it and why", () => {
    const dropped = { key: "custom_api_key", from: "request", reason: "locked" } as const
    assert.strictEqual(refusedCredentials([dropped]), "custom_api_key of the request is not taken: locked")
    assert.isNull(refusedCredentials([{ ...dropped, key: "temperature" }]))
  })
})
