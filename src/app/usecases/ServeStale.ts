import { Clock, Effect, Option } from "effect"
import type { AssistantId } from "../../domain/Assistant.ts"
import { AgentsUnreadable, servedUnread } from "../../domain/Staleness.ts"
import { AgentSightings } from "../../ports/AgentSightings.ts"
import type { AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { noteStale } from "../../ports/StaleAnswers.ts"

const decide = Effect.fnUntraced(function*(lastSeen: Option.Option<Date>, error: AgentTablesUnreadable) {
  const { allowedSeconds } = yield* AgentSightings
  const served = servedUnread(lastSeen, new Date(yield* Clock.currentTimeMillis), allowedSeconds)
  if (served._tag === "Refused") {
    return yield* new AgentsUnreadable({ why: error.message, tooOld: { since: served.since, allowedSeconds } })
  }
  yield* Effect.logWarning(`Serving assistants as they were last synced: ${error.message}`).pipe(
    Effect.annotateLogs({ stale_since: served.since.toISOString() })
  )
  yield* noteStale(served.since)
  return served.since
})

/** Without its row an assistant serves as it was last seen to agree with it, for a while, and that is said. */
export const servedStale = Effect.fnUntraced(function*(id: AssistantId, error: AgentTablesUnreadable) {
  return yield* decide(yield* (yield* AgentSightings).last(id), error)
})

/**
 * Before assistants are listed. Where they are only synced as they are looked up, nothing ever compared all of them: then a
 * list is as old as the oldest of them, and is shown whatever its age.
 */
export const listsMayBeStale = Effect.gen(function*() {
  const { lastAll, leastRecent } = yield* AgentSightings
  const error = yield* (yield* AgentSource).unreadable
  if (Option.isNone(error)) return
  const all = yield* lastAll
  if (Option.isSome(all)) return yield* Effect.asVoid(decide(all, error.value))
  const oldest = yield* leastRecent
  if (Option.isSome(oldest)) yield* noteStale(oldest.value)
}).pipe(Effect.withSpan("listsMayBeStale"))

/** What can't be decided without a look at the agents. Where there never were any, there is nothing to look at. */
export const unlessThereAreAgents = Effect.fnUntraced(function*(error: AgentTablesUnreadable) {
  const { lastAll, leastRecent } = yield* AgentSightings
  if (Option.isNone(yield* lastAll) && Option.isNone(yield* leastRecent)) return
  return yield* new AgentsUnreadable({ why: error.message, tooOld: null })
})
