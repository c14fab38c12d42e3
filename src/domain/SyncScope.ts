import { Data, Option } from "effect"
import { isUuid } from "./AssistantId.ts"
import { OrganizationId } from "./Principal.ts"

/** Which agents a sync is about. */
export type SyncScope = Data.TaggedEnum<{
  None: {}
  All: {}
  Organizations: { readonly ids: ReadonlyArray<OrganizationId> }
}>
export const SyncScope = Data.taggedEnum<SyncScope>()

const organization = (term: string): Option.Option<OrganizationId> => {
  const id = term.startsWith("org:") ? term.slice(4).trim() : ""
  return isUuid(id) ? Option.some(OrganizationId.make(id)) : Option.none()
}

/** What a scope must look like, for whoever wrote another. */
export const syncScopeForm = "none, all, or org:<uuid>[,org:<uuid>…]"

/**
 * `none`, `all` or `org:<uuid>[,org:<uuid>…]`, in any case, blanks around each part, duplicates dropped (contract 1).
 * Nothing for anything else: a typing error must not sync more, or less, than was meant.
 */
export const parseSyncScope = (text: string): Option.Option<SyncScope> => {
  const terms = text.trim().toLowerCase().split(",").map((term) => term.trim())
  if (terms.length === 1 && (terms[0] === "none" || terms[0] === "")) return Option.some(SyncScope.None())
  if (terms.length === 1 && terms[0] === "all") return Option.some(SyncScope.All())
  return Option.map(
    Option.all(terms.map(organization)),
    (ids) => SyncScope.Organizations({ ids: [...new Set(ids)] })
  )
}
