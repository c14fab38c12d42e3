import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { AssistantChange, AssistantContent } from "../../src/domain/Assistant.ts"
import { applyChange, ownedMetadata } from "../../src/domain/Assistant.ts"
import { jsonObject, user } from "./Arbitraries.ts"

const fields = {
  graph_id: fc.string(),
  name: fc.string(),
  description: fc.option(fc.string()),
  config: fc.record({ configurable: jsonObject, recursion_limit: fc.nat() }, { requiredKeys: [] }),
  context: jsonObject,
  metadata: jsonObject
}
const content: fc.Arbitrary<AssistantContent> = fc.record(fields)
const change: fc.Arbitrary<AssistantChange> = fc.record(fields, { requiredKeys: [] })

describe("applyChange", () => {
  it("leaves what the change does not name as it is, and replaces whole what it names", () => {
    fc.assert(fc.property(content, change, (before, change) => {
      const { metadata: _, ...rest } = change
      const { metadata, ...after } = applyChange(before, change)
      const { metadata: old, ...whole } = before
      assert.deepStrictEqual(after, { ...whole, ...rest })
      assert.deepStrictEqual(metadata, { ...old, ...change.metadata })
    }))
  })

  it("changes nothing without a change, and nothing more the second time", () => {
    fc.assert(fc.property(content, change, (before, change) => {
      assert.deepStrictEqual(applyChange(before, {}), before)
      const once = applyChange(before, change)
      assert.deepStrictEqual(applyChange(once, change), once)
    }))
  })

  it("takes null for a description as 'none', and an empty name as a name", () => {
    fc.assert(fc.property(content, (before) => {
      const after = applyChange(before, { description: null, name: "" })
      assert.deepStrictEqual(after, { ...before, description: null, name: "" })
    }))
  })
})

describe("ownedMetadata", () => {
  const serverKeys = ["owner", "supabase_agent_id", "supabase_organization_id", "synced_at"]
  const claims = fc.dictionary(fc.constantFrom(...serverKeys), fc.string(), { noNullPrototype: true })

  it("keeps what a member wrote, except where it speaks for the server", () => {
    fc.assert(fc.property(jsonObject, claims, user, (written, claims, owner) => {
      fc.pre(!serverKeys.some((key) => Object.hasOwn(written, key)))
      assert.deepStrictEqual(ownedMetadata({ ...written, ...claims }, owner), { ...written, owner })
    }))
  })
})
