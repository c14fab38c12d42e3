import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Logger, Redacted, Scope } from "effect"
import { createServer } from "node:http"
import { expect } from "vitest"
import { layer as mcpLayer } from "../../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../../src/adapters/outbound/GuardedFetch.ts"
import type { McpServer } from "../../src/domain/McpConfig.ts"
import { toolNames } from "../../src/domain/ToolNames.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { deadUrl, mcpServer, sseServer } from "../support/McpServers.ts"

const tools = mcpLayer({ connectTimeout: "5 seconds" }).pipe(Layer.provide(outboundLayer({ allow: [] })))

const load = Effect.fnUntraced(function*(
  servers: ReadonlyArray<McpServer>,
  options: { readonly trusted?: boolean; readonly token?: string } = {}
) {
  const source = yield* ToolSource
  const token = options.token === undefined ? null : Redacted.make(options.token)
  return yield* source.load({ servers, trusted: options.trusted ?? true, token })
})

type Loaded = Effect.Success<ReturnType<typeof load>>

const call = (loaded: Loaded, name: string, args: object, signal?: AbortSignal) =>
  Effect.tryPromise({
    try: async (): Promise<unknown> => {
      const tool = loaded.tools.find((tool) => tool.name === name)
      if (tool === undefined) throw new Error(`no tool ${name}`)
      return tool.invoke(args, signal === undefined ? {} : { signal })
    },
    catch: (error) => error instanceof Error ? error : new Error(String(error))
  })

/** Everything that was logged, message and annotations. */
const captured = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => {
    lines.push(String(Array.isArray(message) ? message.join(" ") : message))
  })
  return { lines, layer: Logger.layer([logger]) }
}

const withTools = <A, E>(effect: Effect.Effect<A, E, ToolSource | Scope.Scope>) =>
  Effect.scoped(effect).pipe(Effect.provide(tools))

describe("ToolSource", () => {
  it.live("gives the tools of every server, and calls them", () =>
    withTools(Effect.gen(function*() {
      const a = yield* mcpServer({ tools: ["search_laws"] })
      const b = yield* mcpServer({ tools: ["counter"] })
      const loaded = yield* load([{ name: "legal", url: a.url }, { name: "docs", url: b.url.replace(/\/mcp$/, "") }])
      assert.deepStrictEqual(loaded.tools.map(({ name }) => name), ["search_laws", "counter"])
      assert.strictEqual(yield* call(loaded, "search_laws", { query: "BGB" }), "result for BGB")
      assert.deepStrictEqual(loaded.report.servers.map(({ error, name, tools }) => ({ error, name, tools })), [
        { error: null, name: "legal", tools: ["search_laws"] },
        { error: null, name: "docs", tools: ["counter"] }
      ])
    })))

  it.live("loses nothing to servers that are dead, silent, refusing or malformed, and says why", () =>
    withTools(Effect.gen(function*() {
      const good = yield* mcpServer({ tools: ["search_laws"] })
      const silent = yield* mcpServer({ silent: true })
      const locked = yield* mcpServer({ token: "other" })
      const [time, loaded] = yield* Effect.timed(load([
        { name: "dead", url: yield* Effect.promise(deadUrl) },
        { name: "silent", url: silent.url },
        { name: "locked", url: locked.url },
        { name: "malformed", url: "not a url" },
        { name: "good", url: good.url }
      ]))
      assert.deepStrictEqual(loaded.tools.map(({ name }) => name), ["search_laws"])
      assert.deepStrictEqual(loaded.report.servers.map(({ error }) => error), [
        "connection refused",
        "timed out",
        "not authorised (HTTP 401)",
        "malformed URL",
        null
      ])
      assert.isBelow(Duration.toMillis(time), 9_900)
    })))

  it.live("asks its servers side by side", () =>
    withTools(Effect.gen(function*() {
      const slow = yield* Effect.forEach([1, 2, 3, 4], () => mcpServer({ delayMs: 60 }))
      const loaded = yield* load(slow.map(({ url }, index) => ({ name: `s${index}`, url })))
      assert.deepStrictEqual(loaded.report.servers.map(({ error }) => error), [null, null, null, null])
    })))

  it.live("says of each how long it took, whether it answered or not", () =>
    withTools(Effect.gen(function*() {
      const quick = yield* mcpServer()
      const slow = yield* mcpServer({ delayMs: 60 })
      const silent = yield* mcpServer({ silent: true })
      const loaded = yield* load([quick, slow, silent].map(({ url }, index) => ({ name: `s${index}`, url })))
      const [first = -1, second = 0, third = 0] = loaded.report.servers.map(({ ms }) => ms ?? Number.NaN)
      assert.isAtLeast(first, 0)
      assert.isAtLeast(second, 60)
      assert.isAtLeast(third, 4_990, "until it was given up")
    })))

  it.live("sends the caller's token to trusted servers that require one, and to nobody else", () =>
    withTools(Effect.gen(function*() {
      const locked = yield* mcpServer({ token: "caller-token" })
      const open = yield* mcpServer()
      const servers = [{ name: "locked", url: locked.url, auth_required: true }, { name: "open", url: open.url }]
      const loaded = yield* load(servers, { token: "caller-token" })
      assert.deepStrictEqual(loaded.report.servers.map(({ error }) => error), [null, null])
      assert.isTrue(locked.seen.requests.every(({ headers }) => headers.authorization === "Bearer caller-token"))
      assert.isTrue(open.seen.requests.every(({ headers }) => headers.authorization === undefined))
    })))

  it.live("skips a server that requires a token when there is none, or when the server is a caller's own", () => {
    const log = captured()
    return withTools(Effect.gen(function*() {
      const locked = yield* mcpServer({ token: "caller-token" })
      const url = locked.url.replace("http://", "http://user:pass@") + "?key=secret#x"
      const server = { name: "legal-mcp", url, auth_required: true }
      for (const options of [{}, { trusted: false, token: "caller-token" }]) {
        const loaded = yield* load([server], options)
        assert.deepStrictEqual(loaded.report.servers.map((told) => ({ ...told, ms: 0 })), [
          { name: "legal-mcp", url: locked.url, tools: [], error: "auth required but no tokens", ms: 0 }
        ])
      }
      assert.strictEqual(locked.seen.requests.length, 0)
      assert.include(log.lines, `MCP server skipped (auth required but no tokens): name=legal-mcp url=${locked.url}`)
      assert.include(log.lines, "MCP tools loaded: count=0 servers=[]")
    })).pipe(Effect.provide(log.layer))
  })

  it.live("does not reach into the private network for a caller", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer()
      const loaded = yield* load([{ name: "mine", url: server.url }], { trusted: false })
      assert.include(loaded.report.servers[0]?.error, "OUTBOUND_ALLOW")
      assert.strictEqual(server.seen.requests.length, 0)
    })))

  it.live("sends a caller's own headers with every request", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ token: "mine" })
      const headers = { Authorization: "Bearer mine", "X-Team": "a" }
      const loaded = yield* load([{ name: "mine", url: server.url, auth_required: true, headers }])
      yield* call(loaded, "search_laws", { query: "x" })
      assert.isTrue(server.seen.requests.every(({ headers }) => headers["x-team"] === "a"))
    })))

  it.live("asks as the user that a URL names, unless a header says who asks", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer()
      const locked = yield* mcpServer({ token: "caller-token" })
      const as = (url: string) => url.replace("//", "//someone:p%40ss@")
      const servers = [{ name: "a", url: as(server.url) }, { name: "b", url: as(locked.url), auth_required: true }]
      const loaded = yield* load(servers, { token: "caller-token" })
      assert.deepStrictEqual(loaded.report.servers.map(({ error, url }) => ({ error, url })), [
        { error: null, url: server.url },
        { error: null, url: locked.url }
      ])
      const basic = `Basic ${btoa("someone:p@ss")}`
      assert.isTrue(server.seen.requests.every(({ headers }) => headers.authorization === basic))
    })))

  it.live("filters by tool name", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ tools: ["search_laws", "counter", "fails"] })
      const names = (tools: ReadonlyArray<string> | null) =>
        load([{ name: "s", url: server.url, tools }]).pipe(Effect.map(({ tools }) => tools.map(({ name }) => name)))
      assert.deepStrictEqual(yield* names(["counter", "missing"]), ["counter"])
      assert.deepStrictEqual(yield* names([]), [])
      assert.deepStrictEqual(yield* names(null), ["search_laws", "counter", "fails"])
    })))

  it.live("tells equal tools of two servers apart", () =>
    withTools(Effect.gen(function*() {
      const a = yield* mcpServer({ tools: ["counter", "search_laws"] })
      const b = yield* mcpServer({ tools: ["counter"] })
      const loaded = yield* load([{ name: "legal mcp", url: a.url }, { name: "docs", url: b.url }])
      assert.deepStrictEqual(loaded.tools.map(({ name }) => name), [
        "legal_mcp__counter",
        "search_laws",
        "docs__counter"
      ])
      yield* call(loaded, "docs__counter", {})
      assert.deepStrictEqual([a.seen.calls.length, b.seen.calls.length], [0, 1])
    })))

  it.live("reports a tool's own error as an error, with the server's words", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ tools: ["fails"] })
      const loaded = yield* load([{ name: "s", url: server.url }])
      const error = yield* Effect.flip(call(loaded, "fails", {}))
      assert.include(error.message, "no such law")
    })))

  it.live("turns 'interaction required' into a result with the message and the link", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ tools: ["needs_interaction"] })
      const loaded = yield* load([{ name: "s", url: server.url }])
      assert.strictEqual(
        yield* call(loaded, "needs_interaction", {}),
        "Please sign in first https://login.example.com/start"
      )
    })))

  it.live("says so when a server goes away between listing and calling, without its token", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ token: "caller-token" })
      const loaded = yield* load([{ name: "s", url: server.url, auth_required: true }], { token: "caller-token" })
      yield* Effect.promise(server.close)
      const error = yield* Effect.flip(call(loaded, "search_laws", { query: "x" }))
      assert.include(error.message, "The tool's server failed")
      assert.notInclude(error.message, "caller-token")
    })))

  it.live("ends a call whose server dies, without waiting for its timeout, and lets a slow one have its time", () =>
    withTools(Effect.gen(function*() {
      const brief = yield* mcpServer({ tools: ["slow"] })
      const slow = yield* mcpServer({ tools: ["slow"] })
      const loaded = yield* load([{ name: "brief", url: brief.url }, { name: "slow", url: slow.url }])
      const cut = yield* Effect.forkChild(Effect.flip(call(loaded, "brief__slow", { ms: 600_000 })))
      const kept = yield* Effect.forkChild(call(loaded, "slow__slow", { ms: 1_500 }))
      yield* Effect.promise(() => expect.poll(() => brief.seen.calls.length + slow.seen.calls.length).toBe(2))
      yield* Effect.promise(brief.close)
      assert.include((yield* Fiber.join(cut)).message, "The tool's server failed: connection closed")
      assert.strictEqual(yield* Fiber.join(kept), "slept 1500 ms")
    })))

  it.live("asks a server again that cuts its caller off, as long as it is there to be asked", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ tools: ["cut"], resumable: true })
      const loaded = yield* load([{ name: "s", url: server.url }])
      assert.strictEqual(yield* call(loaded, "cut", { ms: 1_000 }), "asked for again")
      const cut = yield* Effect.forkChild(Effect.flip(call(loaded, "cut", { ms: 600_000 })))
      yield* Effect.promise(() => expect.poll(() => server.seen.calls.length).toBe(2))
      yield* Effect.promise(server.close)
      assert.include((yield* Fiber.join(cut)).message, "The tool's server failed: connection closed")
    })))

  it.live("ends the calls of a server of the older kind with the stream that their answers would come by", () =>
    withTools(Effect.gen(function*() {
      const server = yield* sseServer
      const loaded = yield* load([{ name: "old", url: server.url }])
      const cut = yield* Effect.forkChild(Effect.flip(call(loaded, "slow", { ms: 600_000 })))
      yield* Effect.promise(() => expect.poll(() => server.calls.length).toBe(1))
      yield* Effect.promise(server.close)
      assert.include((yield* Fiber.join(cut)).message, "The tool's server failed: connection closed")
    })))

  it.live("aborts a call, and the server learns of it", () =>
    withTools(Effect.gen(function*() {
      const server = yield* mcpServer({ tools: ["slow"] })
      const loaded = yield* load([{ name: "s", url: server.url }])
      const controller = new AbortController()
      const left = yield* Effect.forkChild(Effect.exit(call(loaded, "slow", { ms: 600_000 }, controller.signal)))
      yield* Effect.promise(() => expect.poll(() => server.seen.calls.length).toBe(1))
      controller.abort()
      assert.isTrue(Exit.isFailure(yield* Fiber.join(left)))
      yield* Effect.promise(() => expect.poll(() => server.seen.calls[0]?.aborted).toBe(true))
    })))

  it.live("ends its sessions with the scope, and opens new ones for every load", () =>
    Effect.gen(function*() {
      const server = yield* mcpServer({ tools: ["counter"] })
      const once = withTools(load([{ name: "s", url: server.url }]))
      yield* once
      yield* once
      assert.strictEqual(server.seen.opened.length, 2)
      assert.deepStrictEqual(server.seen.closed, server.seen.opened)
    }).pipe(Effect.scoped))

  it.live("is not held up at the end by a server that is gone", () =>
    Effect.gen(function*() {
      const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("hi"))
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const loaded = yield* withTools(load([{ name: "web", url: `http://127.0.0.1:${port}/mcp` }]))
      server.close()
      assert.strictEqual(loaded.report.servers[0]?.error, "unexpected answer")
    }))
})

describe("toolNames", () => {
  it("are legal for every provider, unique, and stable", () => {
    const names = toolNames([
      { server: "a", name: "search" },
      { server: "b", name: "search" },
      { server: "b", name: "search" },
      { server: "c", name: "a__search" },
      { server: "d", name: "find.docs/ä" },
      { server: "e", name: "x".repeat(80) },
      { server: "f", name: "x".repeat(81) }
    ])
    assert.deepStrictEqual(names.slice(0, 5), ["a__search_2", "b__search", "b__search_2", "a__search", "find_docs__"])
    assert.strictEqual(new Set(names).size, names.length)
    for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/)
  })
})
