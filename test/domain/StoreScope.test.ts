import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { OrganizationId } from "../../src/domain/Principal.ts"
import {
  type ItemScope,
  namesOrganizations,
  organizationsIn,
  placeOf,
  refusedWrite,
  seesItem,
  sharedLabel,
  shownNamespace,
  type StoreActor,
  StorePlace
} from "../../src/domain/StoreScope.ts"
import { organization, principal } from "./Arbitraries.ts"

const label = fc.oneof(
  fc.constantFrom(sharedLabel, "kanzlei", "klinik", "verein", "anna", "ben", "*", "%", "'", "notes"),
  fc.string({ minLength: 1 })
)
const namespace = fc.array(label, { minLength: 1, maxLength: 5 })
const sharedNamespace = fc.array(label, { maxLength: 4 }).map((rest) => [sharedLabel, ...rest])

const actor: fc.Arbitrary<StoreActor> = fc.record({ principal, organization: fc.option(organization) })

/** Where an item comes to be that is put there. */
const scopeAt = ({ organization, principal }: StoreActor, place: StorePlace): ItemScope | undefined => {
  switch (place._tag) {
    case "Own":
      return { user: principal.userId, organization, category: place.category }
    case "Shared":
      return { user: null, organization: place.organization, category: place.category }
    case "Unclear":
      return undefined
  }
}

const roleIn = ({ principal }: StoreActor, id: OrganizationId) =>
  principal.memberships.find(({ organizationId }) => organizationId === id)?.role

describe("whose an item is", () => {
  it("no namespace leads to what its actor does not see", () => {
    fc.assert(fc.property(actor, fc.oneof(namespace, sharedNamespace), (actor, namespace) => {
      const place = placeOf(actor, namespace)
      const scope = scopeAt(actor, place)
      if (scope !== undefined && refusedWrite(actor, place) === undefined) assert.isTrue(seesItem(actor, scope))
    }))
  })

  it("a person's own is nobody else's, whatever both call it and whatever they share", () => {
    fc.assert(fc.property(actor, actor, namespace, (one, other, namespace) => {
      const scope = scopeAt(one, placeOf(one, namespace))
      fc.pre(scope !== undefined && scope.user !== null && one.principal.userId !== other.principal.userId)
      assert.isFalse(seesItem(other, scope))
    }))
  })

  it("what is shared is seen by the members of its organisation, and nobody else", () => {
    fc.assert(fc.property(actor, organization, namespace, (actor, id, category) => {
      const member = roleIn(actor, id) !== undefined && (actor.organization === null || actor.organization === id)
      assert.strictEqual(seesItem(actor, { user: null, organization: id, category }), member)
    }))
  })

  it("what is shared is written by its admins and owners, and nobody else", () => {
    fc.assert(fc.property(actor, sharedNamespace, (actor, namespace) => {
      const place = placeOf(actor, namespace)
      fc.pre(place._tag === "Shared")
      const may = ["owner", "admin"].includes(roleIn(actor, place.organization) ?? "")
      assert.strictEqual(refusedWrite(actor, place) === undefined, may)
    }))
  })

  it("a run of an organisation's agent comes across nothing of another organisation", () => {
    fc.assert(fc.property(actor, organization, fc.boolean(), namespace, (actor, id, own, category) => {
      fc.pre(actor.organization !== null && actor.organization !== id)
      assert.isFalse(seesItem(actor, { user: own ? actor.principal.userId : null, organization: id, category }))
    }))
  })

  it("an organisation that is not the actor's is a label like others, and never a way in", () => {
    fc.assert(fc.property(actor, organization, namespace, (actor, id, rest) => {
      fc.pre(!organizationsIn(actor).includes(id))
      const place = placeOf(actor, [sharedLabel, id, ...rest])
      if (place._tag === "Shared") {
        assert.notStrictEqual(place.organization, id)
        assert.deepStrictEqual(place.category, [id, ...rest])
      }
    }))
  })

  it("the name under which an item is shown leads back to it", () => {
    fc.assert(fc.property(actor, fc.oneof(namespace, sharedNamespace), namespace, (actor, namespace, asked) => {
      const place = placeOf(actor, namespace)
      const scope = scopeAt(actor, place)
      // Named twice is refused when it is written.
      fc.pre(scope !== undefined && !(place._tag === "Shared" && place.category[0] === place.organization))
      for (const prefix of [[], asked, namespace]) {
        const shown = shownNamespace(scope, namesOrganizations(actor, prefix))
        assert.deepStrictEqual(placeOf(actor, shown), place)
      }
    }))
  })

  it("a graph and its person mean the same by a namespace, where there is one organisation", () => {
    fc.assert(fc.property(principal, organization, fc.oneof(namespace, sharedNamespace), (principal, id, namespace) => {
      const [membership] = principal.memberships
      fc.pre(membership !== undefined)
      const person = { principal: { ...principal, memberships: [{ ...membership, organizationId: id }] } }
      assert.deepStrictEqual(
        placeOf({ ...person, organization: id }, namespace),
        placeOf({ ...person, organization: null }, namespace)
      )
    }))
  })

  it("whoever has left an organisation leaves what its agents kept, and keeps their own", () => {
    fc.assert(fc.property(principal, organization, namespace, (principal, id, category) => {
      fc.pre(principal.memberships.every(({ organizationId }) => organizationId !== id))
      const user = principal.userId
      for (const organization of [null, id]) {
        assert.isFalse(seesItem({ principal, organization }, { user, organization: id, category }))
        assert.isTrue(seesItem({ principal, organization }, { user, organization: null, category }))
      }
      assert.isDefined(refusedWrite({ principal, organization: id }, StorePlace.Own({ category })))
    }))
  })
})
