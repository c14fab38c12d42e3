import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { isUuid, newAssistantId, resolveAssistantId } from "../../src/domain/AssistantId.ts"
import { uuid } from "./Arbitraries.ts"

const blank = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\u00a0") })
const name = fc.string({ minLength: 1 }).filter((text) => text.trim() === text)
const fresh = () => "fresh"
const unwanted = () => assert.fail("made an id though one was given")

describe("the id of a new assistant", () => {
  it("is the caller's, without blanks around it", () => {
    fc.assert(fc.property(name.filter((text) => !isUuid(text)), blank, blank, (given, before, after) => {
      assert.strictEqual(newAssistantId(before + given + after, unwanted), given)
    }))
  })

  it("is in lower case if it is a UUID", () => {
    fc.assert(fc.property(uuid, (given) => assert.strictEqual(newAssistantId(given, unwanted), given.toLowerCase())))
    assert.strictEqual(newAssistantId("My-Assistant", unwanted), "My-Assistant")
  })

  it("is a fresh one if none is given, or nothing but blanks", () => {
    fc.assert(fc.property(fc.oneof(blank, fc.constant(null), fc.constant(undefined)), (given) => {
      assert.strictEqual(newAssistantId(given, fresh), "fresh")
    }))
  })
})

describe("a reference to an assistant", () => {
  const defaults = new Map([["agent", AssistantId.make("the-default-of-agent")]])

  it("by a graph's name means the graph's default", () => {
    assert.strictEqual(resolveAssistantId("agent", defaults), "the-default-of-agent")
    assert.strictEqual(resolveAssistantId("Agent", defaults), "Agent")
  })

  it("by anything else is an id as written, a UUID in any case", () => {
    fc.assert(fc.property(fc.oneof(uuid, name), (reference) => {
      fc.pre(!defaults.has(reference))
      assert.strictEqual(
        resolveAssistantId(reference, defaults),
        isUuid(reference) ? reference.toLowerCase() : reference
      )
    }))
    assert.strictEqual(resolveAssistantId("toString", defaults), "toString")
  })

  it("finds the assistant that was created under it", () => {
    fc.assert(fc.property(fc.oneof(uuid, name), (given) => {
      fc.pre(!defaults.has(given))
      assert.strictEqual(resolveAssistantId(given, defaults), newAssistantId(given, unwanted))
    }))
  })
})

describe("isUuid", () => {
  it("wants the dashes, the length and the digits", () => {
    fc.assert(fc.property(uuid, fc.nat({ max: 35 }), (id, at) => {
      assert.isTrue(isUuid(id))
      for (const wrong of [id.slice(0, at) + id.slice(at + 1), `${id.slice(0, at)}g${id.slice(at + 1)}`, `${id}\n`]) {
        assert.isFalse(isUuid(wrong), wrong)
      }
    }))
  })
})
