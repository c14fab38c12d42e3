import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { notedSteps } from "../../src/app/usecases/NotedSteps.ts"
import { keptSteps } from "../../src/domain/RunRecord.ts"

const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 }
const pass = (ms: number) => TestClock.adjust(`${ms} millis`)

describe("NotedSteps", () => {
  it.effect("notes steps in the order in which they begin, with the time that each took", () =>
    Effect.gen(function*() {
      const noted = yield* notedSteps
      const model = noted.watch.begin("model", "gpt-4o")
      yield* pass(30)
      const tool = noted.watch.begin("tool", "search", "call-1")
      const other = noted.watch.begin("tool", "search", "call-2")
      noted.watch.subrun("call-2", { run_id: "r", thread_id: "t" })
      yield* pass(20)
      model({ usage })
      tool({ error: "x".repeat(1000) })
      other({ ms: 7 })
      other({ error: "too late" })
      const { left_out, steps, usage: spent } = noted.take()
      assert.deepStrictEqual(steps.map(({ kind, ms, name }) => [kind, name, ms]), [
        ["model", "gpt-4o", 50],
        ["tool", "search", 20],
        ["tool", "search", 7]
      ])
      assert.deepStrictEqual(steps.map(({ subrun }) => subrun?.run_id), [undefined, undefined, "r"])
      assert.lengthOf(steps[1]?.error ?? "", 500)
      assert.isNull(steps[2]?.error)
      assert.deepStrictEqual([left_out, spent], [0, usage])
      assert.deepStrictEqual([...noted.spent()], [["gpt-4o", usage]])
    }))

  it.effect("counts as waiting for checkpoints only what nothing else of the run went on beside", () =>
    Effect.gen(function*() {
      const noted = yield* notedSteps
      const { begin, writing } = noted.watch
      assert.deepStrictEqual(noted.take().steps, [])
      const one = writing()
      yield* pass(10)
      const model = begin("model", "m")
      yield* pass(100)
      one()
      const two = writing()
      yield* pass(100)
      model()
      const three = writing()
      yield* pass(5)
      two()
      two()
      yield* pass(1)
      three()
      yield* pass(1000)
      const last = noted.take().steps.at(-1)
      assert.deepInclude(last, { kind: "checkpoints", name: "", ms: 16, error: null })
    }))

  it.effect("says whether there is news, and closes what is open when the run stops", () =>
    Effect.gen(function*() {
      const noted = yield* notedSteps
      assert.isFalse(noted.news())
      const model = noted.watch.begin("model", "m")
      assert.isTrue(noted.news())
      assert.isNull(noted.take().steps[0]?.ms)
      assert.isFalse(noted.news())
      yield* pass(40)
      noted.stop("stopped with its run")
      assert.isTrue(noted.news())
      model({ usage })
      assert.deepInclude(noted.take().steps[0], { ms: 40, error: "stopped with its run", usage: null })
    }))

  it.effect("keeps so many steps, and counts the rest with their tokens", () =>
    Effect.gen(function*() {
      const noted = yield* notedSteps
      for (let index = 0; index < keptSteps + 3; index++) noted.watch.begin("model", "m")({ usage })
      const { left_out, steps, usage: spent } = noted.take()
      assert.deepStrictEqual([steps.length, left_out, spent?.total_tokens], [keptSteps, 3, (keptSteps + 3) * 15])
    }))
})
