import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  type ConfigLayers,
  type EffectiveConfig,
  effectiveConfig,
  type KeyOrigin,
  RunOverrides,
  serversAreTheAgents,
  wantsToken
} from "../../src/domain/EffectiveConfig.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { frozen, json, memberOwned } from "./Arbitraries.ts"
import {
  anyKey,
  anyWorld,
  configurableOf,
  layersOf,
  lockedKeys,
  objectOf,
  own,
  pinnedKeys,
  plain,
  synced,
  world
} from "./ConfigArbitraries.ts"

const member = (object: JsonObject | undefined, key: string) => new Map(Object.entries(object ?? {})).get(key)
const droppedKeys = ({ dropped }: EffectiveConfig, from: KeyOrigin) =>
  dropped.filter((drop) => drop.from === from).map(({ key }) => key).sort()

describe("effectiveConfig", () => {
  it("takes each key from the latest layer that has it, whole", () => {
    fc.assert(fc.property(world(plain, memberOwned), (layers) => {
      const merged = layersOf(layers).reduce<JsonObject>((merged, [, values]) => ({ ...merged, ...values }), {})
      assert.deepStrictEqual(effectiveConfig(layers).configurable, merged)
    }))
  })

  it("says for each key which layer its value came from", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { configurable, origins } = effectiveConfig(layers)
      const values = new Map(layersOf(layers))
      assert.deepStrictEqual(Object.keys(origins).sort(), Object.keys(configurable).sort())
      for (const [key, origin] of Object.entries(origins)) {
        assert.deepStrictEqual(member(configurable, key), member(values.get(origin), key))
      }
    }))
  })

  it("loses no key in silence: it is there, a later layer has it, or it is named with a reason", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { configurable, dropped, origins } = effectiveConfig(layers)
      const all = layersOf(layers)
      all.forEach(([from, values], index) => {
        const later = all.slice(index + 1).map(([from]) => from)
        for (const [key, value] of Object.entries(values)) {
          const reasons = dropped.filter((drop) => drop.key === key && drop.from === from).map(({ reason }) => reason)
          if (reasons.length > 0) assert.isNotEmpty(reasons[0])
          else if (!later.some((origin) => new Map(Object.entries(origins)).get(key) === origin)) {
            assert.deepStrictEqual(member(configurable, key), value, key)
          }
        }
      })
    }))
  })

  it("has the server's keys from the server, whoever else gives them", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { configurable, origins } = effectiveConfig(layers)
      for (const [key, value] of Object.entries(layers.pinned)) {
        assert.deepStrictEqual(member(configurable, key), value)
        assert.strictEqual(origins[key], "server")
      }
      for (const key of pinnedKeys) {
        if (!Object.hasOwn(layers.pinned, key)) assert.isFalse(Object.hasOwn(configurable, key), key)
      }
    }))
  })

  it("lets nobody address a checkpoint or the engine", () => {
    const engine = objectOf(fc.constantFrom("checkpoint_id", "checkpoint_ns", "__pregel_send", "__proto__"))
    fc.assert(fc.property(world(engine, memberOwned), (layers) => {
      const { configurable } = effectiveConfig({ ...layers, pinned: {} })
      assert.deepStrictEqual(Object.keys(configurable).filter((key) => !key.startsWith("x-")), [])
      assert.strictEqual(Object.getPrototypeOf(configurable), Object.prototype)
    }))
  })

  it("depends on nothing but its layers, and leaves them alone", () => {
    fc.assert(fc.property(anyWorld, anyWorld, (layers, others) => {
      const first = JSON.stringify(effectiveConfig(frozen(layers)))
      effectiveConfig(frozen(others))
      assert.strictEqual(JSON.stringify(effectiveConfig(layers)), first)
    }))
  })

  it("merges what stands beside `configurable` as well, the request's last", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { assistant, request } = layers
      const { context, metadata, recursion_limit, tags } = effectiveConfig(layers)
      const merged = { recursion_limit: 25, tags: [], ...assistant.config, ...request.config }
      assert.deepStrictEqual({ recursion_limit, tags }, { recursion_limit: merged.recursion_limit, tags: merged.tags })
      assert.deepStrictEqual(context, { ...assistant.context, ...request.context })
      assert.deepStrictEqual(metadata, { ...assistant.metadata, ...request.metadata })
    }))
  })
})

describe("a run's own keys", () => {
  const refused = (layers: ConfigLayers, overrides: ConfigLayers["overrides"]) =>
    droppedKeys(effectiveConfig({ ...layers, overrides }), "request")
  const given = ({ request }: ConfigLayers) => Object.keys(configurableOf(request.config)).sort()
  const reserved = (layers: ConfigLayers) => (key: string) =>
    pinnedKeys.includes(key) || Object.hasOwn(layers.pinned, key) || key.startsWith("__") ||
    key.startsWith("checkpoint_")

  it("on a synced agent are all taken but the locked ones (safe)", () => {
    fc.assert(fc.property(synced, (layers) => {
      const expected = given(layers).filter((key) => lockedKeys.includes(key) || reserved(layers)(key))
      assert.deepStrictEqual(refused(layers, RunOverrides.Safe()), expected)
    }))
  })

  it("on a synced agent are all refused (none)", () => {
    fc.assert(fc.property(synced, (layers) => {
      assert.deepStrictEqual(refused(layers, RunOverrides.None()), given(layers))
      assert.notInclude(Object.values(effectiveConfig({ ...layers, overrides: RunOverrides.None() }).origins), "header")
    }))
  })

  it("on a synced agent are taken if they are on the list, locked or not, and not the server's", () => {
    fc.assert(fc.property(synced, fc.array(anyKey), (layers, keys) => {
      const expected = given(layers).filter((key) => !keys.includes(key) || reserved(layers)(key))
      assert.deepStrictEqual(refused(layers, RunOverrides.Only({ keys })), expected)
    }))
  })

  it("on a member's own assistant are not locked, whatever RUN_OVERRIDES says", () => {
    fc.assert(fc.property(own, (layers) => {
      assert.deepStrictEqual(refused(layers, layers.overrides), given(layers).filter(reserved(layers)))
    }))
  })

  it("never make a server the agent's own", () => {
    fc.assert(fc.property(anyWorld, (layers) => {
      const { configurable, origins } = effectiveConfig(layers)
      if (!serversAreTheAgents({ origins })) return
      assert.strictEqual(layers.assistant.provenance._tag, "Agent")
      assert.deepStrictEqual(configurable["mcp_config"], configurableOf(layers.assistant.config)["mcp_config"])
    }))
  })
})

describe("the caller's token", () => {
  const agents: EffectiveConfig["origins"] = { supabase_organization_id: "server", mcp_config: "assistant" }
  const server = fc.record({ url: fc.webUrl(), auth_required: fc.oneof(fc.boolean(), json) }, { requiredKeys: ["url"] })
  const servers = fc.array(fc.oneof(server, json), { maxLength: 4 })
  const asks = (server: unknown) =>
    typeof server === "object" && server !== null && "auth_required" in server && server.auth_required === true

  it("is wanted where one of the agent's own servers asks for it", () => {
    fc.assert(fc.property(servers, (servers) => {
      const configurable = { mcp_config: { servers } }
      assert.strictEqual(wantsToken({ configurable, origins: agents }), servers.some(asks))
    }))
  })

  it("is wanted by no server that somebody else has named, nor by what is no list of servers", () => {
    const asking = { mcp_config: { servers: [{ url: "https://mcp.example", auth_required: true }] } }
    assert.isTrue(wantsToken({ configurable: asking, origins: agents }))
    for (const from of ["default", "header", "request", "server"] as const) {
      assert.isFalse(wantsToken({ configurable: asking, origins: { ...agents, mcp_config: from } }), from)
    }
    assert.isFalse(wantsToken({ configurable: asking, origins: { mcp_config: "assistant" } }))
    fc.assert(fc.property(json, (config) => {
      const listed = typeof config === "object" && config !== null && "servers" in config
      assert.isTrue(listed || !wantsToken({ configurable: { mcp_config: config }, origins: agents }))
    }))
    assert.isFalse(wantsToken({ configurable: {}, origins: agents }))
  })
})
