import { Schema } from "effect"
import { assert } from "vitest"
import { routes } from "../../src/adapters/http/Routes.ts"
import { type Answer, ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { rowCounts } from "../support/Rows.ts"
import type { Scenario, Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

type Route = Parameters<typeof ask>[2]

const Problems = Schema.Struct({
  detail: Schema.NonEmptyArray(
    Schema.Struct({
      loc: Schema.Array(Schema.Union([Schema.String, Schema.Number])),
      msg: Schema.NonEmptyString,
      type: Schema.NonEmptyString
    })
  )
})
const problemsOf = Schema.decodeUnknownSync(Schema.fromJsonString(Problems))
const detailOf = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ detail: Schema.NonEmptyString })))

const isVerb = Schema.is(Schema.Literals(["GET", "POST", "PUT", "PATCH", "DELETE"]))

/** A thread with a run that has ended, and an assistant, all the member's. */
const belongings = async ({ client }: Throughline) => {
  const { assistants, runs, threads } = client("member")
  const { assistant_id } = await assistants.create({ graphId: "agent" })
  const { thread_id } = await threads.create()
  const { run_id } = await runs.create(thread_id, assistant_id, { input: question("say:da") })
  await runs.join(thread_id, run_id)
  return { assistant_id, thread_id, run_id, checkpoint_id: "none", cron_id: crypto.randomUUID(), namespace: "none" }
}

type Belongings = Awaited<ReturnType<typeof belongings>>

const filled = (path: string, ids: Readonly<Record<string, string>>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "")

/** Every guarded route, and those of them that take a body. */
const guarded = routes.filter((route) => !route.public)
const withBody = guarded.filter(({ method, path }) =>
  /POST|PUT|PATCH/.test(method) && !/\/(\{run_id\}\/cancel|copy)$/.test(path)
)

const route = (method: string, path: string): Route =>
  `${isVerb(method) ? method : assert.fail(method)} /${path.slice(1)}`

/** Whatever a refused request is told, it changes nothing. */
const changingNothing =
  (refused: (world: Throughline, ids: Belongings) => Promise<void>): Scenario => async (world) => {
    const ids = await belongings(world)
    const before = await rowCounts(world.database)
    await refused(world, ids)
    assert.deepEqual(await rowCounts(world.database), before)
  }

const unfit = (answer: Answer, name: string) => {
  assert.strictEqual(answer.status, 422, `${name}: ${answer.text}`)
  return problemsOf(answer.text).detail
}

const message = question("say:x")
const run = { assistant_id: "agent", input: message }

/** Bodies with one thing wrong, by route, and where that is. */
const misfits = (thread: string): ReadonlyArray<readonly [Route, unknown, ...ReadonlyArray<string | number>]> => [
  ["POST /assistants", {}, "graph_id"],
  ["POST /assistants", { graph_id: 5 }, "graph_id"],
  ["POST /assistants", { graph_id: "" }, "graph_id"],
  ["POST /assistants", { graph_id: "agent", assistant_id: "ü".repeat(256) }, "assistant_id"],
  ["POST /assistants", { graph_id: "agent", assistant_id: 5 }, "assistant_id"],
  ["POST /assistants", { graph_id: "agent", config: [] }, "config"],
  ["POST /assistants", { graph_id: "agent", config: { configurable: "x" } }, "config", "configurable"],
  ["POST /assistants", { graph_id: "agent", metadata: "x" }, "metadata"],
  ["POST /assistants", { graph_id: "agent", if_exists: "overwrite" }, "if_exists"],
  ["POST /assistants/search", { limit: 0 }, "limit"],
  ["POST /assistants/search", { limit: 1001 }, "limit"],
  ["POST /assistants/search", { limit: "10" }, "limit"],
  ["POST /assistants/search", { limit: 1.5 }, "limit"],
  ["POST /assistants/search", { offset: -1 }, "offset"],
  ["POST /assistants/search", { sort_by: "owner; drop table" }, "sort_by"],
  ["POST /threads", { thread_id: "not-a-uuid" }, "thread_id"],
  ["POST /threads", { thread_id: "" }, "thread_id"],
  ["POST /threads", { metadata: [] }, "metadata"],
  ["POST /threads/search", { status: "sleeping" }, "status"],
  ["POST /threads/search", { ids: ["x"] }, "ids", 0],
  ["POST /threads/search", { sort_order: "sideways" }, "sort_order"],
  [`POST /threads/${thread}/history`, { limit: 0 }, "limit"],
  [`POST /threads/${thread}/history`, { limit: 1e9 }, "limit"],
  [`POST /threads/${thread}/state/checkpoint`, {}, "checkpoint"],
  [`POST /threads/${thread}/runs`, { input: message }, "assistant_id"],
  [`POST /threads/${thread}/runs`, { ...run, assistant_id: 7 }, "assistant_id"],
  [`POST /threads/${thread}/runs`, { ...run, config: 5 }, "config"],
  [`POST /threads/${thread}/runs`, { ...run, config: { recursion_limit: 0 } }, "config", "recursion_limit"],
  [`POST /threads/${thread}/runs`, { ...run, multitask_strategy: "whatever" }, "multitask_strategy"],
  [`POST /threads/${thread}/runs/wait`, { ...run, on_disconnect: "panic" }, "on_disconnect"],
  [`POST /threads/${thread}/runs/stream`, { ...run, stream_mode: "everything" }, "stream_mode"],
  [`POST /threads/${thread}/runs/stream`, { ...run, interrupt_before: 5 }, "interrupt_before"],
  ["POST /runs/wait", { ...run, metadata: 5 }, "metadata"],
  ["POST /runs/stream", { ...run, on_completion: "burn" }, "on_completion"],
  ["POST /runs", { ...run, command: "resume" }, "command"],
  [`POST /threads/${thread}/runs`, { ...run, command: { goto: 7 } }, "command", "goto"],
  [`POST /threads/${thread}/runs`, { ...run, command: { update: 5 } }, "command", "update"],
  [`POST /threads/${thread}/state`, { values: 5 }, "values"],
  [`POST /threads/${thread}/state`, { values: {}, checkpoint: "x" }, "checkpoint"],
  ["POST /threads", { ttl: -1 }, "ttl"],
  ["POST /threads", { supersteps: [{}] }, "supersteps", 0, "updates"],
  ["POST /threads/prune", { thread_ids: ["x"] }, "thread_ids", 0],
  ["POST /threads/prune", { thread_ids: [], strategy: "some" }, "strategy"],
  ["POST /threads/search", { extract: { a: "owner" } }, "extract"],
  ["POST /runs/batch", [run, { ...run, stream_mode: "x" }], 1, "stream_mode"],
  ["POST /runs", { ...run, after_seconds: -1 }, "after_seconds"],
  ["POST /runs", { ...run, after_seconds: "later" }, "after_seconds"],
  ["POST /runs", { ...run, timeout: 0 }, "timeout"],
  ["POST /runs", { ...run, webhook: "ftp://example.com" }, "webhook"],
  ["POST /runs/cancel", {}],
  ["POST /runs/cancel", { status: "success" }, "status"],
  ["POST /runs/cancel", { run_ids: ["none"] }, "run_ids", 0]
]

const queries = (thread: string): ReadonlyArray<readonly [Route, string]> => [
  [`GET /threads/${thread}/runs?limit=0`, "limit"],
  [`GET /threads/${thread}/runs?limit=many`, "limit"],
  [`GET /threads/${thread}/runs?offset=-1`, "offset"],
  [`GET /threads/${thread}/runs?status=sleeping`, "status"],
  [`GET /threads/${thread}/history?limit=1001`, "limit"],
  ["DELETE /assistants/agent?delete_threads=perhaps", "delete_threads"],
  ["GET /assistants/agent/graph?xray=deep", "xray"]
]

/** Requests that make no sense: a clear answer, and nothing changed. */
export const malformedRequests: Scenarios = {
  "what is no JSON is 400 on every route that takes a body": changingNothing(async (world, ids) => {
    for (const { method, path } of withBody) {
      for (const body of ["{", "{\"a\":}", "nul", "{'a':1}", "\u0000"]) {
        const response = await world.fetch("member", filled(path, ids), { method, body })
        assert.strictEqual(response.status, 400, `${method} ${path} ${body}`)
        detailOf(await response.text())
      }
    }
  }),

  "what is JSON of another kind is 422 on every route that takes a body, and says where": changingNothing(
    async (world, ids) => {
      for (const { method, path } of withBody) {
        for (const body of ["[]", "\"text\"", "5", "true"]) {
          const response = await world.fetch("member", filled(path, ids), { method, body })
          const text = await response.text()
          assert.strictEqual(response.status, 422, `${method} ${path} ${body}: ${text}`)
          assert.strictEqual(problemsOf(text).detail[0].loc[0], "body")
        }
      }
    }
  ),

  "a value of the wrong type or out of range is 422, with its place": changingNothing(async (world, { thread_id }) => {
    for (const [route, body, ...place] of misfits(thread_id)) {
      const problems = unfit(await ask(world, "member", route, body), `${route} ${JSON.stringify(body)}`)
      assert.deepEqual(problems[0].loc.slice(0, place.length + 1), ["body", ...place], route)
    }
    for (const [route, key] of queries(thread_id)) {
      assert.deepEqual(unfit(await ask(world, "member", route), route)[0].loc.slice(0, 2), ["query", key])
    }
  }),

  "ids that are none are 422 on every route; those of assistants, which may be names, 404": changingNothing(
    async (world, ids) => {
      for (const bad of ["xyz", "123", `${ids.thread_id}0`, "%F0%9F%92%A9", "..%2f..", "a".repeat(2_000)]) {
        for (const key of ["thread_id", "run_id"] as const) {
          for (const { method, path } of guarded.filter(({ path }) => path.includes(`{${key}}`))) {
            const body = withBody.some((route) => route.path === path && route.method === method) ? run : undefined
            const answer = await ask(world, "member", route(method, filled(path, { ...ids, [key]: bad })), body)
            assert.deepEqual(unfit(answer, `${method} ${path}`)[0].loc, ["path", key])
          }
        }
        assert.strictEqual((await ask(world, "member", `GET /assistants/${bad}`)).status, 404)
        const answer = await ask(world, "member", `POST /threads/${ids.thread_id}/runs`, { ...run, assistant_id: bad })
        assert.strictEqual(answer.status, 404)
        detailOf(answer.text)
      }
      for (const checkpoint of ["nope", ids.thread_id]) {
        const answer = await ask(world, "member", `GET /threads/${ids.thread_id}/state/${checkpoint}`)
        assert.isBelow(answer.status, 500)
      }
    }
  ),

  "a graph that this server has not got is refused when it is named": changingNothing(
    async (world, { assistant_id }) => {
      const made = await ask(world, "member", "POST /assistants", { graph_id: "no-such-graph" })
      assert.strictEqual(made.status, 422)
      assert.include(detailOf(made.text).detail, "no-such-graph")
      const patched = await ask(world, "member", `PATCH /assistants/${assistant_id}`, { graph_id: "no-such-graph" })
      assert.strictEqual(patched.status, 422)
      assert.strictEqual((await world.client("member").assistants.get(assistant_id)).graph_id, "agent")
    }
  ),

  "what no database can keep is refused wherever it is": changingNothing(async (world, ids) => {
    const bodies = [
      "{\"metadata\":{\"a\":[\"x\\u0000\"]}}",
      "{\"metadata\":{\"\\u0000\":1}}",
      "{\"metadata\":{\"a\":\"\\ud800\"}}"
    ]
    for (const { method, path } of withBody) {
      for (const body of bodies) {
        const response = await world.fetch("member", filled(path, ids), { method, body })
        assert.strictEqual(response.status, 422, `${method} ${path} ${body}`)
      }
    }
    const said = post({ ...run, input: question("say:\u0000") })
    assert.strictEqual((await world.fetch("member", `/threads/${ids.thread_id}/runs/stream`, said)).status, 422)
    for (const { method, path } of guarded) {
      const inPath = await world.fetch("member", `${filled(path, ids)}%00`, { method })
      assert.include([404, 422], inPath.status, `${method} ${path}%00`)
      const inQuery = await world.fetch("member", `${filled(path, ids)}?limit=%00`, { method })
      assert.strictEqual(inQuery.status, 422, `${method} ${path}?%00`)
    }
  }),

  "what is not there at all is 404, and the wrong verb too": async (world) => {
    for (const route of ["GET /nope", "PATCH /runs/wait", "DELETE /threads"] as const) {
      const answer = await ask(world, "member", route, route.startsWith("GET") ? undefined : {})
      assert.strictEqual(answer.status, 404, route)
      detailOf(answer.text)
    }
  },

  "a refusal never shows what is inside": async (world) => {
    const { thread_id } = await belongings(world)
    for (const [route, body] of misfits(thread_id)) {
      const { text } = await ask(world, "member", route, body)
      assert.notMatch(text, /node_modules|\.ts:|at \w+ \(|select |insert /, route)
    }
    assert.lengthOf(world.logs.filter((line) => line.includes("Request failed unexpectedly")), 0)
  }
}
