import { Effect, Layer, Logger, Option, Redacted } from "effect"
import { spawn } from "node:child_process"
import v8 from "node:v8"
import { agentGraph } from "../src/adapters/langgraph/AgentGraph.ts"
import { Models } from "../src/adapters/langgraph/Models.ts"
import { layer as mcpLayer } from "../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../src/adapters/outbound/GuardedFetch.ts"
import { ToolSource } from "../src/ports/ToolSource.ts"
await Effect.runPromise(Effect.gen(function*() {
  const child = spawn(process.execPath, ["scripts/zz-servers.ts"], { stdio: ["pipe", "pipe", "inherit"] })
  const urls = JSON.parse(yield* Effect.promise(() => new Promise<string>((r) => child.stdout.once("data", (d) => r(String(d))))))
  const provider = { apiKey: Option.some(Redacted.make("sk-server-key")), baseUrl: Option.some(urls.model as string) }
  yield* Effect.gen(function*() {
    const models = yield* Models, src = yield* ToolSource
    const { model } = yield* models.make({})
    const drain = async (it: AsyncIterable<unknown>) => { for await (const _ of it); }
    const load = src.load({ servers: [{ name: 'legal', url: urls.mcp }], trusted: true, token: null })
    const loaded = yield* load
    const input = { messages: [{ role: "user", content: 'tool:search_laws:{"query":"BGB"}' }] }
    const bare = agentGraph({ model, tools: loaded.tools, systemPrompt: "Du bist.", checkpointer: undefined as never })
    const go = (n: number) => process.env['MODE']==='mcp' ? Effect.repeat(Effect.scoped(load), { times: n - 1 }) : Effect.promise(async () => { for (let i = 0; i < n; i++) await drain(await bare.stream(input, { streamMode: ["values"] })) })
    yield* go(50); yield* Effect.sleep("300 millis")
    ;(globalThis as any).gc(); const a = process.memoryUsage().heapUsed
    v8.writeHeapSnapshot("/tmp/scratch/a.heapsnapshot")
    yield* go(100); yield* Effect.sleep("300 millis")
    ;(globalThis as any).gc(); console.log("no tools:", ((process.memoryUsage().heapUsed - a) / 1e5).toFixed(1), "kB each")
    v8.writeHeapSnapshot("/tmp/scratch/b.heapsnapshot")
  }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(Models.layer({ openai: provider, anthropic: provider, google: provider }), mcpLayer()).pipe(Layer.provide(outboundLayer({ allow: [] })))))
  child.kill()
}).pipe(Effect.provide(Logger.layer([]))) as Effect.Effect<void>)
process.exit(0)
