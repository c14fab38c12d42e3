import { assert, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib"
import { UserId } from "../../src/domain/Principal.ts"
import { ask, origin, send, world } from "./http-world.ts"

const page = "<!doctype html><title>Console</title>"
const script = "console.log('ä')"

/** A folder as the build leaves it, beside one with something that is nobody's business. */
const builtFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "throughline-console-"))
  const dist = join(folder, "dist")
  mkdirSync(join(dist, "assets"), { recursive: true })
  writeFileSync(join(folder, "secret.txt"), "secret-canary")
  const put = (name: string, text: string) => {
    writeFileSync(join(dist, name), text)
    writeFileSync(join(dist, `${name}.br`), brotliCompressSync(text))
    writeFileSync(join(dist, `${name}.gz`), gzipSync(text))
  }
  put("index.html", page)
  put("assets/index-abc.js", script)
  put("assets/index-abc.css", "p{}")
  writeFileSync(join(dist, "assets/icon-abc.svg"), "<svg/>")
  return dist
}

/** As it is on the wire: `fetch` would tidy the path and undo the encoding. */
const raw = Effect.fnUntraced(function*(path: string, headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(yield* origin)
  return yield* Effect.promise(() =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
      request({ hostname, port, path, headers }, (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on(
          "end",
          () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        )
      }).on("error", reject).end()
    })
  )
})

const somebody = { name: "A member", organization: "Kanzlei Nord", userId: UserId.make("u-1"), token: "t-1" }

layer(world("*", { consoleFolder: builtFolder() }))("the console over HTTP", (it) => {
  it.effect("its files come with their types, its assets for ever, its page anew each time", () =>
    Effect.gen(function*() {
      const served = [
        ["/console/", "text/html; charset=utf-8", "no-cache", page],
        ["/console/index.html", "text/html; charset=utf-8", "no-cache", page],
        [
          "/console/assets/index-abc.js",
          "text/javascript; charset=utf-8",
          "public, max-age=31536000, immutable",
          script
        ],
        ["/console/assets/index-abc.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable", "p{}"],
        [
          "/console/assets/icon-abc.svg",
          "image/svg+xml; charset=utf-8",
          "public, max-age=31536000, immutable",
          "<svg/>"
        ]
      ]
      for (const [path = "", type, caching, text] of served) {
        const { body, headers, status } = yield* raw(path)
        assert.strictEqual(status, 200, path)
        assert.strictEqual(headers["content-type"], type, path)
        assert.strictEqual(headers["cache-control"], caching, path)
        assert.strictEqual(body.toString(), text)
        assert.isUndefined(headers["content-encoding"])
      }
    }))

  it.effect("they come compressed to whoever can read that, with the type of what is in them", () =>
    Effect.gen(function*() {
      const js = "/console/assets/index-abc.js"
      const brotli = yield* raw(js, { "accept-encoding": "gzip, deflate, br, zstd" })
      assert.strictEqual(brotli.headers["content-encoding"], "br")
      assert.strictEqual(brotliDecompressSync(brotli.body).toString(), script)
      assert.strictEqual(brotli.headers["content-type"], "text/javascript; charset=utf-8")
      const gzip = yield* raw(js, { "accept-encoding": "gzip;q=0.5, br;q=0" })
      assert.strictEqual(gzip.headers["content-encoding"], "gzip")
      assert.strictEqual(gunzipSync(gzip.body).toString(), script)
      assert.strictEqual(gzip.headers["vary"], "accept-encoding")
      const none = yield* raw(js, { "accept-encoding": "identity" })
      assert.isUndefined(none.headers["content-encoding"])
      const svg = yield* raw("/console/assets/icon-abc.svg", { "accept-encoding": "br" })
      assert.isUndefined(svg.headers["content-encoding"], "the build has not compressed it")
      assert.strictEqual(svg.body.toString(), "<svg/>")
    }))

  it.effect("what is unchanged is not sent again", () =>
    Effect.gen(function*() {
      const { headers: { etag } } = yield* raw("/console/", { "accept-encoding": "br" })
      const again = yield* raw("/console/", { "accept-encoding": "br", "if-none-match": String(etag) })
      assert.strictEqual(again.status, 304)
      assert.lengthOf(again.body, 0)
    }))

  it.effect("an address of the page's own is the page; an asset that is not there is none", () =>
    Effect.gen(function*() {
      for (const path of ["/console/agents/x", "/console/agents/my.graph", "/console/threads/a/runs/b?x=1"]) {
        const { body, status } = yield* raw(path)
        assert.strictEqual(status, 200, path)
        assert.strictEqual(body.toString(), page)
      }
      for (const path of ["/console/assets/index-old.js", "/console/assets/"]) {
        assert.strictEqual((yield* raw(path)).status, 404, path)
      }
      const asked = (method: string) => Effect.map(send("/console/", { method }), ({ status }) => status)
      assert.strictEqual(yield* asked("HEAD"), 200)
      assert.strictEqual(yield* asked("POST"), 404)
      const bare = yield* raw("/console")
      assert.strictEqual(bare.status, 308)
      assert.strictEqual(bare.headers["location"], "/console/")
    }))

  it.effect("no path leads out of its folder", () =>
    Effect.gen(function*() {
      const ways = [
        "/console/../secret.txt",
        "/console/..%2fsecret.txt",
        "/console/%2e%2e/secret.txt",
        "/console/assets/../../secret.txt",
        "/console/assets/..%2f..%2fsecret.txt",
        "/console/..%5csecret.txt",
        "/console//secret.txt",
        "/console/%2fetc/passwd",
        "/console/.git",
        "/console/%00",
        "/console/%"
      ]
      for (const path of ways) {
        const { body, status } = yield* raw(path)
        assert.notInclude(body.toString(), "canary", path)
        assert.notInclude(body.toString(), "root:", path)
        if (path.includes("..") || path.includes("%2e")) assert.strictEqual(status, 404, path)
      }
    }))

  it.effect("it may do nothing but run its own scripts and ask this server", () =>
    Effect.gen(function*() {
      for (const path of ["/console/", "/console/assets/index-abc.js", "/console/agents/x"]) {
        const { headers } = yield* raw(path)
        const policy = String(headers["content-security-policy"])
        for (
          const words of ["default-src 'none'", "script-src 'self'", "connect-src 'self';", "frame-ancestors 'none'"]
        ) {
          assert.include(policy, words, path)
        }
        assert.notMatch(policy, /script-src[^;]*unsafe/)
        assert.strictEqual(headers["x-content-type-options"], "nosniff")
        assert.strictEqual(headers["referrer-policy"], "no-referrer")
        assert.strictEqual(headers["x-frame-options"], "DENY")
      }
    }))

  it.effect("who is no demo gives nobody a token, and no way to sign in but one's own", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* ask("GET", "/demo/people").pipe(Effect.map(({ json, status }) => ({ json, status }))),
        {
          status: 404,
          json: { detail: "Not Found" }
        }
      )
      assert.include(yield* Effect.map(ask("GET", "/info"), ({ json }) => JSON.stringify(json)), "\"supabase\":null")
    }))
})

layer(world("*", { consoleFolder: join(tmpdir(), "throughline-no-console") }))("a console that is not built", (it) => {
  it.effect("says so, and how it is built", () =>
    Effect.gen(function*() {
      const { json, status } = yield* ask("GET", "/console/")
      assert.strictEqual(status, 503)
      assert.include(JSON.stringify(json), "npm run build:console")
    }))
})

const signIn = {
  supabase: Option.some({ url: "https://project.supabase.co", anonKey: "anon" }),
  demoPeople: Option.some(Effect.succeed([somebody]))
}

layer(world("*", { consoleFolder: builtFolder(), signIn }))("ways to sign in", (it) => {
  it.effect("Supabase is named to the page, and to its browser", () =>
    Effect.gen(function*() {
      const { json } = yield* ask("GET", "/info")
      assert.include(JSON.stringify(json), "{\"url\":\"https://project.supabase.co\",\"anon_key\":\"anon\"}")
      const { headers } = yield* raw("/console/")
      assert.include(String(headers["content-security-policy"]), "connect-src 'self' https://project.supabase.co;")
    }))

  it.effect("the demo lends its people to its own page, and to no other", () =>
    Effect.gen(function*() {
      const own = yield* origin
      const expected = [{ name: "A member", organization: "Kanzlei Nord", user_id: "u-1", token: "t-1" }]
      assert.deepStrictEqual((yield* ask("GET", "/demo/people")).json, expected)
      const from = (origin: string) => Effect.map(send("/demo/people", { headers: { origin } }), ({ status }) => status)
      assert.strictEqual(yield* from(own), 200)
      assert.strictEqual(yield* from("https://evil.example"), 404)
      assert.strictEqual(yield* from("null"), 404)
      // A name that its owner lets lead here is its page's own origin.
      const under = (host: string) =>
        Effect.map(raw("/demo/people", { host, origin: `http://${host}` }), ({ status }) => status)
      assert.strictEqual(yield* under("localhost:8081"), 200)
      assert.strictEqual(yield* under("[::1]:8081"), 200)
      assert.strictEqual(yield* under("evil.example:8081"), 404)
    }))
})
