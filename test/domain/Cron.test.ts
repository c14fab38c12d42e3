import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import fc from "fast-check"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type Cron, CronId } from "../../src/domain/Cron.ts"
import { changed, type CronChange } from "../../src/domain/CronChange.ts"
import { isLate, isOver, planned, refusalsEndured, ticked, type TickOutcome } from "../../src/domain/CronTicks.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { RunId } from "../../src/domain/Run.ts"

const at = (time: string) => new Date(`2027-01-${time}Z`)
const run_id = RunId.make("a run")
const ran: TickOutcome = { _tag: "Ran", run_id }
const refused = (passing = false): TickOutcome => ({ _tag: "Refused", why: "no", passing })

const cron: Cron = {
  cron_id: CronId.make("a cron"),
  owner: UserId.make("anna"),
  assistant_id: AssistantId.make("agent"),
  thread_id: null,
  schedule: "0 * * * *",
  timezone: null,
  end_time: null,
  enabled: true,
  on_run_completed: "delete",
  run: {
    request: {
      input: { a: 1 },
      command: null,
      checkpoint: null,
      stream_mode: ["values"],
      stream_subgraphs: false,
      stream_resumable: false,
      interrupt_before: null,
      interrupt_after: null,
      durability: "async",
      timeout_seconds: null,
      webhook: "https://example.org/"
    },
    config: { tags: ["t"], configurable: { custom_api_key: "sealed", temperature: 1 } },
    context: { x: 1 },
    multitask_strategy: "reject"
  },
  metadata: { a: 1, b: 1 },
  next_run_date: at("01T10:00:00"),
  last_tick: at("01T09:00:00"),
  last_run_id: null,
  last_error: null,
  refusals: 0,
  created_at: at("01T00:00:00"),
  updated_at: at("01T00:00:00")
}

const after = (change: CronChange, present = cron, now = at("01T09:30:00")) =>
  Result.getOrThrow(changed(present, change, now))
const refusal = (change: CronChange, present = cron) => {
  const { field, why } = Result.getOrThrow(Result.flip(changed(present, change, at("01T09:30:00"))))
  return `${field}: ${why}`
}

describe("A cron", () => {
  it("goes on after each tick, later than the tick and than now, whatever came of it", () => {
    const outcome = fc.constantFrom(ran, refused(), refused(true))
    const minutes = fc.integer({ min: -90, max: 10_000 })
    fc.assert(fc.property(outcome, minutes, (outcome, minutes) => {
      const tick = at("01T10:00:00")
      // A server's clock may be behind: then it is no later than the tick that it takes.
      const now = new Date(tick.getTime() + minutes * 60_000)
      const { last_tick, next_run_date } = ticked(cron, now, outcome)
      assert.deepEqual(last_tick, tick)
      const next = next_run_date?.getTime() ?? 0
      assert.isAbove(next, Math.max(now.getTime(), tick.getTime()))
      assert.isAtMost(next - Math.max(now.getTime(), tick.getTime()), 3_600_000, "none of those to come is left out")
    }))
  })

  it("ends with its end: its last tick may be at it, and none comes after", () => {
    const ending = { ...cron, end_time: at("01T11:00:00") }
    assert.deepEqual(ticked(ending, at("01T10:00:01"), ran).next_run_date, at("01T11:00:00"))
    const last = { ...ending, next_run_date: at("01T11:00:00") }
    assert.isFalse(isOver(last, at("01T11:00:00")))
    assert.isNull(ticked(last, at("01T11:00:00"), ran).next_run_date)
    assert.isTrue(isOver(last, at("01T11:00:01")), "nobody was there in time")
    const over = ticked(last, at("01T11:00:01"), { _tag: "Over" })
    assert.deepEqual([over.next_run_date, over.enabled, over.last_run_id], [null, true, null])
  })

  it("is disabled when it is refused again and again, unless the reason passes by itself", () => {
    let present = cron
    const refuse = (passing: boolean) => {
      present = { ...present, ...ticked(present, present.next_run_date ?? new Date(0), refused(passing)) }
      return present
    }
    for (let count = 1; count < refusalsEndured; count++) assert.isTrue(refuse(false).enabled)
    for (let count = 0; count < 20; count++) assert.isTrue(refuse(true).enabled)
    assert.strictEqual(present.last_error, "no")
    const chance = { ...present, ...ticked(present, at("03T10:00:00"), ran) }
    assert.deepEqual([chance.refusals, chance.last_error, chance.last_run_id], [0, null, run_id])
    const { enabled, last_error, next_run_date } = refuse(false)
    assert.deepEqual([enabled, next_run_date, last_error], [
      false,
      null,
      "Disabled: 10 ticks in a row were refused. no"
    ])
    const again = after({ enabled: true }, present)
    assert.deepEqual([again.enabled, again.refusals, again.last_error], [true, 0, null])
    assert.isNotNull(again.next_run_date)
  })

  it("changes only what a change names, and ticks as before unless that was changed", () => {
    const same = after({})
    assert.deepEqual({ ...cron, ...same }, cron)
    const other = after({ metadata: { b: 2 }, context: { y: 1 }, request: { webhook: null } })
    assert.deepEqual(other.metadata, { a: 1, b: 2 })
    assert.deepEqual(other.run.context, { y: 1 })
    assert.deepEqual(other.run.request, { ...cron.run.request, webhook: null })
    assert.deepEqual(other.run.config, cron.run.config)
    assert.deepEqual(other.next_run_date, cron.next_run_date)
  })

  it("keeps a secret whose mask is written back, and leaves a mask without one to the assistant's", () => {
    const configurable = { custom_api_key: "***", apiKeys: { openai: "***" } }
    assert.deepEqual(after({ config: { configurable } }).run.config, {
      configurable: { custom_api_key: "sealed", apiKeys: { openai: "***" } }
    })
    assert.deepEqual(after({ config: {} }).run.config, {})
  })

  it("is planned anew when it is to tick otherwise, and then never ticks twice at one time", () => {
    assert.deepEqual(after({ schedule: "*/15 * * * *" }).next_run_date, at("01T09:45:00"))
    const early = after({ schedule: "0 * * * *" }, { ...cron, last_tick: at("01T10:00:00") })
    assert.deepEqual(early.next_run_date, at("01T11:00:00"), "a clock that is behind does not repeat a tick")
    assert.isNull(after({ enabled: false }).next_run_date)
    const disabled = { ...cron, enabled: false, next_run_date: null }
    assert.isNull(after({ schedule: "*/15 * * * *" }, disabled).next_run_date)
    assert.deepEqual(after({ enabled: true }, disabled).next_run_date, at("01T10:00:00"))
    const berlin = { ...cron, timezone: "Europe/Berlin" }
    assert.strictEqual(after({ schedule: "0 9 * * *" }, berlin).timezone, "Europe/Berlin")
    assert.deepEqual(after({ schedule: "0 9 * * *" }, berlin).next_run_date, at("02T08:00:00"))
    assert.strictEqual(after({ schedule: "TZ=Asia/Tokyo 0 9 * * *" }, berlin).timezone, "Asia/Tokyo")
    assert.isNull(after({ timezone: null }, berlin).timezone)
  })

  it("can't be given a time at which it never ticks", () => {
    assert.strictEqual(refusal({ end_time: at("01T09:30:00") }), "end_time: end_time is in the past")
    assert.strictEqual(refusal({ end_time: at("01T09:59:00") }), "end_time: schedule does not fire before end_time")
    assert.include(refusal({ schedule: "0 0 30 2 *" }), "schedule: ")
    const over = { ...cron, end_time: at("01T09:00:00"), next_run_date: null }
    assert.include(refusal({ schedule: "* * * * *" }, over), "end_time: ")
    assert.deepEqual(after({ metadata: { b: 2 } }, over).next_run_date, null, "what is over can be looked after yet")
    assert.isTrue(Result.isFailure(planned({ ...cron, schedule: "x" }, at("01T09:00:00"))))
  })

  it("is late a minute after its tick", () => {
    assert.isFalse(isLate(cron, at("01T10:01:00")))
    assert.isTrue(isLate(cron, at("01T10:01:01")))
  })
})
