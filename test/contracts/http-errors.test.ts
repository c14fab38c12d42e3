import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { request } from "node:http"
import { routes } from "../../src/adapters/http/Routes.ts"
import { ask, ids, origin, Seen, send, world } from "./http-world.ts"

const search = (body: unknown) => ask("POST", "/assistants/search", body)

/** The first thing that is wrong with a request. */
const problem = (json: unknown) => {
  const [first] = Array.from(
    typeof json === "object" && json !== null && "detail" in json && Array.isArray(json.detail) ? json.detail : []
  )
  return first
}

layer(world())("errors over HTTP", (it) => {
  it.effect("every route but the public ones wants a token, and says so before it looks at the body", () =>
    Effect.gen(function*() {
      for (const { method, path, public: open } of routes) {
        const url = path.replaceAll(/\{\w+\}/g, ids.missing)
        const body: RequestInit = method === "GET" ? {} : { body: "{" }
        for (const authorization of ["", "Bearer ", "Bearer bad", "Basic good"]) {
          const response = yield* send(url, { method, headers: { authorization }, ...body })
          // The people of the demo are there in the demo only, and this is no file of any components.
          if (open) assert.strictEqual(response.status, /^\/(demo|ui)\//.test(path) ? 404 : 200, path)
          else {
            assert.strictEqual(response.status, 401, `${method} ${path}`)
            assert.strictEqual(response.headers.get("www-authenticate"), "Bearer")
            assert.deepStrictEqual(Object.keys(Object(yield* Effect.promise(() => response.json()))), ["detail"])
          }
        }
      }
    }))

  it.effect("an unknown route is 404, with a token or without", () =>
    Effect.gen(function*() {
      for (const path of ["/nope", "/threads/x/y/z/w", "/assistants/%E0%A4%A", `/${"x".repeat(300)}`]) {
        const response = yield* send(path, { headers: { authorization: "" } })
        assert.include([404, 401], response.status, path)
      }
      for (const path of ["/nope", "/assistants/%zz", "/threads/%ED%A0%80"]) {
        const { json, status } = yield* ask("DELETE", path)
        assert.deepStrictEqual({ json, status }, { json: { detail: "Not Found" }, status: 404 }, path)
      }
    }))

  it.effect("failures of use cases have their status", () =>
    Effect.gen(function*() {
      const answers = [
        yield* ask("GET", "/assistants/nobody"),
        yield* ask("GET", `/threads/${ids.missing}`),
        yield* ask("POST", `/threads/${ids.busy}/runs`, { assistant_id: "mine" }),
        yield* ask("POST", "/assistants", { graph_id: "none" }),
        yield* ask("POST", `/threads/${ids.thread}/runs`, { assistant_id: "mine", command: { resume: 1 } }),
        yield* ask("GET", "/assistants/away"),
        yield* ask("GET", "/assistants/broken"),
        yield* ask("POST", `/threads/${ids.full}/runs`, { assistant_id: "mine" }),
        yield* ask("POST", `/threads/${ids.thread}/runs`, { assistant_id: "mine", webhook: "http://private/?canary" })
      ]
      assert.deepStrictEqual(answers.map(({ json, status }) => [status, json]), [
        [404, { detail: "Assistant \"nobody\" not found" }],
        [404, { detail: `Thread with ID ${ids.missing} not found` }],
        [409, {
          detail: `Thread ${ids.busy} is already running a task. `
            + "Wait for it to finish or choose a different multitask strategy."
        }],
        [422, { detail: "Graph \"none\" not found; this server has: agent" }],
        [409, { detail: `Thread ${ids.thread} is not interrupted: there is nothing to resume` }],
        [503, { detail: "The database can't be reached. Nothing was changed; try again shortly." }],
        [500, { detail: "Internal Server Error" }],
        [429, { detail: "7 runs are waiting already. Try again in 10 s." }],
        [422, {
          detail: "Requests to private are refused: it is private. "
            + "If this host is meant to be reached, add it to OUTBOUND_ALLOW."
        }]
      ])
      assert.strictEqual(answers[7]?.headers.get("retry-after"), "10")
      assert.strictEqual(answers[5]?.headers.get("retry-after"), "1")
    }))

  it.effect("a body that is no JSON is 400, one that does not fit 422 with the place", () =>
    Effect.gen(function*() {
      for (const body of ["{bad", "{\"a\":\"\0\"}", "nul"]) {
        const { json, status } = yield* search(body)
        assert.deepStrictEqual([status, json], [400, { detail: "Malformed JSON in request body" }])
      }
      const places = {
        limit: [{ limit: 0 }, { limit: 1001 }, { limit: "10" }, { limit: 1.5 }],
        offset: [{ offset: -1 }],
        sort_by: [{ sort_by: "owner; drop table" }],
        metadata: [{ metadata: [] }]
      }
      for (const [place, bodies] of Object.entries(places)) {
        for (const body of bodies) {
          const { json, status } = yield* search(body)
          assert.strictEqual(status, 422, JSON.stringify(body))
          assert.deepStrictEqual(problem(json).loc, ["body", place])
        }
      }
      const { json } = yield* ask("POST", "/assistants", {})
      assert.deepStrictEqual(problem(json), { loc: ["body", "graph_id"], msg: "Missing key", type: "missing" })
      const none = yield* search({ sort_order: "up" })
      assert.deepInclude(problem(none.json), { loc: ["body", "sort_order"], type: "value_error" })
      assert.strictEqual((yield* search("[]")).status, 422)
      assert.strictEqual((yield* ask("POST", "/threads", { thread_id: "x" })).status, 422)
    }))

  it.effect("what is not built, or can't be meant, is refused, not ignored", () =>
    Effect.gen(function*() {
      const run = { assistant_id: "mine", input: {} }
      const refused = [
        { after_seconds: -1 },
        { after_seconds: 366 * 24 * 3600 },
        { timeout: 0 },
        { webhook: "ftp://localhost/" },
        { webhook: "localhost" },
        { stream_mode: "everything" },
        { stream_mode: ["values", "thoughts"] },
        { config: { recursion_limit: 0 } }
      ]
      for (const more of refused) {
        const { json, status } = yield* ask("POST", `/threads/${ids.thread}/runs`, { ...run, ...more })
        assert.strictEqual(status, 422)
        assert.deepStrictEqual(problem(json).loc.slice(0, 2), ["body", Object.keys(more)[0]])
      }
      const { json } = yield* ask("POST", "/runs", { ...run, stream_mode: "everything" })
      assert.include(JSON.stringify(json), "messages-tuple")
      assert.strictEqual((yield* ask("POST", "/threads", { supersteps: [{ updates: 5 }] })).status, 422)
      assert.strictEqual((yield* ask("POST", "/threads", { supersteps: [{ updates: [] }] })).status, 409)
      assert.strictEqual((yield* ask("DELETE", "/assistants/mine?delete_threads=perhaps")).status, 422)
      const alone = yield* ask("POST", "/runs", { ...run, checkpoint_id: "c" })
      assert.deepStrictEqual([alone.status, problem(alone.json).loc], [422, ["body", "checkpoint_id"]])
    }))

  it.effect("runs to be cancelled have to be named somehow", () =>
    Effect.gen(function*() {
      const { cancelled } = yield* Seen
      for (const body of [{}, { run_ids: ["x"] }, { thread_id: "x" }, { status: "success" }, { run_ids: null }]) {
        assert.strictEqual((yield* ask("POST", "/runs/cancel", body)).status, 422, JSON.stringify(body))
      }
      assert.strictEqual((yield* ask("POST", "/runs/cancel?action=stop", { status: "all" })).status, 422)
      assert.deepStrictEqual(cancelled, [])
    }))

  it.effect("null and unknown keys are fine wherever a key is optional", () =>
    Effect.gen(function*() {
      const nulls = { limit: null, offset: null, metadata: null, select: null, sort_by: null, brand_new: 1 }
      assert.strictEqual((yield* search(nulls)).status, 200)
      const run = { assistant_id: "mine", input: null, config: null, context: null, webhook: null, after_seconds: null }
      const { json, status } = yield* ask("POST", `/threads/${ids.thread}/runs`, { ...run, checkpoint: null })
      assert.strictEqual(status, 200)
      assert.include(JSON.stringify(json), "\"stream_mode\":[\"values\"]")
    }))

  it.effect("NUL and half surrogates are refused wherever they are; a backslash before u0000 is not one", () =>
    Effect.gen(function*() {
      const { threads } = yield* Seen
      const before = threads.length
      for (const metadata of ["{\"a\":[\"x\\u0000\"]}", "{\"\\u0000\":1}", "{\"a\":\"\\ud800\"}"]) {
        assert.strictEqual((yield* ask("POST", "/threads", `{"metadata":${metadata}}`)).status, 422, metadata)
      }
      assert.strictEqual((yield* ask("GET", "/assistants/a%00b")).status, 422)
      assert.strictEqual((yield* ask("GET", `/threads/${ids.thread}/runs?status=%00`)).status, 422)
      assert.strictEqual(threads.length, before)
      for (const metadata of ["{\"a\":\"\\\\u0000\"}", "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":[[[1]]]}"]) {
        assert.strictEqual((yield* ask("POST", "/threads", `{"metadata":${metadata}}`)).status, 200, metadata)
      }
    }))

  it.effect("depth is bounded, long texts and many headers are not", () =>
    Effect.gen(function*() {
      const deep = `{"metadata":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`
      assert.strictEqual((yield* ask("POST", "/threads", deep)).status, 422)
      const prompt = { assistant_id: "mine", input: { messages: [{ role: "user", content: "[".repeat(100_000) }] } }
      assert.strictEqual((yield* ask("POST", `/threads/${ids.thread}/runs`, prompt)).status, 200)
      const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-header-${n}`, "v".repeat(100)]))
      const response = yield* send(`/threads/${ids.thread}/runs`, {
        method: "POST",
        headers: many,
        body: JSON.stringify({ assistant_id: "mine" })
      })
      assert.strictEqual(response.status, 200)
    }))

  it.effect("a body over 4 MB is 413, with its length or in chunks; one just under is read", () =>
    Effect.gen(function*() {
      const of = (bytes: number) => `{"metadata":{"a":"${"x".repeat(bytes)}"}}`
      assert.strictEqual((yield* ask("POST", "/threads", of(4 * 1024 * 1024))).status, 413)
      assert.strictEqual((yield* ask("POST", "/threads", of(4 * 1024 * 1024 - 100))).status, 200)
      const base = yield* origin
      const status = yield* Effect.callback<number | undefined>((resume) => {
        const sent = request(`${base}/threads`, {
          method: "POST",
          headers: { authorization: "Bearer good", "content-type": "application/json", "transfer-encoding": "chunked" }
        })
        sent.on("response", (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode))
        })
        sent.on("error", () => undefined)
        sent.write("{\"metadata\":{\"a\":\"")
        for (let part = 0; part < 80; part++) sent.write("x".repeat(64 * 1024))
        sent.end("\"}}")
      })
      assert.strictEqual(status, 413)
    }))

  it.effect("what is not JSON by its type is 415", () =>
    Effect.gen(function*() {
      const response = yield* send("/threads", {
        method: "POST",
        headers: { "content-type": "text/xml" },
        body: "<a/>"
      })
      assert.strictEqual(response.status, 415)
      assert.property(yield* Effect.promise(() => response.json()), "detail")
    }))

  it.effect("bad ids in a path: 422 for threads and runs, 404 for assistants", () =>
    Effect.gen(function*() {
      const thread = yield* ask("GET", "/threads/xyz")
      assert.deepStrictEqual([thread.status, problem(thread.json).loc], [422, ["path", "thread_id"]])
      const run = yield* ask("GET", `/threads/${ids.thread}/runs/xyz`)
      assert.deepStrictEqual([run.status, problem(run.json).loc], [422, ["path", "run_id"]])
      const list = yield* ask("GET", `/threads/${ids.thread}/runs?limit=0`)
      assert.deepStrictEqual([list.status, problem(list.json).loc], [422, ["query", "limit"]])
      assert.strictEqual((yield* ask("GET", `/threads/${ids.thread.toUpperCase()}`)).status, 200)
      assert.strictEqual((yield* ask("GET", "/assistants/x%20y")).status, 404)
    }))
})
