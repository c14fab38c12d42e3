import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  Admission,
  admit,
  isActive,
  MultitaskStrategy,
  RunId,
  RunOutcome,
  RunStatus,
  statusAfter
} from "../../src/domain/Run.ts"

const active = fc.uniqueArray(fc.uuid({ version: 7 }).map((id) => RunId.make(id)), { minLength: 1 })

describe("a new run", () => {
  it.each(MultitaskStrategy.literals)("is accepted on an idle thread (%s)", (strategy) => {
    assert.deepStrictEqual(admit(strategy, []), Admission.Accepted())
  })

  it("on a busy thread is refused, queued, or stops every one before it, as asked", () => {
    fc.assert(fc.property(active, (before) => {
      assert.deepStrictEqual(admit("reject", before), Admission.Rejected())
      assert.deepStrictEqual(admit("enqueue", before), Admission.Accepted())
      for (const action of ["interrupt", "rollback"] as const) {
        assert.deepStrictEqual(admit(action, before), Admission.AcceptedAfter({ stop: before, action }))
      }
    }))
  })
})

describe("after a run", () => {
  const failure = { error: "Boom", message: "it broke" }

  it.each(
    [
      [RunOutcome.Completed({ interrupts: {}, waiting: false }), "success", "idle"],
      [RunOutcome.Completed({ interrupts: { task: [] }, waiting: true }), "success", "interrupted"],
      [RunOutcome.Cancelled(), "interrupted", "idle"],
      [RunOutcome.Failed({ failure }), "error", "error"]
    ] as const
  )("that ended as %j, run and thread are %s and %s", (outcome, run, thread) => {
    assert.deepStrictEqual(statusAfter(outcome), { run, thread })
    assert.isFalse(isActive(run))
  })

  it("two states are active, all others final", () => {
    assert.deepStrictEqual(RunStatus.literals.filter(isActive), ["pending", "running"])
  })
})
