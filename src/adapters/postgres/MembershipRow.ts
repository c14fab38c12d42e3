import { Schema } from "effect"
import { OrganizationId, Role } from "../../domain/Principal.ts"

export const MembershipRow = Schema.Struct({ organizationId: OrganizationId, role: Role })
