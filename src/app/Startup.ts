import { type Duration, Effect, Layer, Schedule } from "effect"
import type { SyncScope } from "../domain/SyncScope.ts"
import { Storage } from "../ports/Storage.ts"
import { agentReports } from "./AgentReports.ts"
import { watchAgents } from "./AgentWatch.ts"
import { syncScope } from "./usecases/FollowAgents.ts"

const whileAway = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("10 seconds")]).pipe(
  Schedule.jittered
)

export interface StartupOptions {
  readonly scope: SyncScope
  readonly compareEvery: Duration.Duration
}

/**
 * The sync at the start, and from then on what follows the agents' rows: in the background, when the database is there, so
 * that it delays nobody's first request.
 */
export const startupSync = ({ compareEvery, scope }: StartupOptions) =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      yield* (yield* Storage).awaitReady
      const report = yield* agentReports
      yield* syncScope(scope).pipe(
        Effect.retry({
          schedule: whileAway,
          while: ({ _tag }) => _tag === "StorageUnavailable" || _tag === "AgentTablesLocked"
        }),
        Effect.flatMap((plan) => report(plan, "Startup sync")),
        Effect.catchTag("AgentTablesUnreadable", (error) => Effect.logError(`Startup sync failed: ${error.message}`)),
        Effect.catchCause((cause) => Effect.logError("Startup sync failed", cause)),
        Effect.withSpan("startupSync")
      )
      // Nobody's lists are to follow what nobody wants synced.
      if (scope._tag !== "None") yield* watchAgents({ scope, compareEvery, report })
    }).pipe(Effect.forkScoped)
  )
