import { Cron, DateTime, Option, Result, Schema } from "effect"

/** A schedule that can't be kept, and which key of the request is to blame. */
export class UnusableSchedule extends Schema.TaggedError<UnusableSchedule>()("UnusableSchedule", {
  field: Schema.Literals(["schedule", "timezone", "end_time"]),
  why: Schema.String
}) {
  override get message() {
    return this.why
  }
}

const unusable = (field: UnusableSchedule["field"], why: string) => Result.fail(new UnusableSchedule({ field, why }))

/** When a cron ticks: five fields, read on the clocks of a time zone; UTC without one. */
export interface CronSchedule {
  readonly expression: string
  readonly timezone: string | null
  readonly cron: Cron.Cron
}

/** As crontabs write a zone into the line itself. */
const zonePrefix = /^(?:CRON_)?TZ=(\S+)\s+/

export const namesItsZone = (text: string): boolean => zonePrefix.test(text.trim())

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Whether any of its days is in the calendar at all: a search for one that is not would look through decades. As crontabs
 * have it, days of the month and of the week are either or, unless one of them begins with a star.
 */
const hasADay = ({ days, months, weekdays }: Cron.Cron, fields: ReadonlyArray<string>): boolean => {
  const either = [fields[2], fields[4]].every((field) => field?.startsWith("*") === false)
  if (days.size === 0 || (weekdays.size > 0 && either)) return true
  return daysOfMonth.some((last, index) =>
    (months.size === 0 || months.has(index + 1)) && [...days].some((day) => day <= last)
  )
}

const zoneOf = (timezone: string | null, prefix: string | undefined) => {
  if (timezone !== null && prefix !== undefined && timezone !== prefix) {
    return unusable(
      "timezone",
      `schedule names the time zone ${prefix}, timezone is ${timezone}: leave one of them out`
    )
  }
  const name = timezone ?? prefix ?? null
  const zone = DateTime.zoneMakeNamed(name ?? "UTC")
  return Option.isSome(zone)
    ? Result.succeed({ name, zone: zone.value })
    : unusable("timezone", `${JSON.stringify(name)} is not a time zone; it must be an IANA name, as in Europe/Berlin`)
}

/** The schedule that a text means. What it says about its zone is taken out of it. */
export const parseSchedule = (
  text: string,
  timezone: string | null
): Result.Result<CronSchedule, UnusableSchedule> =>
  Result.gen(function*() {
    const prefix = zonePrefix.exec(text.trim())
    const expression = text.trim().slice(prefix?.[0].length ?? 0)
    const { name, zone } = yield* zoneOf(timezone, prefix?.[1])
    const fields = expression.split(/\s+/)
    if (fields.length !== 5) {
      return yield* unusable("schedule", "schedule must have five fields: minute hour day-of-month month day-of-week")
    }
    const read = (onDstOverlap: Cron.DstOverlapPolicy) =>
      Result.mapError(
        Cron.parse(expression, zone, { onDstOverlap }),
        ({ message }) => new UnusableSchedule({ field: "schedule", why: `schedule can't be read: ${message}` })
      )
    const once = yield* read("earlier")
    // Every hour means every hour, also one that comes twice; any other time is meant once a day.
    const cron = once.hours.size % 24 === 0 ? yield* read("both") : once
    if (!hasADay(cron, fields)) {
      return yield* unusable("schedule", `schedule ${JSON.stringify(expression)} never fires: there is no such day`)
    }
    return { expression, timezone: name, cron }
  })

/**
 * The first tick after an instant. A time that the clocks skip in spring is made up for when they are past it; one that
 * comes twice in autumn counts the first time. `none`: not within the decades that are searched.
 */
export const tickAfter = ({ cron }: CronSchedule, instant: Date): Option.Option<Date> =>
  Option.liftThrowable(() => Cron.next(cron, instant))()
