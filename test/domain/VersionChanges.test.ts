import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { AssistantContent } from "../../src/domain/Assistant.ts"
import { isJsonObject, type Json } from "../../src/domain/Json.ts"
import { type VersionChange, versionChanges } from "../../src/domain/VersionChanges.ts"
import { frozen, jsonObject, reordered } from "./Arbitraries.ts"

const secret = fc.stringMatching(/^sk-[a-z]{12}$/)
const servers = fc.array(
  fc.record({ name: fc.string(), url: fc.string(), headers: fc.dictionary(fc.string(), secret) }, {
    requiredKeys: ["url"]
  }),
  { maxLength: 3 }
)
const configurable = fc.tuple(
  jsonObject,
  fc.record(
    {
      custom_api_key: fc.oneof(secret, fc.constant(null)),
      apiKeys: fc.dictionary(fc.string(), secret),
      mcp_config: fc.record({ servers }),
      model_name: fc.constantFrom("openai:gpt-4o", "openai:gpt-5")
    },
    { requiredKeys: [] }
  )
).map(([rest, known]) => ({ ...rest, ...known }))

const written: fc.Arbitrary<AssistantContent> = fc.record({
  graph_id: fc.constantFrom("agent", "triage"),
  name: fc.string(),
  description: fc.oneof(fc.string(), fc.constant(null)),
  config: fc.record({ configurable, recursion_limit: fc.nat() }, { requiredKeys: [] }),
  context: jsonObject,
  metadata: jsonObject
})
/** As it was kept: JSON knows one zero. */
const content = written.map((content): AssistantContent => frozen(JSON.parse(JSON.stringify(content))))

/** Two that have as much in common as two versions of one assistant. */
const versions = fc.tuple(content, content, fc.subarray(["name", "config", "context", "metadata"] as const)).map(
  ([before, other, changed]): readonly [AssistantContent, AssistantContent] => [
    before,
    changed.reduce<AssistantContent>((after, key) => ({ ...after, [key]: other[key] }), before)
  ]
)

const step = /\[(?:(\d+)|("(?:[^"\\]|\\.)*"))\]|\.?([A-Za-z_$][\w$-]*)/gy

const stepsOf = (path: string): ReadonlyArray<string | number> =>
  [...path.matchAll(step)].map(([, index, quoted, plain]) =>
    index !== undefined ? Number(index) : quoted !== undefined ? String(JSON.parse(quoted)) : plain ?? ""
  )

/** What a reader who goes by the changes makes of the version before. */
const applied = (value: Json, [first, ...rest]: ReadonlyArray<string | number>, change: VersionChange): Json => {
  if (first === undefined) return change.after ?? null
  if (Array.isArray(value)) {
    return value.map((item: Json, at) => at === first ? applied(item, rest, change) : item)
  }
  const object = isJsonObject(value) ? value : {}
  const others = Object.entries(object).filter(([key]) => key !== first)
  if (rest.length === 0 && !("after" in change)) return Object.fromEntries(others)
  const present = Object.hasOwn(object, first) ? object[String(first)] ?? null : {}
  return Object.fromEntries([...others, [String(first), applied(present, rest, change)]])
}

const plain = (content: AssistantContent): Json => JSON.parse(JSON.stringify(content))
const withoutSecrets = ({ config, ...rest }: AssistantContent): AssistantContent => {
  const { apiKeys: _, custom_api_key: __, mcp_config: ___, ...others } = config.configurable ?? {}
  return { ...rest, config: config.configurable === undefined ? config : { ...config, configurable: others } }
}

describe("a version's changes", () => {
  it("are none where it says the same, in whatever order", () => {
    fc.assert(fc.property(content, (same) => {
      const other = { ...same, context: jsonOf(reordered(same.context)), metadata: jsonOf(reordered(same.metadata)) }
      assert.deepStrictEqual(versionChanges(same, other), [])
    }))
  })

  it("lead from the version before to this one", () => {
    fc.assert(
      fc.property(versions, (versions) => {
        const [before, after] = versions.map(withoutSecrets)
        if (before === undefined || after === undefined) return
        const changes = versionChanges(before, after)
        const reached = changes.reduce((value, change) => applied(value, stepsOf(change.path), change), plain(before))
        assert.deepEqual(reached, plain(after))
        for (const { path, ...values } of changes) {
          assert.notStrictEqual(JSON.stringify(values.before), JSON.stringify(values.after), path)
        }
        assert.lengthOf(new Set(changes.map(({ path }) => path)), changes.length)
      }),
      { numRuns: 500 }
    )
  })

  it("show no secret, and that one was written anew", () => {
    fc.assert(fc.property(versions, ([before, after]) => {
      assert.notMatch(JSON.stringify(versionChanges(before, after)), /sk-[a-z]{12}/)
    }))
    const keyed = (custom_api_key: string): AssistantContent => ({
      graph_id: "agent",
      name: "",
      description: null,
      config: { configurable: { custom_api_key } },
      context: {},
      metadata: {}
    })
    assert.deepStrictEqual(versionChanges(keyed("sk-one"), keyed("sk-two")), [
      { path: "config.configurable.custom_api_key", before: "***", after: "***" }
    ])
  })

  it("name the smallest place, an absent value apart from null, and no stamp", () => {
    const before: AssistantContent = {
      graph_id: "agent",
      name: "Recht",
      description: null,
      config: {
        configurable: {
          model_name: "openai:gpt-4o",
          "a.b": 1,
          gone: null,
          mcp_config: { servers: [{ name: "legal", url: "http://a/mcp" }, { name: "more", url: "http://b/mcp" }] }
        }
      },
      context: {},
      metadata: { synced_at: "gestern", kept: [1] }
    }
    const after: AssistantContent = {
      ...before,
      description: "neu",
      config: {
        configurable: {
          model_name: "openai:gpt-5",
          "a.b": 2,
          mcp_config: { servers: [{ name: "legal", url: "http://a/mcp" }, { name: "more", url: "http://c/mcp" }] }
        },
        recursion_limit: 7
      },
      metadata: { synced_at: "heute", kept: [1, 2] }
    }
    assert.sameDeepMembers([...versionChanges(before, after)], [
      { path: "description", before: null, after: "neu" },
      { path: "config.configurable.model_name", before: "openai:gpt-4o", after: "openai:gpt-5" },
      { path: "config.configurable[\"a.b\"]", before: 1, after: 2 },
      { path: "config.configurable.gone", before: null },
      { path: "config.configurable.mcp_config.servers[1].url", before: "http://b/mcp", after: "http://c/mcp" },
      { path: "config.recursion_limit", after: 7 },
      { path: "metadata.kept", before: [1], after: [1, 2] }
    ])
  })
})

const jsonOf = (value: Json) => isJsonObject(value) ? value : {}
