import { assert, layer } from "@effect/vitest"
import { Client } from "@langchain/langgraph-sdk"
import { Effect, Latch, Queue } from "effect"
import { TestClock } from "effect/testing"
import { request } from "node:http"
import type { Run } from "../../src/domain/Run.ts"
import { resultEvent, RunEvents } from "../../src/ports/RunEvents.ts"
import { ask, ids, origin, Seen, send, world } from "./http-world.ts"

const on = `/threads/${ids.thread}/runs`
const asked = { assistant_id: "mine", input: { messages: [] } }

const newest = Effect.map(Seen, ({ runs }): Run => {
  const run = [...runs.values()].at(-1)
  if (run === undefined) throw new Error("no run was created")
  return run
})

const tell = Effect.fnUntraced(function*(run: Run, ...events: ReadonlyArray<readonly [event: string, data: unknown]>) {
  const log = yield* RunEvents
  yield* log.publish(run, events.map(([event, data]) => ({ event, data: JSON.stringify(data) })))
})

const finish = Effect.fnUntraced(function*(run: Run) {
  yield* (yield* RunEvents).end(run, [])
})

/** What a run's stream begins with, whether it was ever taken up or not. */
const metadata = (run: Run) => `event: metadata\ndata: {"run_id":"${run.run_id}","attempt":1}\nid: 0\n\n`

/** A response under way, chunk by chunk. */
const open = Effect.fnUntraced(function*(path: string, body?: object, headers: Record<string, string> = {}) {
  const gone = new AbortController()
  const response = yield* send(path, {
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    headers,
    signal: gone.signal
  })
  const chunks = yield* Queue.unbounded<string>()
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) Queue.offerUnsafe(chunks, decoder.decode(chunk))
    Queue.offerUnsafe(chunks, "(end)")
  })()
  const settled = Effect.promise(() => reading.catch(() => undefined))
  return { response, next: Queue.take(chunks), leave: Effect.andThen(Effect.sync(() => gone.abort()), settled) }
})

const { setTimeout: later } = globalThis

/** Until something is so; real time, since it crosses a socket. */
const eventually = (what: string, so: () => boolean) =>
  Effect.promise(async () => {
    for (const end = performance.now() + 30_000; performance.now() < end;) {
      if (so()) return
      await new Promise((resolve) => later(resolve, 5))
    }
    throw new Error(`not so: ${what}`)
  })

layer(world())("streams over HTTP", (it) => {
  it.effect("headers and a comment go out before anything has happened, frames as they come, together as one", () =>
    Effect.gen(function*() {
      const { next, response } = yield* open(`${on}/stream`, asked)
      const run = yield* newest
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
      assert.strictEqual(response.headers.get("cache-control"), "no-cache")
      assert.strictEqual(response.headers.get("x-accel-buffering"), "no")
      assert.strictEqual(response.headers.get("content-location"), `${on}/${run.run_id}`)
      assert.strictEqual(response.headers.get("location"), `${on}/${run.run_id}/stream`)
      assert.strictEqual(yield* next, ": heartbeat\n")
      yield* tell(run, ["metadata", { run_id: run.run_id, attempt: 1 }])
      assert.strictEqual(yield* next, metadata(run))
      yield* tell(run, ["values", { a: "ö\nü" }], ["updates", {}], [resultEvent, { secret: true }])
      assert.strictEqual(
        yield* next,
        "event: values\ndata: {\"a\":\"ö\\nü\"}\nid: 1\n\nevent: updates\ndata: {}\nid: 2\n\n"
      )
      yield* finish(run)
      assert.strictEqual(yield* next, "(end)")
    }))

  it.effect("silence is broken every 15 seconds, on streams and while waiting", () =>
    Effect.gen(function*() {
      const stream = yield* open(`${on}/stream`, asked)
      const streamed = yield* newest
      const wait = yield* open(`${on}/wait`, asked)
      const waited = yield* newest
      assert.strictEqual(yield* stream.next, ": heartbeat\n")
      assert.strictEqual(yield* wait.next, "\n")
      for (let beat = 0; beat < 3; beat++) {
        yield* TestClock.adjust("15 seconds")
        assert.strictEqual(yield* stream.next, ": heartbeat\n")
        assert.strictEqual(yield* wait.next, "\n")
      }
      yield* finish(streamed)
      assert.strictEqual(yield* stream.next, metadata(streamed))
      assert.strictEqual(yield* stream.next, "(end)")
      yield* tell(waited, [resultEvent, { __error__: { error: "Boom", message: "m" } }])
      yield* finish(waited)
      assert.strictEqual(yield* wait.next, "{\"__error__\":{\"error\":\"Boom\",\"message\":\"m\"}}")
      assert.strictEqual(wait.response.headers.get("content-type"), "application/json")
      assert.strictEqual(wait.response.headers.get("content-location"), `${on}/${waited.run_id}`)
    }))

  for (const kind of ["stream", "wait"]) {
    it.effect(`a reader of /${kind} who leaves stops the run only if that was asked for`, () =>
      Effect.gen(function*() {
        const { cancelled } = yield* Seen
        cancelled.length = 0
        const indifferent = yield* open(`${on}/${kind}`, asked)
        yield* indifferent.leave
        const caring = yield* open(`${on}/${kind}`, { ...asked, on_disconnect: "cancel" })
        const run = yield* newest
        yield* caring.leave
        yield* eventually("the run was cancelled", () => cancelled.length > 0)
        assert.deepStrictEqual(cancelled, [[run.run_id, "interrupt"]])
      }))
  }

  for (const kind of ["stream", "join"]) {
    it.effect(`a reader who came later, to /{run_id}/${kind}, and leaves stops the run only if asked to`, () =>
      Effect.gen(function*() {
        const { cancelled } = yield* Seen
        cancelled.length = 0
        yield* ask("POST", on, asked)
        const run = yield* newest
        for (const flag of ["", "?cancel_on_disconnect=0"]) {
          yield* (yield* open(`${on}/${run.run_id}/${kind}${flag}`)).leave
        }
        yield* (yield* open(`${on}/${run.run_id}/${kind}?cancel_on_disconnect=1`)).leave
        yield* eventually("the run was cancelled", () => cancelled.length > 0)
        assert.deepStrictEqual(cancelled, [[run.run_id, "interrupt"]])
      }))
  }

  it.effect("one who leaves before the run is there has left it as well", () =>
    Effect.gen(function*() {
      const seen = yield* Seen
      const created = yield* Latch.make()
      const base = yield* origin
      for (const kind of ["stream", "wait"]) {
        seen.cancelled.length = 0
        seen.runs.clear()
        seen.beforeCreate = created.await
        const sent = request(`${base}${on}/${kind}`, {
          method: "POST",
          headers: { authorization: "Bearer good", "content-type": "application/json" }
        })
        sent.on("error", () => undefined)
        sent.end(JSON.stringify({ ...asked, on_disconnect: "cancel" }))
        yield* eventually("the store was asked", () => seen.runs.size > 0)
        sent.destroy()
        // The server has to notice before the store answers.
        yield* Effect.promise(() => new Promise((resolve) => later(resolve, 50)))
        yield* created.open
        yield* eventually("the run was cancelled", () => seen.cancelled.length > 0)
        yield* created.close
      }
      seen.beforeCreate = Effect.void
    }))

  it.effect("a run that ends by itself is not cancelled by its reader's leaving", () =>
    Effect.gen(function*() {
      const { cancelled } = yield* Seen
      cancelled.length = 0
      const stream = yield* open(`${on}/stream`, { ...asked, on_disconnect: "cancel" })
      const run = yield* newest
      assert.strictEqual(yield* stream.next, ": heartbeat\n")
      yield* finish(run)
      assert.strictEqual(yield* stream.next, metadata(run))
      assert.strictEqual(yield* stream.next, "(end)")
      assert.deepStrictEqual(cancelled, [])
    }))

  it.effect("a reader comes back where it left, and may pick some of the modes", () =>
    Effect.gen(function*() {
      yield* ask("POST", on, asked)
      const run = yield* newest
      yield* tell(run, ["metadata", {}], ["values", 1], ["messages/partial", 2], ["messages|sub", 3], ["error", 4])
      yield* finish(run)
      const of = Effect.fnUntraced(function*(query: string, headers: Record<string, string> = {}) {
        const response = yield* send(`${on}/${run.run_id}/stream?${query}`, { headers })
        return (yield* Effect.promise(() => response.text())).match(/(?<=^data: ).*/gm)
      })
      assert.deepStrictEqual(yield* of(""), ["{}", "1", "2", "3", "4"])
      assert.deepStrictEqual(yield* of("", { "last-event-id": "2" }), ["3", "4"])
      assert.deepStrictEqual(yield* of("", { "last-event-id": "elsewhere" }), ["{}", "1", "2", "3", "4"])
      assert.deepStrictEqual(yield* of("stream_mode=values"), ["{}", "1", "4"])
      assert.deepStrictEqual(yield* of(`stream_mode=${encodeURIComponent("[\"messages\"]")}`), ["{}", "2", "4"])
      assert.deepStrictEqual(yield* of("stream_mode=values&stream_mode=messages-tuple"), ["{}", "1", "3", "4"])
      assert.strictEqual((yield* ask("GET", `${on}/${run.run_id}/stream?stream_mode=everything`)).status, 422)
    }))

  it.effect("the stock SDK reads it, heartbeats unseen", () =>
    Effect.gen(function*() {
      const client = new Client({
        apiUrl: yield* origin,
        apiKey: null,
        defaultHeaders: { authorization: "Bearer good" }
      })
      const seen: Array<object> = []
      const created: Array<object> = []
      const reading = (async () => {
        const options = { input: {}, streamMode: ["values" as const], onRunCreated: (run: object) => created.push(run) }
        for await (const chunk of client.runs.stream(ids.thread, "mine", options)) seen.push(chunk)
      })()
      yield* eventually("the run was created", () => created.length > 0)
      const run = yield* newest
      assert.deepStrictEqual(created, [{ run_id: run.run_id, thread_id: ids.thread }])
      yield* tell(run, ["metadata", { run_id: run.run_id }])
      yield* eventually("the first frame was read", () => seen.length > 0)
      yield* TestClock.adjust("1 minute")
      yield* tell(run, ["values", { a: 1 }])
      yield* finish(run)
      yield* Effect.promise(() => reading)
      assert.deepStrictEqual(seen, [
        { id: "0", event: "metadata", data: { run_id: run.run_id } },
        { id: "1", event: "values", data: { a: 1 } }
      ])
      const { runs } = yield* Seen
      const before = runs.size
      const waiting = client.runs.wait(null, "mine", { input: {} }).then((values) => ({ values }), String)
      yield* eventually("the next run was created", () => runs.size > before)
      const waited = yield* newest
      yield* tell(waited, [resultEvent, { __error__: { error: "ModelError", message: "no such model" } }])
      yield* finish(waited)
      assert.strictEqual(yield* Effect.promise(() => waiting), "Error: ModelError: no such model")
    }))
})
