import { assert, describe, it } from "@effect/vitest"
import { type AIMessageChunk, HumanMessage, SystemMessage } from "@langchain/core/messages"
import { loadMcpTools } from "@langchain/mcp-adapters"
import { ChatOpenAI } from "@langchain/openai"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { Effect, Fiber } from "effect"
import { createAgent } from "langchain"
import { LegalMcp } from "../../src/adapters/demo/LegalMcp.ts"
import { StandInModel } from "../../src/adapters/demo/StandInModel.ts"
import { deadUrl, mcpServer } from "../support/McpServers.ts"
import { scriptedModel } from "../support/ScriptedModel.ts"
import { until } from "../support/Throughline.ts"

const chat = (url: string) =>
  new ChatOpenAI({ model: "gpt-4o-mini", apiKey: "a-key", maxRetries: 0, configuration: { baseURL: url } })

const connect = (url: string, headers: Record<string, string> = {}) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client({ name: "test", version: "1.0.0" })
      const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
      await client.connect(transport)
      return { client, transport }
    }),
    ({ client }) => Effect.promise(() => client.close())
  )

describe("the demo", () => {
  it.live("answers a question about the law with the words of legal-mcp, as a stand-in", () =>
    Effect.gen(function*() {
      const model = yield* StandInModel
      const { client } = yield* connect((yield* LegalMcp).url)
      const tools = yield* Effect.promise(() => loadMcpTools("legal-mcp", client))
      assert.deepStrictEqual(tools.map(({ name }) => name), ["search_laws", "get_paragraph"])
      const agent = createAgent({ model: chat(model.url), tools })
      const answer = (words: string) =>
        Effect.promise(async () => {
          const { messages } = await agent.invoke({
            messages: [new SystemMessage("Du bist Jurist."), new HumanMessage(words)]
          })
          return String(messages.at(-1)?.content)
        })
      const search = yield* answer("Darf ich die Miete mindern, wenn die Heizung einen Mangel hat?")
      assert.include(search, "stand-in model, not a real one")
      assert.include(search, "§ 536 BGB (Mietminderung")
      const paragraph = yield* answer("Was steht in § 823 BGB?")
      assert.include(paragraph, "vorsätzlich oder fahrlässig")
      assert.notInclude(paragraph, "§ 536")
    }).pipe(Effect.provide(LegalMcp.layer), Effect.provide(StandInModel.layer)))
})

describe("the scripted model", () => {
  it.live("says what the user's last message tells it to, streamed or not, and keeps what it was asked", () =>
    Effect.gen(function*() {
      const model = yield* scriptedModel
      const invoke = (words: string) => Effect.promise(() => chat(model.url).invoke(words))
      assert.strictEqual((yield* invoke("say:hello there")).content, "hello there")
      assert.strictEqual((yield* invoke("hello")).content, "you said: hello")
      const called = yield* invoke("tools:a:{\"x\":1}|b:{}")
      assert.deepStrictEqual(called.tool_calls?.map(({ args, name }) => [name, args]), [["a", { x: 1 }], ["b", {}]])
      const chunks = yield* Effect.promise(async () => {
        const chunks: Array<AIMessageChunk> = []
        for await (const chunk of await chat(model.url).stream("slow:40:one two three")) chunks.push(chunk)
        return chunks
      })
      assert.deepStrictEqual(chunks.map(({ content }) => content).filter((content) => content !== ""), [
        "one ",
        "two ",
        "three"
      ])
      assert.isTrue(chunks.some(({ usage_metadata }) => usage_metadata !== undefined))
      assert.strictEqual(new Set(model.requests.map(({ headers }) => headers.authorization)).size, 1)
      assert.strictEqual(model.requests[0]?.headers.authorization, "Bearer a-key")
      assert.strictEqual(model.requests[0]?.body["model"], "gpt-4o-mini")
    }))

  it.live("notices that its caller has gone, and fails when told to", () =>
    Effect.gen(function*() {
      const model = yield* scriptedModel
      const failed = yield* Effect.flip(Effect.tryPromise(() => chat(model.url).invoke("fail:503")))
      assert.include(String(failed.cause), "503")
      const gone = new AbortController()
      const left = yield* Effect.forkChild(
        Effect.flip(Effect.tryPromise(() => chat(model.url).invoke("slow:60000", { signal: gone.signal }))),
        { startImmediately: true }
      )
      yield* Effect.promise(() => until("it is asked", () => model.requests.length === 2))
      gone.abort()
      yield* Fiber.join(left)
      yield* Effect.promise(() => until("it notices", () => model.requests[1]?.aborted))
      assert.isFalse(model.requests[0]?.aborted)
    }))
})

describe("the MCP servers of the tests", () => {
  it.live("keep what they see: sessions, calls, and calls that were given up", () =>
    Effect.gen(function*() {
      const server = yield* mcpServer({
        token: "secret",
        tools: ["search_laws", "slow", "fails", "needs_interaction", "counter"]
      })
      const refused = yield* Effect.flip(Effect.tryPromise(() =>
        new Client({ name: "test", version: "1.0.0" }).connect(new StreamableHTTPClientTransport(new URL(server.url)))
      ))
      assert.match(String(refused.cause), /401|unauthorized/i)
      const { client, transport } = yield* connect(server.url, { authorization: "Bearer secret" })
      const call = (name: string, args: Record<string, unknown> = {}, signal?: AbortSignal) =>
        Effect.tryPromise({
          try: () =>
            client.callTool({ name, arguments: args }, undefined, { ...(signal && { signal }) }),
          catch: (error) => error
        })
      assert.deepInclude(yield* call("search_laws", { query: "rent" }), {
        content: [{ type: "text", text: "result for rent" }]
      })
      assert.deepInclude(yield* call("counter"), { content: [{ type: "text", text: "1" }] })
      assert.deepInclude(yield* call("counter"), { content: [{ type: "text", text: "2" }] })
      assert.deepInclude(yield* call("fails"), { isError: true })
      assert.deepInclude(yield* Effect.flip(call("needs_interaction")), {
        code: -32003,
        data: { message: "Please sign in first", url: "https://login.example.com/start" }
      })
      const gone = new AbortController()
      const left = yield* Effect.forkChild(Effect.flip(call("slow", { ms: 60_000 }, gone.signal)), {
        startImmediately: true
      })
      yield* Effect.promise(() => until("it is called", () => server.seen.calls.at(-1)?.tool === "slow"))
      gone.abort()
      yield* Fiber.join(left)
      yield* Effect.promise(() => until("it notices", () => server.seen.calls.at(-1)?.aborted))
      yield* Effect.promise(() => transport.terminateSession())
      assert.deepStrictEqual(server.seen.calls.map(({ aborted, tool }) => [tool, aborted]), [
        ["search_laws", false],
        ["counter", false],
        ["counter", false],
        ["fails", false],
        ["needs_interaction", false],
        ["slow", true]
      ])
      assert.deepStrictEqual(server.seen.closed, server.seen.opened)
      assert.strictEqual(server.seen.opened.length, 1)
    }))

  it.live("can be silent, and dead", () =>
    Effect.gen(function*() {
      const silent = yield* mcpServer({ silent: true })
      const get = (url: string) =>
        Effect.tryPromise(() => fetch(url, { method: "POST", signal: AbortSignal.timeout(2_000) }))
      assert.include(String((yield* Effect.flip(get(silent.url))).cause), "Timeout")
      assert.strictEqual(silent.seen.requests.length, 1)
      assert.include(String((yield* Effect.flip(get(yield* Effect.promise(deadUrl)))).cause), "fetch failed")
    }))
})
