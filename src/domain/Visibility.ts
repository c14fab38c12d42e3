import type { Assistant, Provenance } from "./Assistant.ts"
import type { OrganizationId, Principal, Role } from "./Principal.ts"

type Asked = Pick<Assistant, "provenance">

/** Through what a caller sees an assistant. */
export type Through =
  | { readonly _tag: "Owner" }
  | { readonly _tag: "Membership"; readonly organization_id: OrganizationId; readonly role: Role }
  /** The caller's own agent, which nobody else sees. */
  | { readonly _tag: "Personal"; readonly organization_id: OrganizationId; readonly role: Role }
  | { readonly _tag: "Graph" }

/**
 * Who sees an assistant (contract 3): its owner; the members of the organisation it was synced for, or of these only
 * the one it belongs to; graph defaults everybody. A retired one nobody.
 * `adapters/postgres/Visibility.ts` is the same rule for many rows; a property test holds the two together.
 */
export const through = (principal: Principal, { provenance }: Asked): Through | undefined => {
  switch (provenance._tag) {
    case "Graph":
      return { _tag: "Graph" }
    case "Member":
      return provenance.owner === principal.userId ? { _tag: "Owner" } : undefined
    case "Agent": {
      const { organizationId, personalTo, retiredAt } = provenance
      const membership = principal.memberships.find((membership) => membership.organizationId === organizationId)
      if (retiredAt !== null || membership === undefined) return undefined
      if (personalTo !== null && personalTo !== principal.userId) return undefined
      const _tag = personalTo === null ? "Membership" : "Personal"
      return { _tag, organization_id: organizationId, role: membership.role }
    }
  }
}

export const canSee = (principal: Principal, asked: Asked): boolean => through(principal, asked) !== undefined

/** Owners change their own; synced ones follow their agent, defaults their graph. */
export const canChange = (principal: Principal, { provenance }: Asked): boolean =>
  provenance._tag === "Member" && provenance.owner === principal.userId

export const isSynced = (provenance: Provenance): boolean => provenance._tag === "Agent"
