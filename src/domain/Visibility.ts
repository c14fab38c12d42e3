import type { Assistant, Provenance } from "./Assistant.ts"
import type { Principal } from "./Principal.ts"
import { isMemberOf } from "./Principal.ts"

type Asked = Pick<Assistant, "provenance">

/**
 * Who sees an assistant (contract 3): its owner; the members of the organisation it was synced for, or of these only
 * the one it belongs to; graph defaults everybody. A retired one nobody.
 * `adapters/postgres/Visibility.ts` is the same rule for many rows; a property test holds the two together.
 */
export const canSee = (principal: Principal, { provenance }: Asked): boolean => {
  switch (provenance._tag) {
    case "Graph":
      return true
    case "Member":
      return provenance.owner === principal.userId
    case "Agent":
      return provenance.retiredAt === null
        && isMemberOf(principal, provenance.organizationId)
        && (provenance.personalTo === null || provenance.personalTo === principal.userId)
  }
}

/** Owners change their own; synced ones follow their agent, defaults their graph. */
export const canChange = (principal: Principal, { provenance }: Asked): boolean =>
  provenance._tag === "Member" && provenance.owner === principal.userId

export const isSynced = (provenance: Provenance): boolean => provenance._tag === "Agent"
