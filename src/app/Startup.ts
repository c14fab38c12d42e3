import { Effect, Layer, Schedule } from "effect"
import { syncSummary } from "../domain/AgentSync.ts"
import type { SyncScope } from "../domain/SyncScope.ts"
import { Storage } from "../ports/Storage.ts"
import { agentsSynced } from "./Metrics.ts"
import { syncAgents } from "./usecases/SyncAgents.ts"

const whileAway = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("10 seconds")]).pipe(
  Schedule.jittered
)

/** The sync at the start: in the background, when the database is there, so that it delays nobody's first request. */
export const startupSync = (scope: SyncScope) =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      yield* (yield* Storage).awaitReady
      const plan = yield* syncAgents(scope).pipe(
        Effect.retry({ schedule: whileAway, while: (error) => error._tag === "StorageUnavailable" })
      )
      yield* agentsSynced(plan)
      yield* Effect.logInfo(syncSummary(plan)).pipe(Effect.annotateLogs({
        total: plan.total,
        created: plan.create.length,
        updated: plan.update.length,
        skipped: plan.skipped,
        failed: plan.failed.length,
        retired: plan.retire.length
      }))
    }).pipe(
      Effect.catchTag("AgentTablesUnreadable", (error) => Effect.logError(`Startup sync failed: ${error.message}`)),
      Effect.catchCause((cause) => Effect.logError("Startup sync failed", cause)),
      Effect.withSpan("startupSync"),
      Effect.forkScoped
    )
  )
