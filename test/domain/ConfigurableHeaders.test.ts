import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { configurableHeaders } from "../../src/domain/ConfigurableHeaders.ts"
import { parseRunOverrides, RunOverrides } from "../../src/domain/EffectiveConfig.ts"

const anyCase = (name: string) => fc.constantFrom(name, name.toUpperCase(), name.replace("x-", "X-"))
const word = fc.stringMatching(/^[a-z]{0,5}$/)

describe("configurableHeaders", () => {
  it("takes the caller's own `x-*` headers, their names in lower case", () => {
    const name = fc.constantFrom("x-tone", "x-language", "x-request-id", "x-feature-flags")
    fc.assert(
      fc.property(name.chain((name) => fc.tuple(fc.constant(name), anyCase(name))), fc.string(), (names, value) => {
        const [name, written] = names
        assert.deepStrictEqual(configurableHeaders({ [written]: value }), { [name]: value })
      })
    )
  })

  it("takes none that routes, that carries a credential, or that is not the caller's own", () => {
    const named = fc.constantFrom("x-api-key", "x-tenant-id", "x-service-key", "x-supabase-access-token")
    const routing = word.map((word) => `x-forwarded-${word}`)
    const carrying = fc.tuple(
      word,
      fc.constantFrom(
        ..."token secret key auth cookie password passwd pwd credential session jwt oidc saml bearer signature".split(
          " "
        )
      ),
      word
    ).map(([before, credential, after]) => `x-${before}${credential}${after}`)
    const ordinary = fc.constantFrom("authorization", "cookie", "host", "accept", "__proto__", "x", "ax-tone")
    const unwanted = fc.oneof(named, routing, carrying, ordinary).chain(anyCase)
    fc.assert(fc.property(fc.dictionary(unwanted, fc.string(), { noNullPrototype: true }), (headers) => {
      assert.deepStrictEqual(configurableHeaders(headers), {})
    }))
  })

  it("takes no credential under whatever name", () => {
    const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    for (const value of [token, `Bearer ${token}`, "Bearer opaque", "basic dXNlcjpwYXNz", `v=1; t=${token}`]) {
      assert.deepStrictEqual(configurableHeaders({ "x-user": value }), {}, value)
    }
    assert.deepStrictEqual(configurableHeaders({ "x-user": "the bearer of rings" }), {
      "x-user": "the bearer of rings"
    })
  })
})

describe("RUN_OVERRIDES", () => {
  it.each([
    ["", RunOverrides.Safe()],
    [" Safe ", RunOverrides.Safe()],
    ["NONE", RunOverrides.None()],
    ["model_name", RunOverrides.Only({ keys: ["model_name"] })],
    [" model_name , apiKeys,", RunOverrides.Only({ keys: ["model_name", "apiKeys"] })]
  ])("%j is %j", (text, overrides) => assert.deepStrictEqual(parseRunOverrides(text), overrides))
})
