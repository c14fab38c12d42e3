import { assert, describe, it } from "@effect/vitest"
import { threadState } from "../../src/adapters/langgraph/States.ts"

const errorOf = (error: unknown) => {
  const task = { id: "t", name: "model_request", interrupts: [], error }
  const { tasks } = threadState({ values: {}, next: ["model_request"], config: {}, tasks: [task] })
  return Object(tasks[0]).error
}

describe("states on the wire", () => {
  it("tell what a task failed with as a text, JSON where it is more than one", () => {
    const told = "{\"message\":\"400 no\",\"name\":\"Error\"}"
    assert.strictEqual(errorOf({ message: "400 no", name: "Error" }), told)
    assert.deepStrictEqual(JSON.parse(errorOf(new TypeError("no"))), { name: "TypeError", message: "no" })
    assert.strictEqual(errorOf("no"), "no")
    for (const none of [undefined, null]) assert.isNull(errorOf(none))
  })

  it("show no credential that a provider's refusal repeats", () => {
    const message = "401 Incorrect API key provided: sk-canary-0123456789"
    assert.deepStrictEqual(JSON.parse(errorOf({ message, name: "Error" })), {
      message: "401 Incorrect API key provided: [redacted]",
      name: "Error"
    })
  })
})
