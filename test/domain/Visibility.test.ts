import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { canChange, canSee, isSynced, through } from "../../src/domain/Visibility.ts"
import { jsonObject, memberOwned, principal, provenance, syncedAgent } from "./Arbitraries.ts"

describe("who sees an assistant", () => {
  it("a member's own: its owner, nobody else, whatever they share", () => {
    fc.assert(fc.property(principal, memberOwned, (principal, provenance) => {
      assert.strictEqual(canSee(principal, { provenance }), principal.userId === provenance.owner)
    }))
  })

  it("an organisation's: its members, in any role", () => {
    const collective = syncedAgent.map((synced) => ({ ...synced, personalTo: null, retiredAt: null }))
    fc.assert(fc.property(principal, collective, (principal, provenance) => {
      const organizations = principal.memberships.map(({ organizationId }) => organizationId)
      assert.strictEqual(canSee(principal, { provenance }), organizations.includes(provenance.organizationId))
    }))
  })

  it("a personal agent's: that person, as long as they are in its organisation", () => {
    fc.assert(fc.property(principal, syncedAgent, principal, (principal, synced, { userId }) => {
      const collective = { ...synced, personalTo: null, retiredAt: null }
      assert.strictEqual(
        canSee(principal, { provenance: { ...collective, personalTo: userId } }),
        userId === principal.userId && canSee(principal, { provenance: collective })
      )
    }))
  })

  it("a retired one: nobody", () => {
    fc.assert(fc.property(principal, syncedAgent, fc.date({ noInvalidDate: true }), (principal, synced, retiredAt) => {
      assert.isFalse(canSee(principal, { provenance: { ...synced, retiredAt } }))
    }))
  })

  it("a graph's default: everybody", () => {
    fc.assert(fc.property(principal, (principal) => {
      assert.isTrue(canSee(principal, { provenance: { _tag: "Graph" } }))
    }))
  })
})

describe("through what somebody sees an assistant", () => {
  it("is told to whoever sees it, and to nobody else", () => {
    fc.assert(fc.property(principal, provenance, (principal, provenance) => {
      assert.strictEqual(through(principal, { provenance }) !== undefined, canSee(principal, { provenance }))
    }))
  })

  it("is the caller's own role in the organisation that the agent is of", () => {
    fc.assert(fc.property(principal, syncedAgent, (principal, provenance) => {
      const seen = through(principal, { provenance })
      if (seen === undefined) return
      assert.strictEqual(seen._tag, provenance.personalTo === null ? "Membership" : "Personal")
      assert(seen._tag === "Membership" || seen._tag === "Personal")
      assert.strictEqual(seen.organization_id, provenance.organizationId)
      const { organization_id: organizationId, role } = seen
      assert.deepInclude(principal.memberships, { organizationId, role })
    }))
  })

  it("is being its owner, or that it is a graph's default", () => {
    fc.assert(fc.property(principal, (principal) => {
      assert.deepStrictEqual(through(principal, { provenance: { _tag: "Graph" } }), { _tag: "Graph" })
      const own = { _tag: "Member", owner: principal.userId } as const
      assert.deepStrictEqual(through(principal, { provenance: own }), { _tag: "Owner" })
    }))
  })
})

describe("who changes an assistant", () => {
  it("only its owner, so nobody who does not see it, and nobody a synced one or a default", () => {
    fc.assert(fc.property(principal, provenance, (principal, provenance) => {
      const owns = provenance._tag === "Member" && provenance.owner === principal.userId
      assert.strictEqual(canChange(principal, { provenance }), owns)
      if (owns) assert.isTrue(canSee(principal, { provenance }))
      assert.strictEqual(isSynced(provenance), provenance._tag === "Agent")
    }))
  })
})

describe("metadata", () => {
  const claims = fc.record({
    owner: fc.constantFrom("anna", "ben", "cem", "system"),
    supabase_organization_id: fc.constantFrom("kanzlei", "klinik", "verein"),
    rest: jsonObject
  })

  it("never decides who sees or changes what", () => {
    fc.assert(fc.property(principal, provenance, claims, (principal, provenance, metadata) => {
      assert.strictEqual(canSee(principal, { provenance }), canSee(principal, withMetadata(provenance, metadata)))
      assert.strictEqual(canChange(principal, { provenance }), canChange(principal, withMetadata(provenance, metadata)))
    }))
  })

  const withMetadata = <P>(provenance: P, metadata: object) => ({ provenance, metadata, ...metadata })
})
