import { Data, Schema } from "effect"
import type { OrganizationId, Principal, UserId } from "./Principal.ts"
import { isMemberOf, organizationsOf } from "./Principal.ts"
import type { Namespace } from "./StoreItem.ts"

/** Who asks the store: a person, or a run for a person. */
export interface StoreActor {
  readonly principal: Principal
  /** The organisation whose agent runs; null: a person's own request, or a run of what is no organisation's. */
  readonly organization: OrganizationId | null
}

/** Whose an item is, in columns that only the server writes. */
export interface ItemScope {
  /** Null: shared with the organisation. */
  readonly user: UserId | null
  /** Of what is shared, with whom; of a person's own, in the run of whose agent it was written, if in any's. */
  readonly organization: OrganizationId | null
  /** The rest of the namespace. */
  readonly category: Namespace
}

/** The first label of what is shared with an organisation. Everything else is the person's own. */
export const sharedLabel = "shared"

/** Whose items an actor may come across: a run of an organisation's agent sees nothing of another organisation. */
export const organizationsIn = ({ organization, principal }: StoreActor): ReadonlyArray<OrganizationId> => {
  if (organization === null) return organizationsOf(principal)
  return isMemberOf(principal, organization) ? [organization] : []
}

/** Where a namespace leads. */
export type StorePlace = Data.TaggedEnum<{
  Own: { readonly category: Namespace }
  Shared: { readonly organization: OrganizationId; readonly category: Namespace }
  /** Shared, by a person of several organisations who does not say with which, or of none. */
  Unclear: { readonly choices: number }
}>
export const StorePlace = Data.taggedEnum<StorePlace>()

/**
 * `["shared", …]` is the organisation's, where there is but one; `["shared", "<organisation id>", …]` says which. Any
 * other id there is a label like all others: a caller cannot name an organisation that is not theirs.
 */
export const placeOf = (actor: StoreActor, namespace: Namespace): StorePlace => {
  const [first, named, ...rest] = namespace
  if (first !== sharedLabel) return StorePlace.Own({ category: namespace })
  const organizations = organizationsIn(actor)
  const organization = organizations.find((id) => id === named)
  if (organization !== undefined) return StorePlace.Shared({ organization, category: rest })
  const [only, ...others] = organizations
  return only !== undefined && others.length === 0
    ? StorePlace.Shared({ organization: only, category: namespace.slice(1) })
    : StorePlace.Unclear({ choices: organizations.length })
}

/** Whether the organisation stands in the names of shared items: there are several, or the asker has named it. */
export const namesOrganizations = (actor: StoreActor, asked: Namespace): boolean => {
  const organizations = organizationsIn(actor)
  return organizations.length > 1 || (asked[0] === sharedLabel && organizations.some((id) => id === asked[1]))
}

/** An item's namespace as the actor writes it: `placeOf` of it leads back. `adapters/postgres/StoreRows.ts` is its twin. */
export const shownNamespace = ({ category, organization, user }: ItemScope, named: boolean): Namespace => {
  if (user !== null) return category
  return named && organization !== null ? [sharedLabel, organization, ...category] : [sharedLabel, ...category]
}

/** Who comes across an item. `adapters/postgres/StoreRows.ts` is the same rule for many rows; a property test holds both. */
export const seesItem = (actor: StoreActor, { organization, user }: ItemScope): boolean => {
  const among = organizationsIn(actor).some((id) => id === organization)
  return user === null ? among : user === actor.principal.userId && (organization === null || among)
}

/** Not the actor's to write. */
export class StoreReadOnly extends Schema.TaggedError<StoreReadOnly>()("StoreReadOnly", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

const roles: ReadonlyArray<string> = ["owner", "admin"]

/** Why an actor may not write there, or nothing if they may. */
export const refusedWrite = (actor: StoreActor, place: StorePlace): StoreReadOnly | undefined => {
  switch (place._tag) {
    case "Own":
      return actor.organization === null || isMemberOf(actor.principal, actor.organization)
        ? undefined
        : new StoreReadOnly({ reason: "The organisation whose agent this is does not have you as a member any more" })
    case "Shared":
      return actor.principal.memberships.some(({ organizationId, role }) =>
          organizationId === place.organization && roles.includes(role)
        )
        ? undefined
        : new StoreReadOnly({
          reason: `What begins with "${sharedLabel}" is the organisation's: its members read it, its admins and owners `
            + "write it. Any other namespace is your own"
        })
    case "Unclear":
      return place.choices > 0
        ? undefined
        : new StoreReadOnly({
          reason: `What begins with "${sharedLabel}" is an organisation's, and you belong to none`
        })
  }
}

/** What an item of a person's own is marked with. */
export const markOf = ({ organization }: StoreActor): OrganizationId | null => organization
