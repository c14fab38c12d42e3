import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { canonicalJson, containsJson } from "../../src/domain/Json.ts"
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

describe("containsJson", () => {
  it("holds of every value and itself, whatever the order of keys and members", () => {
    fc.assert(fc.property(json, (value) => assert.isTrue(containsJson(value, reordered(value)))))
    fc.assert(fc.property(fc.array(json), (list) => assert.isTrue(containsJson(list, list.toReversed()))))
  })

  it("holds of an object and any part of it, and of a list and any of its members", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), json), fc.func(fc.boolean()), (whole, keeps) => {
      const part = Object.fromEntries(Object.entries(whole).filter(([key]) => keeps(key)))
      assert.isTrue(containsJson({ a: whole }, { a: part }))
    }))
    fc.assert(fc.property(fc.array(json, { minLength: 1 }), fc.nat(), (list, at) => {
      assert.isTrue(containsJson(list, [list[at % list.length] ?? null]))
    }))
  })

  it.each([
    [{ a: 1 }, { a: "1" }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{}, { a: null }],
    [["a"], ["a", "b"]],
    [{ a: ["x"] }, { a: "x" }],
    [{ a: [{ b: 1 }, { c: 2 }] }, { a: [{ b: 1, c: 2 }] }],
    [{}, { toString: {} }],
    [null, {}]
  ])("%j does not contain %j", (value, wanted) => assert.isFalse(containsJson(value, wanted)))
})
