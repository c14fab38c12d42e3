import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { routes } from "../../src/adapters/http/Routes.ts"
import { ask, ids, Seen, send, world } from "./http-world.ts"

layer(world())("answers over HTTP", (it) => {
  it.effect("a page says how many there are, and where the next one starts if there is one", () =>
    Effect.gen(function*() {
      const first = yield* ask("POST", "/assistants/search", { limit: 10, offset: 10 })
      assert.strictEqual(first.headers.get("x-pagination-total"), "25")
      assert.strictEqual(first.headers.get("x-pagination-next"), "20")
      const last = yield* ask("POST", "/assistants/search", { offset: 20, select: ["name", "version"] })
      assert.isNull(last.headers.get("x-pagination-next"))
      assert.deepStrictEqual(last.json, Array.from({ length: 5 }, () => ({ name: "Mine", version: 1 })))
      const threads = yield* ask("POST", "/threads/search", { select: ["thread_id", "status"] })
      assert.deepStrictEqual(threads.json, [{ thread_id: ids.thread, status: "idle" }])
    }))

  it.effect("a body of options may be left out", () =>
    Effect.gen(function*() {
      for (const path of ["/assistants/search", "/threads/search", "/threads/count", "/threads"]) {
        assert.strictEqual((yield* ask("POST", path)).status, 200, path)
      }
      assert.strictEqual((yield* ask("POST", "/assistants")).status, 422)
    }))

  it.effect("an assistant is shown without its secrets, and with the keys that nobody knows", () =>
    Effect.gen(function*() {
      const { json } = yield* ask("GET", "/assistants/mine")
      assert.deepStrictEqual(json, {
        assistant_id: "mine",
        graph_id: "agent",
        version: 1,
        name: "Mine",
        description: null,
        config: { configurable: { model_name: "openai:gpt-4o", custom_api_key: "***" }, other: [[1]] },
        context: {},
        metadata: { owner: "member" },
        created_at: "2026-01-01T00:00:00.000Z",
        updated_at: "2026-01-01T00:00:00.000Z"
      })
    }))

  it.effect("a run is created with its location, and its configuration can be read back", () =>
    Effect.gen(function*() {
      const response = yield* send(`/threads/${ids.thread}/runs`, {
        method: "POST",
        headers: { "x-flavour": "vanilla", "x-supabase-access-token": "canary" },
        body: JSON.stringify({ assistant_id: "mine", input: [[]], config: { configurable: { user_id: "other" } } })
      })
      const location = response.headers.get("content-location") ?? ""
      assert.match(location, new RegExp(`^/threads/${ids.thread}/runs/[0-9a-f-]{14}7`))
      assert.strictEqual(response.headers.get("location"), `${location}/stream`)
      const config = yield* ask("GET", `${location}/config`)
      const text = JSON.stringify(config.json)
      assert.include(text, "\"x-flavour\":\"header\"")
      assert.include(text, "\"custom_api_key\":\"***\"")
      assert.include(text, "{\"key\":\"user_id\",\"from\":\"request\",\"reason\":\"set by the server only\"}")
      assert.notInclude(text, "canary")
      assert.strictEqual((yield* ask("POST", `${location}/cancel?wait=0&action=rollback`)).status, 202)
      assert.strictEqual((yield* ask("POST", `${location}/cancel?wait=1`)).status, 204)
      assert.strictEqual((yield* ask("DELETE", location)).status, 409)
      assert.deepStrictEqual((yield* Seen).cancelled.map(([, action]) => action), ["rollback", "interrupt"])
      const list = yield* ask("GET", `/threads/${ids.thread}/runs?limit=10&offset=0&select=%5B%22status%22%5D`)
      assert.deepStrictEqual(list.json, [{ status: "pending" }])
    }))

  it.effect("a run may be for later, take its time, and tell of its end", () =>
    Effect.gen(function*() {
      const seen = yield* Seen
      const asked = {
        assistant_id: "mine",
        after_seconds: 5,
        timeout: 1.5,
        webhook: "https://hook.example/?key=canary"
      }
      const { json, status } = yield* ask("POST", `/threads/${ids.thread}/runs`, asked)
      assert.strictEqual(status, 200)
      assert.notInclude(JSON.stringify(json), "canary")
      const run = [...seen.runs.values()].at(-1)
      assert.deepInclude(run?.request, { timeout_seconds: 1.5, webhook: asked.webhook })
      assert.strictEqual(run?.run_at.toISOString(), "2026-01-01T00:00:05.000Z")
      yield* ask("POST", "/runs", { assistant_id: "mine", timeout: 1e9 })
      assert.strictEqual([...seen.runs.values()].at(-1)?.request.timeout_seconds, 3600)
    }))

  it.effect("many runs are cancelled at once: of a thread, by id, by status", () =>
    Effect.gen(function*() {
      const seen = yield* Seen
      seen.sought.length = 0
      seen.cancelled.length = 0
      const { status } = yield* ask("POST", "/runs/cancel?action=rollback", {
        thread_id: ids.thread,
        run_ids: [ids.busy]
      })
      assert.strictEqual(status, 204)
      assert.deepStrictEqual(seen.cancelled, [...seen.runs.keys()].map((run) => [run, "rollback"] as const))
      yield* ask("POST", "/runs/cancel", { status: "pending" })
      yield* ask("POST", "/runs/cancel", { status: "all" })
      assert.deepStrictEqual<ReadonlyArray<object>>(seen.sought, [
        { threadId: ids.thread, runIds: [ids.busy] },
        { status: "pending" },
        {}
      ])
    }))

  it.effect("a browser elsewhere may ask and read what it needs, without credentials", () =>
    Effect.gen(function*() {
      const asked = "authorization,last-event-id,x-api-key"
      const response = yield* send("/threads", {
        method: "OPTIONS",
        headers: {
          authorization: "",
          origin: "https://app.example",
          "access-control-request-method": "POST",
          "access-control-request-headers": asked
        }
      })
      assert.strictEqual(response.status, 204)
      assert.strictEqual(response.headers.get("access-control-allow-origin"), "*")
      assert.strictEqual(response.headers.get("access-control-allow-headers"), asked)
      assert.include(response.headers.get("access-control-allow-methods") ?? "", "PATCH")
      for (const path of ["/assistants/mine", "/assistants/broken", "/nope"]) {
        const { headers } = yield* ask("GET", path)
        assert.strictEqual(headers.get("access-control-allow-origin"), "*", path)
        assert.isNull(headers.get("access-control-allow-credentials"))
        assert.strictEqual(
          headers.get("access-control-expose-headers"),
          "content-location,location,x-pagination-total,x-pagination-next,retry-after,throughline-stale-since"
        )
      }
    }))

  it.effect("what is public answers by itself, and /ready only while the database is there", () =>
    Effect.gen(function*() {
      const seen = yield* Seen
      seen.ready = false
      for (const path of ["/ready", "/health"]) {
        const { headers, json, status } = yield* ask("GET", path)
        assert.strictEqual(status, 503)
        assert.strictEqual(headers.get("retry-after"), "1")
        assert.deepStrictEqual(Object.keys(Object(json)), ["detail"])
      }
      assert.strictEqual((yield* ask("GET", "/live")).status, 200)
      seen.ready = true
      assert.deepStrictEqual((yield* ask("GET", "/ready")).json, { ok: true, listening: true })
      const metrics = yield* send("/metrics")
      assert.include(metrics.headers.get("content-type") ?? "", "version=0.0.4")
    }))

  it.effect("the documents name every route", () =>
    Effect.gen(function*() {
      const openapi = JSON.stringify((yield* ask("GET", "/openapi.json")).json)
      const page = yield* Effect.flatMap(send("/docs"), (response) => Effect.promise(() => response.text()))
      for (const { path } of routes) {
        assert.include(openapi, JSON.stringify(path))
        assert.include(page, `<code>${path}</code>`)
      }
      assert.notInclude(page, "src=")
      assert.isAbove(routes.length, 40)
    }))
})

layer(world(["https://app.example"]))("answers over HTTP to named origins", (it) => {
  it.effect("only those are let in", () =>
    Effect.gen(function*() {
      const from = (origin: string) => send("/ok", { headers: { origin } })
      const friend = yield* from("https://app.example")
      assert.strictEqual(friend.headers.get("access-control-allow-origin"), "https://app.example")
      assert.isNull((yield* from("https://evil.example")).headers.get("access-control-allow-origin"))
    }))
})
