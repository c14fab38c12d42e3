import { AIMessageChunk } from "@langchain/core/messages"
import { Effect, Layer, Logger, ManagedRuntime, Option, Redacted, Schema } from "effect"
import { agentGraph } from "../../src/adapters/langgraph/AgentGraph.ts"
import { Models } from "../../src/adapters/langgraph/Models.ts"
import * as McpToolSource from "../../src/adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../../src/adapters/outbound/GuardedFetch.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { answer, load, question, type Timing, type Way } from "./Turn.ts"

// What the server is compared with: the same graph, model class and MCP client in one process that asks itself, with no
// HTTP of its own, no database and no memory.

const Request = Schema.Struct({
  way: Schema.Literals(["stream", "wait"]),
  count: Schema.Int,
  atOnce: Schema.Int
})
const decode = Schema.decodeUnknownSync(Request)

const [modelUrl = "", mcpUrl = ""] = process.argv.slice(2)
const none = { apiKey: Option.none(), baseUrl: Option.none() }
const openai = { apiKey: Option.some(Redacted.make("sk-scripted")), baseUrl: Option.some(modelUrl) }

const runtime = ManagedRuntime.make(
  Layer.mergeAll(Models.layer({ openai, anthropic: none, google: none }), McpToolSource.layer()).pipe(
    Layer.provide(GuardedFetch.layer({ allow: [] })),
    Layer.provideMerge(Logger.layer([]))
  )
)

/** The Rechts-Assistent, as its row has it. */
const settings = { model_name: "openai:gpt-4o-mini", temperature: 0.3, max_tokens: 2000 }
const systemPrompt = "Du bist ein Rechts-Assistent. Du antwortest auf Deutsch und nennst die Paragraphen."

const isToken = (payload: unknown) => {
  const message: unknown = Array.isArray(payload) ? payload[0] : undefined
  return AIMessageChunk.isInstance(message) && message.content !== ""
}

const drain = async (chunks: AsyncIterable<unknown>, started: number) => {
  let firstToken: number | null = null
  let values: unknown
  for await (const chunk of chunks) {
    const [mode, payload]: ReadonlyArray<unknown> = Array.isArray(chunk) ? chunk : []
    if (mode === "values") values = payload
    else if (firstToken === null && isToken(payload)) firstToken = performance.now() - started
  }
  if (!JSON.stringify(values).includes(answer)) throw new Error(`a turn came to ${JSON.stringify(values)}`)
  return firstToken
}

const turn = (way: Way) =>
  Effect.gen(function*() {
    const started = performance.now()
    const firstToken = yield* Effect.scoped(Effect.gen(function*() {
      const servers = [{ name: "legal-mcp", url: mcpUrl }]
      const { tools } = yield* (yield* ToolSource).load({ servers, trusted: true, token: null })
      const { model } = yield* (yield* Models).make(settings)
      const graph = agentGraph({ model, tools, systemPrompt, checkpointer: false })
      const streamMode = way === "stream" ? ["values", "messages"] : ["values"]
      return yield* Effect.promise(async () => drain(await graph.stream(question, { streamMode }), started))
    }))
    return { firstToken, completion: performance.now() - started } satisfies Timing
  })

process.on("message", (message) => {
  const { atOnce, count, way } = decode(message)
  load(count, atOnce, () => runtime.runPromise(turn(way))).then((result) => process.send?.(result))
})
process.once("disconnect", () => process.exit())
process.send?.("ready")
