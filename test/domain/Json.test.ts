import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { canonicalJson } from "../../src/domain/Json.ts"
import { json, reordered } from "./Arbitraries.ts"

describe("canonicalJson", () => {
  it("does not care in which order keys were written down", () => {
    fc.assert(fc.property(json, (value) => assert.strictEqual(canonicalJson(reordered(value)), canonicalJson(value))))
  })

  it("is JSON of the same value, so that different values have different texts", () => {
    fc.assert(fc.property(json, (value) => {
      assert.deepStrictEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
    }))
  })

  it.each([
    [{ a: 1 }, { a: "1" }],
    [{ a: null }, {}],
    [["a", "b"], ["b", "a"]],
    [["a,b"], ["a", "b"]],
    [[], {}],
    [JSON.parse("{\"__proto__\":1}"), {}]
  ])("tells %j from %j", (left, right) => assert.notStrictEqual(canonicalJson(left), canonicalJson(right)))
})
