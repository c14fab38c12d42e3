import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  addedUsage,
  type Attempt,
  leftOut,
  type NotedStep,
  type RunTimes,
  stepsOf,
  type TokenUsage,
  usageOf
} from "../../src/domain/RunRecord.ts"

const date = fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms))
const count = fc.nat(1_000_000)
const usages = fc.record<TokenUsage>({ input_tokens: count, output_tokens: count, total_tokens: count })
const steps = fc.record<NotedStep>({
  kind: fc.constantFrom("tools", "model", "tool"),
  name: fc.string(),
  started_at: date,
  ms: fc.option(count),
  usage: fc.option(usages),
  error: fc.option(fc.string()),
  subrun: fc.constant(null)
})
const attempts = fc.record<Attempt>({
  queued_at: date,
  taken_at: date,
  steps: fc.array(steps),
  left_out: fc.nat(100),
  usage: fc.option(usages)
})
const times = fc.record<RunTimes>({
  configured_ms: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
  created_at: date,
  waiting_since: fc.option(date),
  attempts: fc.array(attempts, { maxLength: 12 }).map((all) =>
    Object.fromEntries(all.map((attempt, index) => [String(index + 1), attempt]))
  )
})

const sum = (figures: ReadonlyArray<number>) => figures.reduce((all, figure) => all + figure, 0)

describe("RunRecord", () => {
  it("tells attempt by attempt, each from its queue on, in the order in which its worker began", () => {
    fc.assert(fc.property(times, (times) => {
      const told = stepsOf(times)
      const numbers = told.map(({ attempt }) => attempt)
      assert.deepStrictEqual(numbers, numbers.toSorted((one, other) => one - other))
      for (const [attempt, { steps }] of Object.entries(times.attempts)) {
        const [queue, ...rest] = told.filter((step) =>
          step.attempt === Number(attempt) && step.kind !== "configuration"
        )
        assert.strictEqual(queue?.kind, "queue")
        assert.deepStrictEqual(rest, steps.map((step) => ({ ...step, attempt: Number(attempt) })))
      }
    }))
  })

  it("begins with the configuration, if somebody measured it, which ended when the run was made", () => {
    fc.assert(fc.property(times, (times) => {
      const [first, ...others] = stepsOf(times)
      assert.strictEqual(first?.kind === "configuration", times.configured_ms !== null)
      assert.isFalse(others.some(({ kind }) => kind === "configuration"))
      if (first?.kind !== "configuration") return
      assert.closeTo(first.started_at.getTime() + (first.ms ?? NaN), times.created_at.getTime(), 1.1)
    }))
  })

  it("ends with an open queue as long as the run waits, for the attempt that comes next", () => {
    fc.assert(fc.property(times, (times) => {
      const last = stepsOf(times).at(-1)
      const open = last?.kind === "queue" && last.ms === null
      assert.strictEqual(open, times.waiting_since !== null)
      if (!open) return
      assert.strictEqual(last.attempt, Object.keys(times.attempts).length + 1)
      assert.strictEqual(last.started_at, times.waiting_since)
    }))
  })

  it("never tells of negative times, whatever the clocks said", () => {
    fc.assert(fc.property(times, (times) => {
      for (const { ms } of stepsOf(times)) assert.isTrue(ms === null || ms >= 0)
    }))
  })

  it("sums the tokens and what was left out over all attempts, and has none where nobody counted", () => {
    fc.assert(fc.property(times, (times) => {
      const all = Object.values(times.attempts)
      const counted = all.flatMap(({ usage }) => usage ?? [])
      assert.deepStrictEqual(
        usageOf(times),
        counted.length === 0 ? null : {
          input_tokens: sum(counted.map(({ input_tokens }) => input_tokens)),
          output_tokens: sum(counted.map(({ output_tokens }) => output_tokens)),
          total_tokens: sum(counted.map(({ total_tokens }) => total_tokens))
        }
      )
      assert.strictEqual(leftOut(times), sum(all.map(({ left_out }) => left_out)))
    }))
  })

  it("adds tokens in whatever order", () => {
    fc.assert(fc.property(fc.option(usages), fc.option(usages), fc.option(usages), (one, two, three) => {
      assert.deepStrictEqual(addedUsage(one, two), addedUsage(two, one))
      assert.deepStrictEqual(addedUsage(addedUsage(one, two), three), addedUsage(one, addedUsage(two, three)))
    }))
  })
})
