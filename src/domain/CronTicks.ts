import { Option, Result } from "effect"
import type { Cron, CronProgress, CronTiming } from "./Cron.ts"
import { type CronSchedule, parseSchedule, tickAfter, UnusableSchedule } from "./CronSchedule.ts"
import type { RunId } from "./Run.ts"

/** Refused so often in a row, for a reason that does not pass by itself, a cron is disabled. */
export const refusalsEndured = 10

/** A tick that nobody took up for longer is told as late. */
const lateAfterSeconds = 60

const later = (one: Date, other: Date | null): Date => other !== null && other > one ? other : one

/** The next tick, if it goes on: never the one it has had, whatever a server's clock says. */
const following = (
  schedule: CronSchedule,
  { end_time, last_tick }: Pick<Cron, "end_time" | "last_tick">,
  now: Date
): Option.Option<Date> =>
  Option.filter(tickAfter(schedule, later(now, last_tick)), (tick) => end_time === null || tick <= end_time)

const unusable = (field: UnusableSchedule["field"], why: string) => Result.fail(new UnusableSchedule({ field, why }))

/** When a cron that is made or changed ticks next, with its schedule as it is kept; one that never ticks is refused. */
export const planned = (
  timing: CronTiming & Pick<Cron, "last_tick">,
  now: Date
): Result.Result<Pick<Cron, "next_run_date" | "schedule" | "timezone">, UnusableSchedule> =>
  Result.gen(function*() {
    const { enabled, end_time } = timing
    const schedule = yield* parseSchedule(timing.schedule, timing.timezone)
    if (end_time !== null && end_time <= now) return yield* unusable("end_time", "end_time is in the past")
    const next = following(schedule, timing, now)
    if (Option.isNone(next)) {
      return yield* end_time === null
        ? unusable("schedule", "schedule does not fire within the next decades")
        : unusable("end_time", "schedule does not fire before end_time")
    }
    const next_run_date = enabled ? next.value : null
    return { schedule: schedule.expression, timezone: schedule.timezone, next_run_date }
  })

/** What came of a tick. */
export type TickOutcome =
  | { readonly _tag: "Ran"; readonly run_id: RunId }
  /** `passing`: the thread is busy, or too much waits already. */
  | { readonly _tag: "Refused"; readonly why: string; readonly passing: boolean }
  /** The cron's end had come before anybody could take it up: nothing runs after that. */
  | { readonly _tag: "Over" }

/**
 * A cron after the tick that is due. Ticks that were missed meanwhile are not made up for one by one: the next is after
 * now, so that at most one run comes late.
 */
export const ticked = (cron: Cron, now: Date, outcome: TickOutcome): CronProgress => {
  const tick = cron.next_run_date ?? now
  const next = Result.match(parseSchedule(cron.schedule, cron.timezone), {
    onFailure: () => null,
    onSuccess: (schedule) => Option.getOrNull(following(schedule, { ...cron, last_tick: tick }, now))
  })
  const { enabled, last_error, last_run_id, refusals } = cron
  const went = { enabled, last_error, last_run_id, refusals, next_run_date: next, last_tick: tick }
  switch (outcome._tag) {
    case "Over":
      return { ...went, next_run_date: null }
    case "Ran":
      return { ...went, last_run_id: outcome.run_id, last_error: null, refusals: 0 }
    case "Refused": {
      const inARow = outcome.passing ? refusals : refusals + 1
      return inARow < refusalsEndured
        ? { ...went, last_error: outcome.why, refusals: inARow }
        : { ...went, ...stopped(`${inARow} ticks in a row were refused. ${outcome.why}`), refusals: inARow }
    }
  }
}

/** A cron that somebody else than its owner ended. */
export const stopped = (why: string) => ({ enabled: false, next_run_date: null, last_error: `Disabled: ${why}` })

export const isOver = ({ end_time }: Pick<Cron, "end_time">, now: Date): boolean => end_time !== null && end_time < now

export const isLate = ({ next_run_date }: Pick<Cron, "next_run_date">, now: Date): boolean =>
  next_run_date !== null && now.getTime() - next_run_date.getTime() > lateAfterSeconds * 1000
