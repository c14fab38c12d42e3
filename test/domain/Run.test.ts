import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  abandoned,
  Admission,
  admit,
  CancelAction,
  failureOf,
  isActive,
  isSuspect,
  MultitaskStrategy,
  RunOutcome,
  RunStatus,
  settledOutcome,
  statusAfter,
  timedOut
} from "../../src/domain/Run.ts"
import { canResume, isResume } from "../../src/domain/RunRequest.ts"
import { ThreadStatus } from "../../src/domain/Thread.ts"

describe("a new run", () => {
  it.each(MultitaskStrategy.literals)("is accepted on an idle thread (%s)", (strategy) => {
    assert.deepStrictEqual(admit(strategy, 0), Admission.Accepted())
  })

  it("on a busy thread is refused, queued, or stops every one before it, as asked", () => {
    fc.assert(fc.property(fc.integer({ min: 1 }), (before) => {
      assert.deepStrictEqual(admit("reject", before), Admission.Rejected())
      assert.deepStrictEqual(admit("enqueue", before), Admission.Accepted())
      for (const action of CancelAction.literals) {
        assert.deepStrictEqual(admit(action, before), Admission.AcceptedAfter({ action }))
      }
    }))
  })

  it("is an answer if it says so, and goes where one is awaited or has failed", () => {
    assert.deepStrictEqual([null, {}, { goto: "x" }].map((command) => isResume({ command })), [false, false, false])
    assert.deepStrictEqual([null, false, "yes"].map((resume) => isResume({ command: { resume } })), [true, true, true])
    assert.deepStrictEqual(ThreadStatus.literals.filter(canResume), ["interrupted", "error"])
  })
})

const failure = { error: "Boom", message: "it broke" }
const outcomes: ReadonlyArray<RunOutcome> = [
  RunOutcome.Completed({ interrupts: {}, waiting: false }),
  RunOutcome.Completed({ interrupts: { task: [] }, waiting: true }),
  RunOutcome.Cancelled({ action: "interrupt" }),
  RunOutcome.Cancelled({ action: "rollback" }),
  RunOutcome.TimedOut({ failure }),
  RunOutcome.Failed({ failure })
]

describe("after a run", () => {
  it.each(
    [
      [RunOutcome.Completed({ interrupts: {}, waiting: false }), "success", "idle"],
      [RunOutcome.Completed({ interrupts: { task: [] }, waiting: true }), "success", "interrupted"],
      [RunOutcome.Cancelled({ action: "interrupt" }), "interrupted", "idle"],
      [RunOutcome.Cancelled({ action: "rollback" }), "interrupted", "idle"],
      [RunOutcome.TimedOut({ failure }), "timeout", "error"],
      [RunOutcome.Failed({ failure }), "error", "error"]
    ] as const
  )("that ended as %j, run and thread are %s and %s", (outcome, run, thread) => {
    assert.deepStrictEqual(statusAfter(outcome), { run, thread })
    assert.isFalse(isActive(run))
  })

  it("the thread waits for an answer again where one was stopped, and shows a failure as such", () => {
    for (const outcome of outcomes) {
      const before = statusAfter(outcome), { run, thread } = statusAfter(outcome, true)
      assert.strictEqual(run, before.run)
      assert.strictEqual(thread, outcome._tag === "Cancelled" ? "interrupted" : before.thread, outcome._tag)
    }
  })

  it("two states are active, all others final", () => {
    assert.deepStrictEqual(RunStatus.literals.filter(isActive), ["pending", "running"])
  })

  it("it was stopped if that was wanted, however it ended; else it came to what it says", () => {
    for (const outcome of outcomes) {
      assert.strictEqual(settledOutcome(outcome, null), outcome)
      for (const action of CancelAction.literals) {
        assert.deepStrictEqual(settledOutcome(outcome, action), RunOutcome.Cancelled({ action }))
      }
    }
  })

  it("there is a failure to tell where the thread shows an error, and nowhere else", () => {
    for (const outcome of [...outcomes, timedOut(1.5), abandoned(3)]) {
      assert.strictEqual(failureOf(outcome) !== null, statusAfter(outcome).thread === "error", outcome._tag)
    }
    assert.strictEqual(failureOf(timedOut(1.5))?.error, "RunTimeout")
    assert.include(failureOf(timedOut(1.5))?.message, "1.5 s")
    assert.strictEqual(failureOf(abandoned(3))?.error, "RunAbandoned")
    assert.include(failureOf(abandoned(3))?.message, "3 time")
  })
})

describe("a run whose workers were lost", () => {
  it("is suspect once one more loss would be the last, never before the first", () => {
    fc.assert(fc.property(fc.nat(20), fc.integer({ min: 1, max: 20 }), (lost, maxAttempts) => {
      assert.strictEqual(isSuspect({ lost }, maxAttempts), lost >= Math.max(1, maxAttempts - 1))
    }))
  })
})
