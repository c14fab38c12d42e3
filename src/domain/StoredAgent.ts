import { Ownership } from "./Agent.ts"
import { contentHashOf, type StoredAssistant, type SyncWorld } from "./AgentSync.ts"
import type { AssistantContent } from "./Assistant.ts"

/**
 * What is stored, with the digest of what it really says: none, where that is not what was noted when it was written.
 * Somebody has changed it since, by hand, and a comparison of digests would not see it.
 */
export const trulyStored = (
  { assistant_id, content, provenance }: StoredAssistant & { readonly content: AssistantContent },
  digest: SyncWorld["digest"]
): StoredAssistant => {
  if (provenance._tag !== "Agent") return { assistant_id, provenance }
  const { personalTo } = provenance
  const { synced_at: _, ...metadata } = content.metadata
  const ownership = personalTo === null ? Ownership.Organization() : Ownership.Personal({ userId: personalTo })
  const says = contentHashOf({ ownership }, { ...content, metadata }, digest)
  const itsOwn = says === provenance.contentHash
    && metadata["supabase_organization_id"] === provenance.organizationId
  return { assistant_id, provenance: itsOwn ? provenance : { ...provenance, contentHash: "" } }
}
