import type { Effect, Option } from "effect"
import { Context } from "effect"
import type { AssistantId } from "../domain/Assistant.ts"
import type { StorageUnavailable } from "./StorageUnavailable.ts"

type Eff<A> = Effect.Effect<A, StorageUnavailable>

/** When assistants were last seen to say what their agents' rows say: what counts while those can't be read. */
export class AgentSightings extends Context.Service<AgentSightings, {
  /** For how long what was seen may serve without another look. */
  readonly allowedSeconds: number
  /** One agreed with its row at the moment, by this server's clock, at which the row was asked for. */
  readonly saw: (id: AssistantId, asked: Date) => Effect.Effect<void>
  /** All of them agreed with their rows at the moment at which those were asked for: for all replicas to know. */
  readonly sawAll: (asked: Date) => Effect.Effect<void>
  /** When one of them last agreed, as far as this server or the database knows. */
  readonly last: (id: AssistantId) => Eff<Option.Option<Date>>
  /** When all of them last did. */
  readonly lastAll: Eff<Option.Option<Date>>
  /** Since then at the latest each of them has agreed at some time, be it a different one for each. */
  readonly leastRecent: Eff<Option.Option<Date>>
}>()("throughline/ports/AgentSightings") {}
