import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { Json } from "../../src/domain/Json.ts"
import { channelOf, type ProtocolEvent, wants } from "../../src/domain/ProtocolEvents.ts"
import { protocolState } from "../../src/domain/ProtocolState.ts"

describe("a subscription", () => {
  const at = (channel: string, ...namespace: ReadonlyArray<string>): ProtocolEvent => ({
    seq: 1,
    method: "x",
    namespace,
    timestamp: 0,
    channel,
    data: "{}"
  })
  const every = { channels: ["values", "custom"], namespaces: [], depth: null }

  it("has its channels, and no others", () => {
    assert.deepStrictEqual(
      ["values", "custom", "custom:a", "tasks", "lifecycle"].map((name) => wants(every)(at(name))),
      [
        true,
        true,
        true,
        false,
        false
      ]
    )
    assert.isFalse(wants({ ...every, channels: ["custom:b"] })(at("custom:a")))
    assert.strictEqual(channelOf("custom", { name: "a", payload: 1 }), "custom:a")
    assert.strictEqual(channelOf("custom", { payload: 1 }), "custom")
    assert.strictEqual(channelOf("input.requested", {}), "input")
  })

  it("reaches as deep below its namespaces as it says", () => {
    const below = (depth: number | null, ...namespaces: ReadonlyArray<ReadonlyArray<string>>) =>
      [[], ["tools:1"], ["tools:1", "sub:2"], ["model:3"]].map((place) =>
        wants({ ...every, namespaces, depth })(at("values", ...place))
      )
    assert.deepStrictEqual(below(null), [true, true, true, true])
    assert.deepStrictEqual(below(0, []), [true, false, false, false])
    assert.deepStrictEqual(below(1, []), [true, true, false, true])
    assert.deepStrictEqual(below(null, ["tools"]), [false, true, true, false])
    assert.deepStrictEqual(below(0, ["tools:1"], ["model"]), [false, true, false, true])
    assert.deepStrictEqual(below(null, ["tools:9"]), [false, false, false, false])
  })
})

describe("a state in the protocol's words", () => {
  it("has messages without what is empty or only their provider's", () => {
    assert.deepStrictEqual(
      protocolState({
        messages: [
          { type: "user", content: "hi", id: "1", additional_kwargs: {}, response_metadata: {} },
          {
            type: "ai",
            content: [{ type: "text", text: "x" }, { type: "image_url", image_url: { url: "data:" } }, { type: "odd" }],
            id: "2",
            name: "model",
            usage_metadata: {},
            response_metadata: { finish_reason: "stop" },
            tool_calls: [{ id: "c", name: "f", args: {}, type: "tool_call" }],
            invalid_tool_calls: []
          },
          { type: "tool", content: "y", tool_call_id: "c", status: "success", id: "3", additional_kwargs: {} }
        ],
        __interrupt__: [],
        other: { list: [1, "a", null] }
      }),
      {
        messages: [
          { type: "human", content: "hi", id: "1" },
          {
            type: "ai",
            content: [
              { type: "text", text: "x" },
              { type: "image", url: "data:" },
              { type: "non_standard", value: { type: "odd" } }
            ],
            id: "2",
            name: "model",
            response_metadata: { finish_reason: "stop" },
            tool_calls: [{ id: "c", name: "f", args: {}, type: "tool_call" }]
          },
          { type: "tool", content: "y", tool_call_id: "c", status: "success", id: "3" }
        ],
        other: { list: [1, "a", null] }
      }
    )
  })

  it("tells calls of tools that can't be made from those that can", () => {
    const calls = [
      { id: "a", function: { name: "f", arguments: "{\"x\":1}" } },
      { id: "b", function: { name: "g", arguments: "{\"x\":" } },
      { id: "c", function: { arguments: "{}" } }
    ]
    assert.deepStrictEqual(protocolState([{ type: "ai", content: "", additional_kwargs: { tool_calls: calls } }]), [{
      type: "ai",
      content: "",
      tool_calls: [{ id: "a", name: "f", args: { x: 1 }, type: "tool_call" }],
      invalid_tool_calls: [
        { id: "b", name: "g", args: "{\"x\":", error: "Malformed args.", type: "invalid_tool_call" },
        { id: "c", args: "{}", error: "Incomplete tool call.", type: "invalid_tool_call" }
      ]
    }])
  })

  it("leaves alone what is no message", () => {
    const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)))
    fc.assert(fc.property(json, (value) => {
      fc.pre(!/"type"|__interrupt__|__proto__/.test(JSON.stringify(value)))
      assert.deepStrictEqual(protocolState(value), value)
    }))
  })
})
