import { Clock, Duration, Effect, Option, Ref, Schedule } from "effect"
import { isUpToDate, type SyncPlan } from "../domain/AgentSync.ts"
import type { SyncScope } from "../domain/SyncScope.ts"
import { AgentChanges } from "../ports/AgentChanges.ts"
import type { ReportAgents } from "./AgentReports.ts"
import { periodically } from "./Background.ts"
import { syncMissed } from "./Metrics.ts"
import { compareAgents, followAgents, lookInTurn } from "./usecases/FollowAgents.ts"

/** How often all replicas together look, as long as that is cheap: often enough for lists to follow within two seconds. */
const usualPause = Duration.millis(700)
/** Looking may cost the database a twentieth of a core, syncing a quarter of one. */
const pausesPerLook = 20
const pausesPerSync = 3
/** Replicas take turns, and none is to come a moment too early and wait for all of its pause again. */
const turn = 0.9

/** Who writes one row often writes another: told of the first, one waits for the next. */
const gathering = Duration.millis(25)

export interface WatchOptions {
  readonly scope: SyncScope
  readonly compareEvery: Duration.Duration
  readonly report: ReportAgents
}

/**
 * Keeps the assistants of a scope at what the agents' rows say, so that lists do: looked for every second, at once where
 * the consumer's tables tell. On every replica; they take turns.
 */
export const watchAgents = Effect.fnUntraced(function*({ compareEvery, report, scope }: WatchOptions) {
  const changes = yield* AgentChanges
  const told = yield* changes.told
  const pause = yield* Ref.make(usualPause)
  const compareAt = yield* Ref.make((yield* Clock.currentTimeMillis) + Duration.toMillis(compareEvery))
  const trouble = yield* Ref.make<string | undefined>(undefined)
  yield* syncMissed(0)
  // Nobody looks in turn before there is a turn to take.
  yield* changes.comparisonIsDue(scope, compareEvery).pipe(Effect.retry(Schedule.jittered(Schedule.spaced("1 second"))))

  /** After a look that found nothing new, or a sync. */
  const overTrouble = Effect.gen(function*() {
    if ((yield* Ref.getAndSet(trouble, undefined)) !== undefined) {
      yield* Effect.logInfo("The agents' tables can be read again: lists follow them")
    }
  })

  /** A line for what has changed; that nothing has is nobody's news. */
  const tell = (plan: SyncPlan) => report(plan, isUpToDate(plan) ? undefined : "Sync")

  const follow = Effect.gen(function*() {
    const [took, plan] = yield* Effect.timed(followAgents(scope))
    yield* overTrouble
    if (plan === undefined) return
    yield* Ref.update(pause, (present) => Duration.max(present, Duration.times(took, pausesPerSync)))
    yield* tell(plan)
  })

  const look = Effect.gen(function*() {
    const present = yield* Ref.get(pause)
    const found = yield* lookInTurn(scope, Duration.times(present, turn))
    if (Option.isNone(found)) return
    yield* Ref.set(pause, Duration.max(usualPause, Duration.times(found.value.took, pausesPerLook)))
    yield* found.value.known ? overTrouble : follow
  })

  const compare = Effect.gen(function*() {
    const millis = yield* Clock.currentTimeMillis
    if (millis < (yield* Ref.get(compareAt))) return
    yield* Ref.set(compareAt, millis + Duration.toMillis(compareEvery))
    if (!(yield* changes.comparisonIsDue(scope, Duration.times(compareEvery, turn)))) return
    const { missed, plan } = yield* compareAgents(scope)
    yield* syncMissed(missed)
    if (missed > 0) {
      yield* Effect.logWarning(`Comparing everything found ${missed} difference(s) that no look had shown`)
    }
    yield* tell(plan)
  })

  const round = Effect.gen(function*() {
    const wasTold = yield* Effect.raceFirst(
      Effect.as(told, true),
      Effect.flatMap(Ref.get(pause), (present) => Effect.as(Effect.sleep(present), false))
    )
    yield* wasTold ? Effect.andThen(Effect.sleep(gathering), follow) : look
    yield* compare
  }).pipe(
    Effect.catchTags({
      // The adapter has said so.
      StorageUnavailable: () => Effect.void,
      AgentTablesUnreadable: ({ message }) => say(message),
      AgentTablesLocked: ({ message }) => say(message)
    })
  )

  /** Once, however often it is tried. */
  const say = Effect.fnUntraced(function*(message: string) {
    if ((yield* Ref.getAndSet(trouble, message)) === message) return
    yield* Effect.logWarning(`Lists stay as they were last synced: ${message}`)
  })

  yield* periodically("follow-agents", "1 millis", round)
})
