import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import fc from "fast-check"
import { conditionsOf } from "../../src/domain/StoreFilter.ts"
import {
  maxKeyBytes,
  maxLabels,
  maxValueBytes,
  textsAt,
  wrongWithKey,
  wrongWithNamespace,
  wrongWithValue
} from "../../src/domain/StoreItem.ts"
import { json, jsonObject } from "./Arbitraries.ts"

describe("what an item can be", () => {
  it("labels are words without periods and colons, and not too many", () => {
    for (const wrong of [[], [""], ["a.b"], ["a:b"], ["a", ""], ["a\0"], ["\ud800"], Array(maxLabels + 1).fill("a")]) {
      assert.isDefined(wrongWithNamespace(wrong), JSON.stringify(wrong))
    }
    for (const right of [["a"], ["*"], ["ü", "shared"], ["' or true --"], Array(maxLabels).fill("a")]) {
      assert.isUndefined(wrongWithNamespace(right), JSON.stringify(right))
    }
    assert.isDefined(wrongWithNamespace(Array(maxLabels).fill("ü".repeat(20))))
  })

  it("keys and values have limits in bytes, and what is wrong names no value", () => {
    assert.isUndefined(wrongWithKey("k".repeat(maxKeyBytes)))
    for (const wrong of ["", "a\0", "ü".repeat(maxKeyBytes), "\udfff"]) assert.isDefined(wrongWithKey(wrong))
    assert.isUndefined(wrongWithValue({ text: "a".repeat(maxValueBytes - 20) }))
    assert.isDefined(wrongWithValue({ text: "ü".repeat(maxValueBytes / 2) }))
    fc.assert(fc.property(fc.string({ minLength: 8 }), (secret) => {
      const told = [wrongWithKey(`${secret}\0`), wrongWithNamespace([secret, ""])]
      assert.isFalse(told.some((words) => words?.includes(secret) ?? true))
    }))
  })
})

describe("a filter", () => {
  it("asks for every key that it names, however deep", () => {
    assert.deepStrictEqual(
      conditionsOf({ a: 1, b: { c: { $gt: 2, $lte: 5 }, d: null }, e: { $in: [1, "x"] }, f: [1] }),
      Result.succeed([
        { path: ["a"], is: "$eq", operand: 1 },
        { path: ["b", "c"], is: "$gt", operand: 2 },
        { path: ["b", "c"], is: "$lte", operand: 5 },
        { path: ["b", "d"], is: "$eq", operand: null },
        { path: ["e"], is: "$in", operand: [1, "x"] },
        { path: ["f"], is: "$eq", operand: [1] }
      ])
    )
  })

  it("with a comparison that is not known is refused, not passed over", () => {
    for (const filter of [{ a: { $regex: "x" } }, { a: { b: { $like: 1 } } }, { a: { $in: 1 } }]) {
      assert.isTrue(Result.isFailure(conditionsOf(filter)))
    }
  })

  it("never breaks, whatever it holds", () => {
    fc.assert(fc.property(jsonObject, (filter) => {
      conditionsOf(filter)
    }))
  })
})

describe("the texts of a value", () => {
  const value = {
    title: "T",
    meta: { lang: "de", n: 3 },
    list: [{ text: "a" }, { text: "b" }, { other: 1 }],
    nothing: null
  }

  it("are found by their paths", () => {
    assert.deepStrictEqual(textsAt(value, "title"), ["T"])
    assert.deepStrictEqual(textsAt(value, "meta.lang"), ["de"])
    assert.deepStrictEqual(textsAt(value, "$.meta.n"), ["3"])
    assert.deepStrictEqual(textsAt(value, "list[*].text"), ["a", "b"])
    assert.deepStrictEqual(textsAt(value, "list[0].text"), ["a"])
    assert.deepStrictEqual(textsAt(value, "list[-1]"), ["{\"other\":1}"])
    assert.deepStrictEqual(textsAt(value, "$"), [JSON.stringify(value)])
    for (const path of ["nothing", "title.x", "meta[0]", "constructor", "list.length"]) {
      assert.deepStrictEqual(textsAt(value, path), [], path)
    }
  })

  it("are there or not, but never break", () => {
    fc.assert(fc.property(json, fc.string(), (value, path) => {
      textsAt(value, path)
    }))
  })
})
