import { Effect, Layer, Logger, Option, Redacted, Stream } from "effect"
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { EmbeddedPostgres } from "../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { agentGraph } from "../src/adapters/langgraph/AgentGraph.ts"
import { Checkpointer } from "../src/adapters/langgraph/Checkpointer.ts"
import { layer as graphsLayer } from "../src/adapters/langgraph/LangGraphs.ts"
import { Models } from "../src/adapters/langgraph/Models.ts"
import { layer as mcpLayer } from "../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../src/adapters/outbound/GuardedFetch.ts"
import { AgentGraphs } from "../src/ports/AgentGraphs.ts"
import { ToolSource } from "../src/ports/ToolSource.ts"
import { startMcpServer } from "../test/support/McpServers.ts"
import { startScriptedModel } from "../test/support/ScriptedModel.ts"

const N = Number(process.env["N"] ?? 60)
const stats = (xs: Array<number>) => {
  const s = [...xs].sort((a, b) => a - b)
  return `p50 ${s[s.length >> 1]!.toFixed(1)} p95 ${s[Math.floor(s.length * .95)]!.toFixed(1)}`
}
const timeN = (label: string, n: number, f: (i: number) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const xs: number[] = []
    const cpu0 = process.cpuUsage()
    for (let i = 0; i < n; i++) {
      const t = performance.now()
      yield* f(i)
      if (i >= 8) xs.push(performance.now() - t)
    }
    const c = process.cpuUsage(cpu0)
    console.log(label.padEnd(44), stats(xs), `cpu/turn ${((c.user + c.system) / 1000 / n).toFixed(1)}`)
  })
await Effect.runPromise(
  Effect.gen(function*() {
    const pg = yield* EmbeddedPostgres
    const url = process.env["URL3"] ? Redacted.make(process.env["URL3"]) : pg.url("postgres")
    const child = spawn(process.execPath, ["scripts/zz-servers.ts"], { stdio: ["pipe", "pipe", "inherit"] })
    const urls = JSON.parse(
      yield* Effect.promise(() => new Promise<string>((r) => child.stdout.once("data", (d) => r(String(d)))))
    )
    const model = { url: urls.model as string, close: async () => {} },
      mcp = {
        url: urls.mcp as string,
        close: async () => {
          child.kill()
        }
      }
    const provider = { apiKey: Option.some(Redacted.make("sk-server-key")), baseUrl: Option.some(model.url) }
    const parts = graphsLayer.pipe(
      Layer.provideMerge(
        Layer.mergeAll(
          Checkpointer.layer({ url, poolSize: 4 }),
          Models.layer({ openai: provider, anthropic: provider, google: provider }),
          mcpLayer()
        )
      ),
      Layer.provide(outboundLayer({ allow: [] }))
    )
    yield* Effect.gen(function*() {
      const cp = yield* Checkpointer
      yield* cp.setup
      const saver = yield* cp.saver
      const models = yield* Models
      const tools = yield* ToolSource
      const graphs = yield* AgentGraphs
      const text = "tool:search_laws:{\"query\":\"BGB\"}"
      const loaded = yield* tools.load({ servers: [{ name: "legal", url: mcp.url }], trusted: true, token: null })
      const { model: chat } = yield* models.make({ model_name: "openai:gpt-4o" })
      const input = () => ({ messages: [{ role: "user", content: text }] })
      const drain = async (it: AsyncIterable<unknown>) => {
        for await (const _ of it);
      }
      const bare = agentGraph({
        model: chat,
        tools: loaded.tools,
        systemPrompt: "Du bist.",
        checkpointer: undefined as never
      })
      const saved = agentGraph({ model: chat, tools: loaded.tools, systemPrompt: "Du bist.", checkpointer: saver })
      yield* timeN(
        "bare graph, values",
        N,
        () => Effect.promise(async () => drain(await bare.stream(input(), { streamMode: ["values"] })))
      )
      yield* timeN(
        "bare graph, values+messages",
        N,
        () => Effect.promise(async () => drain(await bare.stream(input(), { streamMode: ["values", "messages"] })))
      )
      for (const durability of ["async", "sync", "exit"]) {
        yield* timeN(`graph + saver, values, ${durability}`, N, (i) =>
          Effect.promise(async () =>
            drain(
              await saved.stream(input(), {
                durability,
                streamMode: ["values"],
                configurable: { thread_id: `${durability}-${i}-${randomUUID()}` }
              })
            )
          ))
      }
      const run = (mode: string[], servers: unknown[]) =>
        graphs.run({
          graphId: "agent",
          runId: randomUUID() as never,
          threadId: randomUUID() as never,
          attempt: 1,
          trusted: true,
          token: null,
          configuration: {
            configurable: {
              model_name: "openai:gpt-4o",
              system_prompt: "Du bist Jurist.",
              mcp_config: { servers } as never,
              assistant_id: "a",
              user_id: "u"
            },
            origins: {},
            dropped: [],
            recursion_limit: 25,
            tags: [],
            metadata: { a: 1 },
            context: {}
          },
          request: {
            input: { messages: [{ role: "user", content: text }] },
            command: null,
            checkpoint: null,
            stream_mode: mode,
            stream_subgraphs: false,
            stream_resumable: false,
            interrupt_before: null,
            interrupt_after: null,
            temporary: false
          } as never
        }).pipe(Stream.runDrain)
      const s = [{ name: "legal", url: mcp.url }]
      yield* timeN("port run (MCP connect), values", N, () => run(["values"], s))
      yield* timeN(
        "port run (MCP connect), values+tuple+updates",
        N,
        () => run(["values", "messages-tuple", "updates"], s)
      )
      {
        const acc: Record<string, number[]> = {}
        const note = (k: string, v: number) => (acc[k] ??= []).push(v)
        for (let i = 0; i < N; i++) {
          const t0 = performance.now()
          let last = t0, ended = 0
          const st = graphs as any
          yield* graphs.run({
            graphId: "agent",
            runId: randomUUID() as never,
            threadId: randomUUID() as never,
            attempt: 1,
            trusted: true,
            token: null,
            configuration: {
              configurable: {
                model_name: "openai:gpt-4o",
                system_prompt: "Du bist Jurist.",
                mcp_config: { servers: s } as never,
                assistant_id: "a",
                user_id: "u"
              },
              origins: {},
              dropped: [],
              recursion_limit: 25,
              tags: [],
              metadata: { a: 1 },
              context: {}
            },
            request: {
              input: { messages: [{ role: "user", content: text }] },
              command: null,
              checkpoint: null,
              stream_mode: ["updates"],
              stream_subgraphs: false,
              stream_resumable: false,
              interrupt_before: null,
              interrupt_after: null,
              temporary: false
            } as never
          }).pipe(Stream.runForEach((sig: any) =>
            Effect.sync(() => {
              const k = sig._tag + (sig.event ?? "") + (sig.data?.slice(2, 9) ?? "")
              const n = performance.now()
              note(k, n - last)
              last = n
            })
          ))
          note("close", performance.now() - last)
        }
        for (const [k, v] of Object.entries(acc)) {
          console.log("   ", k.padEnd(30), stats(v.slice(8)))
        }
      }
      yield* timeN("port run without MCP (tool unknown), values", N, () => run(["values"], []))
      yield* timeN(
        "MCP load only",
        N,
        () => Effect.scoped(tools.load({ servers: [{ name: "legal", url: mcp.url }], trusted: true, token: null }))
      )
      const t = performance.now()
      yield* Effect.all(
        Array.from({ length: 64 }, () => run(["values"], s)),
        { concurrency: 32 }
      )
      console.log(
        "32 at once: turns/s",
        (64000 / (performance.now() - t)).toFixed(1),
        "rss MB",
        (process.memoryUsage().rss / 1e6).toFixed(0)
      )
    }).pipe(Effect.scoped, Effect.provide(parts))
    yield* Effect.promise(() => model.close())
    yield* Effect.promise(() => mcp.close())
  }).pipe(
    Effect.provide(EmbeddedPostgres.layer({ fsync: process.env["FSYNC"] === "1" })),
    Effect.provide(Logger.layer([]))
  ) as Effect.Effect<void>
)
process.exit(0)
