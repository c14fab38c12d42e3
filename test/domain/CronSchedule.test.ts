import { assert, describe, it } from "@effect/vitest"
import { Cron as Matching, Option, Result } from "effect"
import fc from "fast-check"
import { parseSchedule, tickAfter } from "../../src/domain/CronSchedule.ts"

const scheduleOf = (text: string, timezone: string | null = null) => Result.getOrThrow(parseSchedule(text, timezone))
const refusal = (text: string, timezone: string | null = null) => {
  const { field, why } = Result.getOrThrow(Result.flip(parseSchedule(text, timezone)))
  return `${field}: ${why}`
}

/** The ticks after an instant, in UTC, to the minute. */
const ticks = (count: number, text: string, timezone: string | null, after: string) => {
  const schedule = scheduleOf(text, timezone)
  const found: Array<string> = []
  let at = new Date(after)
  for (let index = 0; index < count; index++) {
    at = Option.getOrThrow(tickAfter(schedule, at))
    found.push(at.toISOString().slice(0, 16))
  }
  return found
}

const field = (from: number, to: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant("*") },
    { weight: 2, arbitrary: fc.integer({ min: from, max: to }).map(String) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 7 }).map((step) => `*/${step}`) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to })).map(([a, b]) =>
        `${Math.min(a, b)}-${Math.max(a, b)}`
      )
    },
    {
      weight: 1,
      arbitrary: fc.array(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 3 }).map((all) => all.join())
    }
  )
// To the 28th: every such schedule ticks.
const expression = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map((fields) =>
  fields.join(" ")
)
const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }).map((millis) => new Date(millis))

describe("A cron's schedule", () => {
  it("ticks after now, at whole minutes, and never backwards", () => {
    fc.assert(fc.property(expression, zone, instant, instant, (text, zone, one, two) => {
      const schedule = scheduleOf(text, zone)
      const [earlier, later] = one <= two ? [one, two] : [two, one]
      const first = Option.getOrThrow(tickAfter(schedule, earlier))
      const second = Option.getOrThrow(tickAfter(schedule, later))
      assert.isAbove(first.getTime(), earlier.getTime())
      assert.isAbove(second.getTime(), later.getTime())
      assert.isAtMost(first.getTime(), second.getTime())
      assert.strictEqual(first.getTime() % 60_000, 0)
    }))
  })

  it("ticks when its fields say so, and at no time in between, where clocks stay as they are", () => {
    fc.assert(
      fc.property(expression, instant, (text, now) => {
        const schedule = scheduleOf(text)
        const tick = Option.getOrThrow(tickAfter(schedule, now))
        assert.isTrue(Matching.match(schedule.cron, tick))
        const minute = 60_000
        const first = (Math.floor(now.getTime() / minute) + 1) * minute
        for (let at = first; at < Math.min(tick.getTime(), first + 300 * minute); at += minute) {
          assert.isFalse(Matching.match(schedule.cron, new Date(at)), `${text} at ${new Date(at).toISOString()}`)
        }
      }),
      { numRuns: 60 }
    )
  })

  it("is read on the clocks of its zone, in summer as in winter", () => {
    assert.deepEqual(ticks(3, "0 9 * * 1-5", "Europe/Berlin", "2026-03-26T20:00:00Z"), [
      "2026-03-27T08:00",
      "2026-03-30T07:00",
      "2026-03-31T07:00"
    ])
    assert.deepEqual(ticks(2, "0 9 * * *", null, "2026-03-28T20:00:00Z"), ["2026-03-29T09:00", "2026-03-30T09:00"])
    assert.deepEqual(ticks(2, "0 9 * * *", "America/New_York", "2026-10-31T20:00:00Z"), [
      "2026-11-01T14:00",
      "2026-11-02T14:00"
    ])
  })

  it("makes up for what the clocks skip in spring, once", () => {
    assert.deepEqual(ticks(3, "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z"), [
      "2026-03-28T01:30",
      "2026-03-29T01:30",
      "2026-03-30T00:30"
    ])
    assert.deepEqual(ticks(4, "*/30 * * * *", "Europe/Berlin", "2026-03-29T00:10:00Z"), [
      "2026-03-29T00:30",
      "2026-03-29T01:00",
      "2026-03-29T01:30",
      "2026-03-29T02:00"
    ])
  })

  it("counts an hour that comes twice in autumn once, unless it means every hour", () => {
    assert.deepEqual(ticks(3, "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"), [
      "2026-10-25T00:30",
      "2026-10-26T01:30",
      "2026-10-27T01:30"
    ])
    const halfHours = [
      "2026-10-25T00:00",
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:00"
    ]
    assert.deepEqual(ticks(5, "*/30 * * * *", "Europe/Berlin", "2026-10-24T23:50:00Z"), halfHours)
    assert.deepEqual(ticks(5, "*/30 0-23 * * *", "Europe/Berlin", "2026-10-24T23:50:00Z"), halfHours)
  })

  it("knows leap days, names, and days of the month or the week", () => {
    assert.deepEqual(ticks(2, "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z"), ["2028-02-29T00:00", "2032-02-29T00:00"])
    assert.deepEqual(ticks(1, "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z"), ["2104-02-29T00:00"])
    assert.deepEqual(ticks(2, "0 9 * JAN MON-TUE", null, "2027-01-01T00:00:00Z"), [
      "2027-01-04T09:00",
      "2027-01-05T09:00"
    ])
    assert.deepEqual(ticks(3, "0 0 1 * 7", null, "2027-01-25T00:00:00Z"), [
      "2027-01-31T00:00",
      "2027-02-01T00:00",
      "2027-02-07T00:00"
    ])
    assert.deepEqual(ticks(1, "0 0 31 2 MON", null, "2027-01-01T00:00:00Z"), ["2027-02-01T00:00"], "the Mondays")
  })

  it("says what is wrong with one that can't be kept", () => {
    assert.include(refusal("0 0 31 2 *"), "schedule: schedule \"0 0 31 2 *\" never fires")
    assert.include(refusal("0 0 30,31 2 */2", "Europe/Berlin"), "never fires")
    assert.include(refusal("0 0 31 4,6,9,11 *"), "never fires")
    for (const text of ["", "* * * *", "* * * * * *", "@daily", "TZ=UTC * * * *"]) {
      assert.include(refusal(text), "schedule: schedule must have five fields", text)
    }
    for (
      const text of ["60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "x * * * *", "*/0 * * * *"]
    ) {
      assert.include(refusal(text), "schedule: schedule can't be read: ", text)
    }
    for (const zone of ["Mars/Olympus", "", "Europe"]) {
      assert.include(refusal("* * * * *", zone), `timezone: ${JSON.stringify(zone)} is not a time zone`)
    }
  })

  it("may name its zone itself, once", () => {
    const { expression, timezone } = scheduleOf("  CRON_TZ=Europe/Berlin   0 9 * * *")
    assert.deepEqual([expression, timezone], ["0 9 * * *", "Europe/Berlin"])
    assert.strictEqual(scheduleOf("TZ=Europe/Berlin 0 9 * * *", "Europe/Berlin").timezone, "Europe/Berlin")
    assert.include(refusal("TZ=Europe/Berlin 0 9 * * *", "UTC"), "timezone: schedule names the time zone Europe/Berlin")
    assert.include(refusal("TZ=Mars/X 0 9 * * *"), "timezone: \"Mars/X\" is not a time zone")
  })
})
