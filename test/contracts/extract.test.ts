import { assert, describe, it } from "vitest"
import { extracted, extractProblem } from "../../src/adapters/http/Extract.ts"

const thread = {
  values: { messages: [{ content: "erste" }, { content: "letzte" }], "a-b": { c: null }, deep: [[1, 2]] },
  metadata: { title: "T" },
  status: "idle"
}

describe("what a search takes out of threads", () => {
  it.each([
    ["values.messages[-1].content", "letzte"],
    ["values.messages[0].content", "erste"],
    ["values.messages[2].content", null],
    ["values.deep[0][1]", 2],
    ["values.a-b.c", null],
    ["values.messages.content", null],
    ["values.toString", null],
    ["metadata", { title: "T" }],
    ["metadata.title", "T"],
    ["status", "idle"]
  ])("%s", (path, value) => {
    assert.isNull(extractProblem({ path }))
    assert.deepEqual(extracted(thread, { name: path }), { name: value })
  })

  it.each(["", "owner", "values.", "values..a", "values[x]", "values[1", ".values", "metadata.a[]", "__proto__"])(
    "%j is no path",
    (path) => assert.include(extractProblem({ fine: "status", path }) ?? "", "is no path")
  )

  it("are ten things at most", () => {
    const paths = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, "status"]))
    assert.isNull(extractProblem(paths(10)))
    assert.isNotNull(extractProblem(paths(11)))
  })
})
