import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { lastAnswer } from "../../src/domain/AgentAnswers.ts"
import { json } from "./Arbitraries.ts"

const message = (type: string, content: unknown) => ({ type, content: JSON.parse(JSON.stringify(content)) })

describe("an agent's answer", () => {
  it("is what it said last, in whatever form", () => {
    const before = [message("human", "Frage"), message("ai", "früher")]
    assert.strictEqual(lastAnswer({ messages: [...before, message("ai", "zuletzt")] }), "zuletzt")
    const blocks = [{ type: "text", text: "in " }, { type: "image_url", image_url: "x" }, {
      type: "text",
      text: "Teilen"
    }]
    assert.strictEqual(
      lastAnswer({ messages: [...before, message("ai", blocks), message("tool", "nein")] }),
      "in Teilen"
    )
    assert.strictEqual(
      lastAnswer({ messages: [{ role: "assistant", content: "andere Schreibweise" }] }),
      "andere Schreibweise"
    )
  })

  it("of a graph that does not talk is its state", () => {
    assert.strictEqual(lastAnswer({ log: ["fertig"] }), "{\"log\":[\"fertig\"]}")
    fc.assert(fc.property(json, (values) => {
      assert.isString(lastAnswer(values))
    }))
  })
})
