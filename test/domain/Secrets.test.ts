import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { Json, JsonObject } from "../../src/domain/Json.ts"
import { keyOfPlace, mask, maskSecrets, restoreSecrets, secretsOf, secretTexts } from "../../src/domain/Secrets.ts"
import { frozen, json, jsonObject } from "./Arbitraries.ts"

/** What nothing else in a configuration looks like. */
const secret = fc.stringMatching(/^sk-[a-z]{12}$/)
// Names that could be taken for a place of their own.
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "a/a", "a~1a", "a/0", "0", "__proto__") },
  { weight: 1, arbitrary: fc.string() }
)

const keyed = (value: fc.Arbitrary<Json>) => fc.dictionary(name, value, { noNullPrototype: true, maxKeys: 4 })
const secrets: fc.Arbitrary<Json> = fc.oneof(
  secret,
  fc.constant(null),
  keyed(fc.oneof(secret, fc.array(secret), keyed(secret))),
  fc.array(secret)
)

const hidden = fc.option(secret)
const url = fc.tuple(fc.webUrl(), hidden, hidden, hidden).map(([url, user, query, fragment]) =>
  (user === null ? url : url.replace("//", `//ann:${user}@`)) + (query === null ? "" : `?key=${query}`)
  + (fragment === null ? "" : `#${fragment}`)
)
const server = fc.record({ name, url, headers: keyed(secret) }, { requiredKeys: ["url"] })
const mcp = fc.record({ servers: fc.array(fc.oneof(server, json), { maxLength: 5 }) })

const addresses = fc.oneof(url, fc.array(fc.oneof(url, json), { maxLength: 3 }), keyed(url))

const sensitive = fc.record(
  { custom_api_key: secrets, apiKeys: secrets, mcp_config: mcp, base_url: url, rag: addresses, rag_config: addresses },
  { requiredKeys: [] }
)
const secretKeys = ["custom_api_key", "apiKeys", "mcp_config", "base_url", "rag", "rag_config"]
const ordinary = jsonObject.map((object): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !secretKeys.includes(key)))
)
const configurable: fc.Arbitrary<JsonObject> = fc.tuple(ordinary, sensitive).map(([rest, secrets]) => ({
  ...rest,
  ...secrets
}))

describe("masked secrets", () => {
  it("show nowhere", () => {
    fc.assert(fc.property(configurable, (configurable) => {
      assert.notMatch(JSON.stringify(maskSecrets(configurable)), /sk-[a-z]{12}/)
    }))
  })

  it("come back when they are written back", () => {
    fc.assert(
      fc.property(configurable, (configurable) => {
        assert.deepStrictEqual(restoreSecrets(maskSecrets(configurable), secretsOf(configurable)), configurable)
      }),
      { numRuns: 500 }
    )
  })

  it("are masks already: masking again changes nothing", () => {
    fc.assert(fc.property(configurable, (configurable) => {
      const masked = maskSecrets(configurable)
      assert.deepStrictEqual(maskSecrets(masked), masked)
    }))
  })

  it("are the only thing that masking and restoring change", () => {
    fc.assert(fc.property(ordinary, sensitive, (ordinary, sensitive) => {
      const configurable = frozen({ ...ordinary, ...sensitive })
      assert.deepStrictEqual(maskSecrets(configurable), { ...ordinary, ...maskSecrets(sensitive) })
      assert.deepStrictEqual(restoreSecrets(ordinary, secretsOf(configurable)), ordinary)
      const withoutHeaders = sensitive.mcp_config?.servers.filter((server) => !JSON.stringify(server).includes("sk-"))
      const mcp_config = { servers: withoutHeaders ?? [] }
      assert.deepStrictEqual(maskSecrets({ mcp_config }), { mcp_config })
    }))
  })
})

describe("the place of a secret", () => {
  it("tells which key it is in: without that key it is not there, without the others it is", () => {
    fc.assert(fc.property(configurable, (configurable) => {
      for (const [place, value] of secretsOf(configurable)) {
        const key = keyOfPlace(place)
        const { [key]: alone, ...others } = configurable
        assert.isDefined(alone, place)
        assert.deepStrictEqual(secretsOf({ [key]: alone ?? null }).get(place), value)
        assert.isFalse(secretsOf(others).has(place), place)
      }
    }))
  })
})

describe("restoring", () => {
  it("keeps what the caller wrote anew, and makes no key of a mask with nothing behind it", () => {
    fc.assert(fc.property(secret, secret, (old, fresh) => {
      const known = secretsOf({ custom_api_key: old, apiKeys: { openai: old } })
      assert.deepStrictEqual(restoreSecrets({ custom_api_key: fresh, apiKeys: { openai: mask, xai: mask } }, known), {
        custom_api_key: fresh,
        apiKeys: { openai: old, xai: null }
      })
    }))
  })

  it("gives each server its own headers back, in whatever order they come", () => {
    const servers = fc.uniqueArray(fc.record({ name, url, headers: keyed(secret) }), {
      selector: (server) => server.name
    })
    const shuffled = servers.chain((servers) =>
      fc.tuple(fc.constant(servers), fc.shuffledSubarray(servers, { minLength: 0 }))
    )
    fc.assert(fc.property(shuffled, ([servers, some]) => {
      const known = secretsOf({ mcp_config: { servers } })
      const written = maskSecrets({ mcp_config: { servers: some } })
      assert.deepStrictEqual(restoreSecrets(written, known), { mcp_config: { servers: some } })
    }))
  })

  it("puts what a URL hides nowhere but where it was", () => {
    const at = (url: string) => ({ mcp_config: { servers: [{ name: "law", url }] } })
    const known = secretsOf(at("https://ann:geheim@a.example/mcp?key=geheim"))
    const written = (url: string) => restoreSecrets(at(url), known)
    assert.deepStrictEqual(
      written("https://***@a.example/mcp?***"),
      at("https://ann:geheim@a.example/mcp?key=geheim")
    )
    assert.deepStrictEqual(written("https://***@a.example/mcp?key=2"), at("https://ann:geheim@a.example/mcp?key=2"))
    assert.deepStrictEqual(written("https://***@b.example/mcp?***"), at("https://b.example/mcp"))
    assert.deepStrictEqual(written("http://***@a.example/mcp"), at("http://a.example/mcp"))
    assert.deepStrictEqual(restoreSecrets(at("https://***@a.example/mcp?***"), new Map()), at("https://a.example/mcp"))
  })

  it("takes what is no URL for a secret as a whole", () => {
    const typo = { mcp_config: { servers: [{ name: "law", url: "ann:geheim@a.example/mcp" }] } }
    const masked = { mcp_config: { servers: [{ name: "law", url: mask }] } }
    assert.deepStrictEqual(maskSecrets(typo), masked)
    assert.deepStrictEqual(restoreSecrets(masked, secretsOf(typo)), typo)
  })
})

describe("the texts of secrets", () => {
  it("are those of every key, header and URL", () => {
    const servers = [{ name: "law", url: "https://ann:geheim@a.example/mcp", headers: { "x-key": "eins" } }]
    assert.sameMembers([...secretTexts({ custom_api_key: "zwei", temperature: 1, mcp_config: { servers } })], [
      "zwei",
      "eins",
      "ann:geheim",
      "geheim"
    ])
  })
})
