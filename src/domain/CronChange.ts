import { Result } from "effect"
import type { AssistantConfig } from "./Assistant.ts"
import type { Cron, CronRun, CronTiming, CronWritten, OnRunCompleted } from "./Cron.ts"
import { namesItsZone, type UnusableSchedule } from "./CronSchedule.ts"
import { planned } from "./CronTicks.ts"
import type { JsonObject } from "./Json.ts"
import type { MultitaskStrategy } from "./Run.ts"
import { mapSecrets, mask, secretsOf } from "./Secrets.ts"

/** What a request changes; what it does not name stays. */
export interface CronChange extends Partial<CronTiming> {
  readonly on_run_completed?: OnRunCompleted
  readonly request?: Partial<CronRun["request"]>
  readonly config?: AssistantConfig
  readonly context?: JsonObject
  readonly multitask_strategy?: MultitaskStrategy
  readonly metadata?: JsonObject
}

/** A mask keeps the secret that is there; without one it is, as in a run, the assistant's. */
const keepingSecrets = (present: AssistantConfig, next: AssistantConfig): AssistantConfig => {
  if (next.configurable === undefined) return next
  const secrets = secretsOf(present.configurable ?? {})
  const keep = mapSecrets(next.configurable, (value, place) => value === mask ? secrets.get(place) ?? mask : value)
  return { ...next, configurable: keep }
}

const timingAfter = (present: Cron, { enabled, end_time, schedule, timezone }: CronChange): CronTiming => ({
  schedule: schedule ?? present.schedule,
  timezone: timezone !== undefined
    ? timezone
    : schedule !== undefined && namesItsZone(schedule)
    ? null
    : present.timezone,
  end_time: end_time === undefined ? present.end_time : end_time,
  enabled: enabled ?? present.enabled
})

/**
 * A cron with a change applied: `metadata` merges key by key, everything else is replaced whole. Whoever changes when it
 * ticks, or enables it, gets the next tick after now; whoever enables it gives it a new chance.
 */
export const changed = (present: Cron, change: CronChange, now: Date): Result.Result<CronWritten, UnusableSchedule> => {
  const timing = timingAfter(present, change)
  const { next_run_date, schedule, timezone } = present
  const anew = change.schedule !== undefined || change.timezone !== undefined || change.end_time !== undefined
    || (timing.enabled && !present.enabled)
  const unchanged = Result.succeed({ schedule, timezone, next_run_date: timing.enabled ? next_run_date : null })
  return Result.map(anew ? planned({ ...timing, last_tick: present.last_tick }, now) : unchanged, (plan) => ({
    assistant_id: present.assistant_id,
    thread_id: present.thread_id,
    ...timing,
    ...plan,
    on_run_completed: change.on_run_completed ?? present.on_run_completed,
    run: {
      request: { ...present.run.request, ...change.request },
      config: change.config === undefined ? present.run.config : keepingSecrets(present.run.config, change.config),
      context: change.context ?? present.run.context,
      multitask_strategy: change.multitask_strategy ?? present.run.multitask_strategy
    },
    metadata: { ...present.metadata, ...change.metadata },
    last_error: change.enabled === true ? null : present.last_error,
    refusals: change.enabled === true ? 0 : present.refusals
  }))
}
