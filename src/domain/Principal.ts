import { Schema } from "effect"

/** A person: the `sub` of a Supabase token. */
export const UserId = Schema.NonEmptyString.pipe(Schema.brand("UserId"))
export type UserId = typeof UserId.Type

export const OrganizationId = Schema.NonEmptyString.pipe(Schema.brand("OrganizationId"))
export type OrganizationId = typeof OrganizationId.Type

export const Role = Schema.Literals(["owner", "admin", "member"])
export type Role = typeof Role.Type

export interface Membership {
  readonly organizationId: OrganizationId
  readonly role: Role
}

/**
 * Who is asking. Every query that returns tenants' data takes one; there is no way to ask without.
 * Memberships come from the database, never from the token: users write their `user_metadata` themselves.
 */
export interface Principal {
  readonly userId: UserId
  readonly memberships: ReadonlyArray<Membership>
}

export const isMemberOf = (principal: Principal, organizationId: OrganizationId): boolean =>
  principal.memberships.some((membership) => membership.organizationId === organizationId)

export const organizationsOf = (principal: Principal): ReadonlyArray<OrganizationId> =>
  principal.memberships.map((membership) => membership.organizationId)
