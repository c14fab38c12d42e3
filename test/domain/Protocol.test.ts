import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { type ProtocolEvent, protocolText, runOfSeq, seqOf } from "../../src/domain/ProtocolEvents.ts"
import { frameOf, loggedName, runFrameName } from "../../src/domain/ProtocolLog.ts"
import { streamedRun } from "../../src/domain/ProtocolRun.ts"
import { protocolTree } from "../../src/domain/ProtocolTree.ts"

type Frame = readonly [name: string, data: unknown]

const started = 1795354012992
const v2 = (method: string, at: number, namespace: ReadonlyArray<string> = []) => loggedName(method, namespace, at)
const metadata: Frame = ["metadata", { run_id: "r", attempt: 1 }]

const project = (frames: ReadonlyArray<Frame>, nth = 1): ReadonlyArray<ProtocolEvent> => {
  const run = streamedRun({ nth, graph_id: "hitl", started })
  const events = frames.flatMap(([name, data]) =>
    name === "result" ? run.result(JSON.stringify(data)) : run.take(name, JSON.stringify(data))
  )
  return [...events, ...run.end()]
}

const wire = (events: ReadonlyArray<ProtocolEvent>): ReadonlyArray<unknown> =>
  events.map((event) => JSON.parse(protocolText(event)))

const task = { id: "t1", name: "prepare", input: { question: "ok?", log: [] }, triggers: [], interrupts: [] }
const asked = [{ id: "ee26", value: { ask: "ok?" } }]

/** What the log of a run has that asks a person, and what the reference server was recorded making of it. */
const questioned: ReadonlyArray<Frame> = [
  metadata,
  [v2("checkpoints", 160), { id: "c0", parent_id: "c", step: 0, source: "loop" }],
  [v2("values", 161), { question: "ok?", log: [] }],
  [v2("tasks", 162), task],
  [v2("updates", 167), { prepare: { log: ["prepare"] } }],
  [v2("lifecycle", 168, ["prepare:t1"]), { event: "completed", graph_name: "prepare" }],
  [v2("lifecycle", 168), { event: "completed", graph_name: "root" }],
  [v2("updates", 169), { __interrupt__: asked }],
  [v2("values", 170), { __interrupt__: asked }],
  ["result", { question: "ok?", log: ["prepare"], __interrupt__: asked }]
]

const event = (seq: number, method: string, timestamp: number, data: unknown, more: object = {}) => ({
  type: "event",
  event_id: String(seq),
  seq,
  method,
  params: { namespace: [], timestamp, ...more, data }
})

describe("a run's log as events of the protocol", () => {
  it("is what the reference server makes of it", () => {
    assert.deepStrictEqual(wire(project(questioned)), [
      event(1, "lifecycle", started, { event: "running", graph_name: "hitl" }),
      event(2, "checkpoints", 160, { id: "c0", parent_id: "c", step: 0, source: "loop" }),
      event(3, "values", 161, { question: "ok?", log: [] }),
      event(4, "tasks", 162, task),
      event(5, "updates", 167, { log: ["prepare"] }, { node: "prepare" }),
      {
        ...event(6, "lifecycle", 168, {}),
        params: {
          namespace: ["prepare:t1"],
          timestamp: 168,
          data: { event: "completed", graph_name: "prepare" }
        }
      },
      event(7, "input.requested", 169, { interrupt_id: "ee26", payload: { ask: "ok?" } }),
      event(8, "lifecycle", 170, { event: "interrupted", graph_name: "hitl" })
    ])
  })

  it("goes on where it was when another worker goes on with the run", () => {
    const [first, ...rest] = questioned
    const taken = project([metadata, ["metadata", { run_id: "r", attempt: 2 }], ...rest])
    assert.deepStrictEqual(taken, project([first ?? metadata, ...rest]))
  })

  it("says how the run ended, once", () => {
    const endings = (...frames: ReadonlyArray<Frame>) =>
      wire(project([metadata, ...frames]).filter(({ method }) => method === "lifecycle")).slice(1)
    const ending = (status: string, error?: string) => [
      event(2, "lifecycle", started, { event: status, graph_name: "hitl", ...(error === undefined ? {} : { error }) })
    ]
    assert.deepStrictEqual(endings(["result", {}]), ending("completed"))
    assert.deepStrictEqual(endings(), ending("interrupted"), "it was stopped")
    const failure = { error: "Boom", message: "it broke" }
    assert.deepStrictEqual(
      endings(["error", failure], ["result", { __error__: failure }]),
      ending("failed", "it broke")
    )
    const tooLarge = { error: "StreamLimit", message: "too large" }
    assert.deepStrictEqual(endings(["error", tooLarge], ["result", {}]), ending("completed"), "the run itself went on")
  })

  it("of a log that is gone there is nothing", () => {
    assert.deepStrictEqual(project([]), [])
  })

  it("of an ordinary run it has what both have words for, and at least what the run came to", () => {
    const message = { type: "ai", content: "hallo", id: "m", additional_kwargs: {}, response_metadata: {} }
    const shown = { messages: [{ type: "ai", content: "hallo", id: "m" }] }
    const frames: ReadonlyArray<Frame> = [
      metadata,
      ["messages", [message, {}]],
      ["messages/partial", [message]],
      ["checkpoints", { values: {} }],
      ["debug", {}],
      ["custom|sub:1", "words"]
    ]
    const custom = { namespace: ["sub:1"], timestamp: started, data: { payload: "words" } }
    const [first, second, ...rest] = wire(project([...frames, ["result", { messages: [message] }]]))
    assert.deepStrictEqual(first, event(1, "lifecycle", started, { event: "running", graph_name: "hitl" }))
    assert.deepStrictEqual(second, { ...event(2, "custom", 0, {}), params: custom })
    assert.deepStrictEqual(rest, [
      event(3, "values", started, shown),
      event(4, "lifecycle", started, { event: "completed", graph_name: "hitl" })
    ])
    const once = project([...frames, ["values", { messages: [message] }], ["result", { messages: [message] }]])
    assert.lengthOf(once.filter(({ method }) => method === "values"), 1)
  })

  it("has the same numbers however much of it there is already, and no two runs share one", () => {
    fc.assert(fc.property(
      fc.shuffledSubarray(questioned.slice(1, -1)),
      fc.nat({ max: 8 }),
      fc.integer({ min: 1, max: 1000 }),
      (frames, cut, nth) => {
        const whole = project([metadata, ...frames], nth)
        const run = streamedRun({ nth, graph_id: "hitl", started })
        const part = [metadata, ...frames].slice(0, cut).flatMap(([name, data]) => run.take(name, JSON.stringify(data)))
        assert.deepStrictEqual(part, whole.slice(0, part.length))
        whole.forEach(({ seq }, index) => {
          assert.strictEqual(seq, seqOf(nth, index + 1))
          assert.strictEqual(runOfSeq(seq), nth)
        })
      }
    ))
    assert.strictEqual(runOfSeq(0), 1)
    assert.strictEqual(seqOf(1, 1), 1)
    assert.isTrue(Number.isSafeInteger(seqOf(100_000_000, 2 ** 26)))
  })
})

describe("the names in a log", () => {
  it("say what they were made of", () => {
    const segment = fc.stringMatching(/^[a-z_]+:[0-9a-f-]+$/)
    fc.assert(fc.property(
      fc.constantFrom("values", "messages", "custom:name"),
      fc.array(segment, { maxLength: 4 }),
      fc.nat(),
      (method, namespace, timestamp) => {
        assert.deepStrictEqual(frameOf(loggedName(method, namespace, timestamp)), { method, namespace, timestamp })
      }
    ))
    assert.deepStrictEqual(frameOf("values|a:1"), { method: "values", namespace: ["a:1"], timestamp: undefined })
  })

  it("are ordinary ones to ordinary readers, where there is such a frame", () => {
    assert.strictEqual(runFrameName(v2("values", 1, ["a:1", "b:2"])), "values|a:1|b:2")
    assert.strictEqual(runFrameName(v2("updates", 1)), "updates")
    for (const method of ["messages", "lifecycle", "tools", "checkpoints", "custom:name"]) {
      assert.isUndefined(runFrameName(v2(method, 1)))
    }
    for (const name of ["metadata", "messages/partial", "values|a:1", "error"]) {
      assert.strictEqual(runFrameName(name), name)
    }
  })
})

describe("the tree of a run's graphs", () => {
  it("is its own graph alone, before anything has happened", () => {
    assert.deepStrictEqual(protocolTree("hitl", []), { namespace: [], status: "running", graph_name: "hitl" })
  })

  it("has each graph below the one it is in, as it was last heard of", () => {
    const frames: ReadonlyArray<Frame> = [
      metadata,
      [v2("lifecycle", 1, ["sub:1"]), { event: "started", graph_name: "sub" }],
      [v2("tasks", 2, ["sub:1", "deep:2"]), {}],
      [v2("lifecycle", 3, ["sub:1"]), { event: "completed", graph_name: "sub" }],
      [v2("lifecycle", 4, ["agent:3"]), { event: "started", graph_name: "researcher" }]
    ]
    assert.deepStrictEqual(protocolTree("hitl", project(frames)), {
      namespace: [],
      status: "interrupted",
      graph_name: "hitl",
      children: [
        { namespace: ["agent:3"], status: "started", graph_name: "researcher" },
        {
          namespace: ["sub:1"],
          status: "completed",
          graph_name: "sub",
          children: [{ namespace: ["sub:1", "deep:2"], status: "started", graph_name: "deep" }]
        }
      ]
    })
  })
})
