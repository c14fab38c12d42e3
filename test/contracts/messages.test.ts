import { assert, describe, it } from "@effect/vitest"
import { AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages"
import { InvalidMessage, withMessages } from "../../src/adapters/langgraph/Messages.ts"
import { toWire, wireText } from "../../src/adapters/langgraph/Serialise.ts"
import type { Json } from "../../src/domain/Json.ts"

describe("messages on the wire", () => {
  it("are flat, as the reference server sends them", () => {
    const human = new HumanMessage({ content: "say:one two", id: "h1" })
    assert.deepStrictEqual(toWire(human), {
      content: "say:one two",
      id: "h1",
      additional_kwargs: {},
      response_metadata: {},
      type: "human"
    })
    const usage = { input_tokens: 10, output_tokens: 1, total_tokens: 11 }
    const call = { name: "get_weather", args: { city: "Bonn" }, id: "call_7217", type: "tool_call" }
    const ai = { type: "ai", id: "c1", content: "", tool_calls: [call], usage_metadata: usage }
    assert.deepStrictEqual(toWire(withMessages({ messages: [ai] })), {
      messages: [{
        id: "c1",
        content: "",
        additional_kwargs: {},
        response_metadata: {},
        tool_calls: [{ name: "get_weather", args: { city: "Bonn" }, id: "call_7217", type: "tool_call" }],
        invalid_tool_calls: [],
        usage_metadata: { input_tokens: 10, output_tokens: 1, total_tokens: 11 },
        type: "ai"
      }]
    })
    const tool = new ToolMessage({
      content: "sunny",
      tool_call_id: "call_7217",
      name: "get_weather",
      status: "success"
    })
    const { metadata: _, ...flat } = Object(toWire(tool))
    assert.deepStrictEqual(flat, {
      content: "sunny",
      tool_call_id: "call_7217",
      name: "get_weather",
      status: "success",
      additional_kwargs: {},
      response_metadata: {},
      type: "tool"
    })
  })

  it("are of their final type while they grow", () => {
    const chunk = new AIMessageChunk({ content: "one ", id: "c1" }).concat(
      new AIMessageChunk({ content: "two", id: "c1" })
    )
    const { content, id, type } = Object(toWire(chunk))
    assert.deepStrictEqual({ content, id, type }, { content: "one two", id: "c1", type: "ai" })
  })

  it("keep content blocks, and are found wherever they are", () => {
    const blocks = [{ type: "text", text: "a" }, { type: "image_url", image_url: { url: "data:image/png;base64,AA" } }]
    const message = new HumanMessage({ content: blocks })
    const text = wireText({ agent: { messages: [message], nested: [[{ message }]] } })
    assert.deepStrictEqual(JSON.parse(text).agent.messages[0].content, blocks)
    assert.strictEqual(JSON.parse(text).agent.nested[0][0].message.type, "human")
    assert.notInclude(text, "\"lc\"")
    assert.notInclude(text, "[object Object]")
  })

  it("do not fail over what JSON can't say", () => {
    const loop: Record<string, unknown> = { name: "loop" }
    loop["self"] = loop
    const value = {
      loop,
      shared: [loop["name"], loop["name"]],
      big: 12345678901234567890n,
      date: new Date(0),
      map: new Map([["a", new HumanMessage("x")]]),
      set: new Set([1, 2]),
      bytes: new Uint8Array([1, 2, 3]),
      nan: Number.NaN,
      missing: undefined,
      fn: () => 1,
      symbol: Symbol("s"),
      error: new TypeError("bad"),
      list: [undefined, () => 1, null],
      ["__proto__"]: "own"
    }
    const wire = JSON.parse(wireText(value))
    assert.strictEqual(wire.loop.self, "[circular]")
    assert.strictEqual(wire.big, "12345678901234567890")
    assert.strictEqual(wire.date, "1970-01-01T00:00:00.000Z")
    assert.strictEqual(wire.map.a.type, "human")
    assert.deepStrictEqual([wire.set, wire.bytes, wire.nan, wire.list], [[1, 2], "AQID", null, [null, null, null]])
    assert.deepStrictEqual(wire.error, { name: "TypeError", message: "bad" })
    assert.notProperty(wire, "fn")
    assert.strictEqual(
      wireText({
        get broken(): string {
          throw new Error("no")
        }
      }),
      "\"[unreadable]\""
    )
  })
})

describe("messages of a caller", () => {
  const read = (messages: Json) => {
    const input = withMessages({ messages, other: 1 })
    const list: ReadonlyArray<unknown> = Object(input).messages
    return list
  }

  it("may be spelt in every way", () => {
    const spellings: ReadonlyArray<Json> = [
      { role: "user", content: "hi" },
      { role: "human", content: "hi" },
      { type: "human", content: "hi", id: "h1" },
      { type: "human", content: [{ type: "text", text: "hi" }] },
      { lc: 1, type: "constructor", id: ["langchain_core", "messages", "HumanMessage"], kwargs: { content: "hi" } },
      "hi",
      ["user", "hi"]
    ]
    for (const spelling of spellings) {
      const [message] = read([spelling])
      assert.isTrue(HumanMessage.isInstance(message), JSON.stringify(spelling))
      if (HumanMessage.isInstance(message)) assert.strictEqual(message.text, "hi")
    }
    assert.isTrue(SystemMessage.isInstance(read([{ role: "system", content: "s" }])[0]))
    assert.strictEqual(read({ role: "user", content: "alone" }).length, 1)
    assert.strictEqual(read("alone").length, 1)
  })

  it("may hold tool calls in OpenAI's form, without content", () => {
    const call = { id: "c1", type: "function", function: { name: "f", arguments: "{\"a\":1}" } }
    const [ai, tool] = read([
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", content: "result", tool_call_id: "c1" }
    ])
    assert.isTrue(ToolMessage.isInstance(tool))
    assert.isTrue(AIMessage.isInstance(ai))
    if (AIMessage.isInstance(ai)) {
      assert.deepStrictEqual(ai.tool_calls, [{ id: "c1", name: "f", args: { a: 1 }, type: "tool_call" }])
      assert.strictEqual(ai.content, "")
    }
  })

  it("are refused with what is wrong with them", () => {
    for (
      const broken of [{ content: "no role" }, { role: "robot", content: "x" }, 5, [1, 2], {
        role: "tool",
        content: "x"
      }]
    ) {
      assert.throws(() => read([broken]), InvalidMessage)
    }
  })

  it("leave other input alone", () => {
    assert.isNull(withMessages(null))
    assert.deepStrictEqual(withMessages({ question: "ok?" }), { question: "ok?" })
    assert.deepStrictEqual(withMessages([1, 2]), [1, 2])
  })
})
