import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import fc from "fast-check"
import { OrganizationId } from "../../src/domain/Principal.ts"
import { parseSyncScope, SyncScope } from "../../src/domain/SyncScope.ts"
import { uuid } from "./Arbitraries.ts"

const blanks = fc.string({ unit: fc.constantFrom(" ", "\t"), maxLength: 3 })
const padded = (text: fc.Arbitrary<string>) => fc.tuple(blanks, text, blanks).map((parts) => parts.join(""))
const anyCase = (word: string) =>
  fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length }).map((shouts) =>
    [...word].map((letter, index) => shouts[index] === true ? letter.toUpperCase() : letter).join("")
  )

/** An organisation, in some spelling. */
const term = padded(fc.tuple(anyCase("org:"), padded(uuid)).map((parts) => parts.join("")))
const idIn = (term: string) => OrganizationId.make(term.trim().slice(4).trim().toLowerCase())

describe("AGENT_SYNC_SCOPE", () => {
  it("is one word in any spelling", () => {
    fc.assert(fc.property(padded(anyCase("none")), (text) => {
      assert.deepStrictEqual(parseSyncScope(text), Option.some(SyncScope.None()))
    }))
    fc.assert(fc.property(padded(anyCase("all")), (text) => {
      assert.deepStrictEqual(parseSyncScope(text), Option.some(SyncScope.All()))
    }))
    fc.assert(fc.property(blanks, (text) => {
      assert.deepStrictEqual(parseSyncScope(text), Option.some(SyncScope.None()))
    }))
  })

  it("is a list of organisations in any spelling, each counted once", () => {
    fc.assert(fc.property(fc.array(term, { minLength: 1 }), fc.nat(), (terms, again) => {
      const repeated = [...terms, (terms[again % terms.length] ?? "").toUpperCase()]
      const ids = [...new Set(terms.map(idIn))]
      assert.deepStrictEqual(parseSyncScope(repeated.join(",")), Option.some(SyncScope.Organizations({ ids })))
    }))
  })

  it("is nothing at all if any part of it is malformed", () => {
    const wrong = fc.oneof(
      fc.constantFrom("", "none", "all", "org:", "org", "*", "org:all", "organization"),
      uuid,
      uuid.map((id) => `org:${id.slice(1)}`),
      uuid.map((id) => `org:${id} ${id}`),
      uuid.map((id) => `org:org:${id}`),
      uuid.map((id) => `team:${id}`)
    )
    fc.assert(fc.property(fc.array(term, { minLength: 1 }), wrong, fc.nat(), (terms, wrong, at) => {
      const text = terms.toSpliced(at % (terms.length + 1), 0, wrong).join(",")
      assert.deepStrictEqual(parseSyncScope(text), Option.none())
    }))
    for (const text of ["all,none", "all;", "true", "none none", ",", "org:*", "orgs:all"]) {
      assert.deepStrictEqual(parseSyncScope(text), Option.none(), text)
    }
  })
})
