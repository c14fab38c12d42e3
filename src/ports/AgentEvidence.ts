import type { Effect } from "effect"
import { Context } from "effect"
import type { Audience } from "../domain/AgentFacts.ts"
import type { AssistantContent, AssistantId, Provenance } from "../domain/Assistant.ts"
import type { OrganizationId, UserId } from "../domain/Principal.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

export interface StoredContent {
  readonly assistant_id: AssistantId
  readonly provenance: Provenance
  readonly content: AssistantContent
}

/** Who an agent is for: its whole organisation, or one of its members. */
export interface MeantFor {
  readonly organizationId: OrganizationId
  readonly personalTo: UserId | null
}

type Eff<A> = Effect.Effect<A, StorageUnavailable>

/** What an examination of agents reads beside their rows, for any number of them in one statement each. */
export class AgentEvidence extends Context.Service<AgentEvidence, {
  /** What holds these ids, with what it says. */
  readonly stored: (ids: ReadonlyArray<AssistantId>) => Eff<ReadonlyArray<StoredContent>>
  /** How many people each is for who are there now, in the order asked. */
  readonly audiences: (meant: ReadonlyArray<MeantFor>) => Eff<ReadonlyArray<Audience>>
}>()("throughline/ports/AgentEvidence") {}
