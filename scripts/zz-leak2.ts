import { Effect, Layer, Logger, Option, Redacted } from "effect"
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { agentGraph } from "../src/adapters/langgraph/AgentGraph.ts"
import { Models } from "../src/adapters/langgraph/Models.ts"
import { layer as mcpLayer } from "../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../src/adapters/outbound/GuardedFetch.ts"
import { ToolSource } from "../src/ports/ToolSource.ts"
const heap = () => { (globalThis as any).gc(); (globalThis as any).gc(); return process.memoryUsage().heapUsed / 1e3 }
const grow = (label: string, n: number, f: () => Effect.Effect<unknown, unknown, any>) => Effect.gen(function*() {
  for (let i = 0; i < 30; i++) yield* f()
  yield* Effect.sleep("200 millis")
  const a = heap(); for (let i = 0; i < n; i++) yield* f(); yield* Effect.sleep("200 millis"); const b = heap()
  console.log(label.padEnd(40), ((b - a) / n).toFixed(1), "kB each")
})
await Effect.runPromise(Effect.gen(function*() {
  const child = spawn(process.execPath, ["scripts/zz-servers.ts"], { stdio: ["pipe", "pipe", "inherit"] })
  const urls = JSON.parse(yield* Effect.promise(() => new Promise<string>((r) => child.stdout.once("data", (d) => r(String(d))))))
  const provider = { apiKey: Option.some(Redacted.make("sk-server-key")), baseUrl: Option.some(urls.model as string) }
  yield* Effect.gen(function*() {
    const models = yield* Models, tools = yield* ToolSource
    const { model } = yield* models.make({})
    const load = tools.load({ servers: [{ name: "legal", url: urls.mcp }], trusted: true, token: null })
    const loaded = yield* load
    const drain = async (it: AsyncIterable<unknown>) => { for await (const _ of it); }
    const input = { messages: [{ role: "user", content: 'tool:search_laws:{"query":"BGB"}' }] }
    const bare = agentGraph({ model, tools: loaded.tools, systemPrompt: "Du bist.", checkpointer: undefined as never })
    yield* grow("agentGraph only", 300, () => Effect.sync(() => agentGraph({ model, tools: loaded.tools, systemPrompt: "Du bist.", checkpointer: undefined as never })))
    yield* grow("models.make", 300, () => models.make({}))
    yield* grow("mcp load + close", 150, () => Effect.scoped(load))
    yield* grow("bare stream, same graph+model", 150, () => Effect.promise(async () => drain(await bare.stream(input, { streamMode: ["values"] }))))
    yield* grow("bare stream, thread + runId", 150, () => Effect.promise(async () => drain(await bare.stream(input, { streamMode: ["values"], runId: randomUUID() }))))
    yield* grow("bare stream, signal", 150, () => Effect.promise(async () => { const c = new AbortController(); await drain(await bare.stream(input, { streamMode: ["values"], signal: c.signal })); c.abort() }))
    yield* grow("bare stream, new model", 150, () => Effect.gen(function*() { const { model } = yield* models.make({}); const g = agentGraph({ model, tools: loaded.tools, systemPrompt: "Du bist.", checkpointer: undefined as never }); yield* Effect.promise(async () => drain(await g.stream(input, { streamMode: ["values"] }))) }))
  }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(Models.layer({ openai: provider, anthropic: provider, google: provider }), mcpLayer()).pipe(Layer.provide(outboundLayer({ allow: [] })))))
  child.kill()
}).pipe(Effect.provide(Logger.layer([]))) as Effect.Effect<void>)
process.exit(0)
