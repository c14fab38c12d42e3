import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type RequestListener } from "node:http"
import { layer } from "../../src/adapters/outbound/GuardedFetch.ts"
import { Outbound, OutboundRefused } from "../../src/ports/Outbound.ts"

const serve = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({
          port,
          close: () => {
            server.closeAllConnections()
            server.close()
          }
        }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const get = Effect.fnUntraced(function*(url: string, allow: ReadonlyArray<string> = []) {
  const outbound = yield* Outbound.pipe(Effect.provide(layer({ allow }), { local: true }))
  return yield* Effect.tryPromise({
    try: (signal) => outbound.guarded(url, { signal }).then((response) => response.text()),
    catch: (error) => error
  })
}, Effect.scoped)

const hello: RequestListener = (_, response) => response.end("hello")

describe("Outbound.guarded", () => {
  it.live("refuses every spelling of this machine and its network, before anything is sent", () =>
    Effect.gen(function*() {
      let requests = 0
      const { port } = yield* serve((_, response) => {
        requests++
        response.end()
      })
      const urls = [
        `http://127.0.0.1:${port}/`,
        `http://localhost:${port}/`,
        `http://LOCALHOST:${port}/`,
        `http://2130706433:${port}/`,
        `http://0x7f000001:${port}/`,
        `http://0177.0.0.1:${port}/`,
        `http://127.1:${port}/`,
        `http://0.0.0.0:${port}/`,
        `http://[::1]:${port}/`,
        `http://[::ffff:127.0.0.1]:${port}/`,
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://10.1.2.3/",
        "https://192.168.0.1/"
      ]
      for (const url of urls) {
        const error = yield* Effect.flip(get(url))
        assert.instanceOf(error, OutboundRefused, url)
        assert.include(error.message, "OUTBOUND_ALLOW")
      }
      assert.strictEqual(requests, 0)
    }))

  it.live("tells beforehand what it will refuse, without asking anybody", () =>
    Effect.gen(function*() {
      const { port } = yield* serve(() => assert.fail("nobody asked"))
      const check = Effect.fnUntraced(function*(url: string, allow: ReadonlyArray<string> = []) {
        const outbound = yield* Outbound.pipe(Effect.provide(layer({ allow }), { local: true }))
        return yield* outbound.check(new URL(url))
      }, Effect.scoped)
      const refused = [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, "http://[::1]/", "file:///etc/passwd"]
      for (const url of refused) assert.instanceOf(yield* Effect.flip(check(url)), OutboundRefused, url)
      yield* check(`http://127.0.0.1:${port}/`, ["127.0.0.1"])
      yield* check(`http://localhost:${port}/`, [`localhost:${port}`])
      yield* check("https://8.8.8.8/")
      yield* check("https://nobody-has-this-name.invalid/")
    }))

  it.live("names the host that was refused", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(get("http://localhost:81/"))
      assert.include(String(error), "localhost")
    }))

  it.live("refuses other schemes", () =>
    Effect.gen(function*() {
      for (const url of ["file:///etc/passwd", "data:text/plain,hi", "ftp://example.com/"]) {
        assert.instanceOf(yield* Effect.flip(get(url)), OutboundRefused, url)
      }
    }))

  it.live("reaches a host that is allowed, with its port or with any", () =>
    Effect.gen(function*() {
      const { port } = yield* serve(hello)
      for (const allow of ["127.0.0.1", `127.0.0.1:${port}`]) {
        assert.strictEqual(yield* get(`http://127.0.0.1:${port}/`, [allow]), "hello")
      }
      assert.strictEqual(yield* get(`http://localhost:${port}/`, ["LocalHost"]), "hello")
      assert.instanceOf(yield* Effect.flip(get(`http://127.0.0.1:${port}/`, ["127.0.0.1:1"])), OutboundRefused)
      assert.instanceOf(yield* Effect.flip(get(`http://127.0.0.1:${port}/`, ["localhost"])), OutboundRefused)
    }))

  it.live("follows a redirect of an allowed host, but not to a private one", () =>
    Effect.gen(function*() {
      const { port } = yield* serve((request, response) =>
        request.url === "/away"
          ? response.writeHead(302, { location: "http://169.254.169.254/latest/" }).end()
          : request.url === "/here"
          ? response.writeHead(302, { location: "/" }).end()
          : response.end("hello")
      )
      const allow = ["127.0.0.1"]
      assert.strictEqual(yield* get(`http://127.0.0.1:${port}/here`, allow), "hello")
      const error = yield* Effect.flip(get(`http://127.0.0.1:${port}/away`, allow))
      assert.instanceOf(error, OutboundRefused)
      assert.include(error.message, "169.254.169.254")
    }))

  it.live("sends whatever fetch takes: a form, a request that somebody has made", () =>
    Effect.gen(function*() {
      const { port } = yield* serve((request, response) => {
        const [type = ""] = (request.headers["content-type"] ?? "").split(";")
        response.writeHead(200, { "x-told": `${request.method} ${type} ${request.headers["x-tenant"]}` })
        request.pipe(response)
      })
      const { guarded } = yield* Outbound.pipe(Effect.provide(layer({ allow: ["127.0.0.1"] }), { local: true }))
      const sent = (input: string | Request, init?: RequestInit) =>
        Effect.promise(async () => {
          const response = await guarded(input, init)
          return [response.headers.get("x-told"), await response.text()] as const
        })
      const url = `http://127.0.0.1:${port}/`
      const headers = new Headers({ "x-tenant": "nord" })
      const form = new FormData()
      form.set("frist", "drei Monate")
      const [told, body] = yield* sent(url, { method: "POST", headers, body: form })
      assert.strictEqual(told, "POST multipart/form-data nord")
      assert.match(body, /name="frist"\s+drei Monate/)
      const made = new Request(url, { method: "PUT", headers, body: "as it is" })
      assert.deepStrictEqual(yield* sent(made), ["PUT text/plain nord", "as it is"])
      const changed = yield* sent(new Request(url, { method: "POST", headers, body: "of before" }), { body: "of now" })
      assert.deepStrictEqual(changed, ["POST text/plain nord", "of now"])
    }).pipe(Effect.scoped))

  it.live("stops asking when whoever wanted to know has left", () =>
    Effect.gen(function*() {
      const { port } = yield* serve(() => leave.abort(new Error("has left")))
      let leave = new AbortController()
      const { guarded } = yield* Outbound.pipe(Effect.provide(layer({ allow: ["127.0.0.1"] }), { local: true }))
      const url = `http://127.0.0.1:${port}/`
      const why = (asked: () => Promise<unknown>) => Effect.promise(() => asked().then(() => "answered", String))
      assert.include(yield* why(() => guarded(url, { signal: leave.signal })), "has left")
      leave = new AbortController()
      assert.include(yield* why(() => guarded(new Request(url, { signal: leave.signal }))), "has left")
    }).pipe(Effect.scoped))

  it.live("leaves an ordinary failure what it is", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(get("http://127.0.0.1:81/", ["127.0.0.1"]))
      assert.notInstanceOf(error, OutboundRefused)
    }))
})

describe("Outbound.trusted", () => {
  it.live("reaches the operator's own machines", () =>
    Effect.gen(function*() {
      const { port } = yield* serve(hello)
      const { trusted } = yield* Outbound.pipe(Effect.provide(layer({ allow: [] })))
      const text = yield* Effect.promise(() => trusted(`http://127.0.0.1:${port}/`).then((response) => response.text()))
      assert.strictEqual(text, "hello")
    }))
})
