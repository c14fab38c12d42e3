import { at, holds, listOf, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import { asked, path, says } from "./Turns.ts"

const unfit = "422 with a list of what is wrong and where, for whatever does not fit; 400 is for what is no JSON."

export const badInput = group("bad-input", {
  "errors are JSON with a detail": differs(
    "One shape for all errors; the reference answers in plain text.",
    async ({ ask }) => {
      for (const route of ["/threads/00000000-0000-4000-8000-000000000000", "/assistants/whatever", "/no-such-route"]) {
        const { json } = await ask(route)
        holds(`${route} has a detail`, typeof at(json, "detail") === "string", json)
      }
    }
  ),

  "what is no JSON is 400": async ({ ask }) => {
    for (const route of ["/assistants", "/threads/search", "/runs/wait"]) {
      same(route, (await ask(route, { body: "{\"a\":" })).status, 400)
    }
  },

  "what does not fit is 422 and says where": differs(unfit, async ({ ask }) => {
    for (
      const [route, body, ...loc] of [
        ["/assistants", {}, "graph_id"],
        ["/assistants/search", { limit: 0 }, "limit"],
        ["/threads", { thread_id: "x" }, "thread_id"],
        ["/threads/search", { status: "weird" }, "status"],
        ["/runs/wait", { input: {} }, "assistant_id"]
      ] as const
    ) {
      const { json, status } = await ask(route, { body })
      same(`${route} status`, status, 422)
      same(`${route} loc`, at(json, "detail", 0, "loc"), ["body", ...loc])
    }
  }),

  "a thread's id that is none is 422": differs(unfit, async ({ ask }) => {
    same("status", (await ask("/threads/xyz")).status, 422)
  }),

  "an unknown stream mode is 422": differs(unfit, async ({ ask, thread }) => {
    const body = { assistant_id: "echo", input: {}, stream_mode: ["values", "everything"] }
    const { json, status } = await ask(path(await thread(), "/runs/stream"), { body })
    same("status", status, 422)
    holds("it says where", JSON.stringify(json).includes("stream_mode"), json)
  }),

  "a checkpoint of another thread is refused": differs(
    "It is not this thread's: 404, before anything runs. The reference begins anew.",
    async ({ ask, client, thread }) => {
      const mine = await thread(), another = await thread()
      await client.runs.wait(another, "chat", { input: says("geheim") })
      await client.runs.wait(mine, "chat", { input: says("hallo") })
      const [newest] = await client.threads.getHistory(another)
      const checkpoint_id = at(newest, "checkpoint", "checkpoint_id")
      const body = { assistant_id: "chat", input: null, checkpoint_id }
      const run = await ask(path(mine, "/runs/wait"), { body })
      holds("the run is refused with a 4xx", run.status >= 400 && run.status < 500, `${run.status} ${run.text}`)
      const state = await ask(path(mine, `/state/${checkpoint_id}`))
      same("the state", state.status, 404)
    }
  ),

  "a cyclic or nested state update is refused": differs(
    "Too deep to be walked safely: 422. (A cycle cannot be written in JSON; what comes closest is depth.)",
    async ({ ask, client, thread }) => {
      const threadId = await thread()
      await client.runs.wait(threadId, "echo", { input: { input: 1 } })
      const deep = "[".repeat(5000) + "]".repeat(5000)
      const { status } = await ask(path(threadId, "/state"), { body: `{"values":{"input":${deep}}}` })
      same("status", status, 422)
    }
  ),

  "a state update of 5 MB is refused": differs("413 beyond 4 MB: a state is read at every step.", async (world) => {
    const threadId = await world.thread()
    await world.client.runs.wait(threadId, "echo", { input: { input: 1 } })
    const { status } = await world.ask(path(threadId, "/state"), {
      body: { values: { input: "x".repeat(5 * 2 ** 20) } }
    })
    same("status", status, 413)
  }),

  "a resume on a thread that is not interrupted is a 4xx that says so": differs(
    "409; the reference starts a run on nothing.",
    async ({ ask, thread }) => {
      const body = { assistant_id: "hitl", command: { resume: "yes" } }
      const { json, status } = await ask(path(await thread(), "/runs/wait"), { body })
      same("status", status, 409)
      holds("it has a detail", typeof at(json, "detail") === "string", json)
    }
  ),

  "an unknown strategy, action or choice is 422": differs(unfit, async ({ ask, thread }) => {
    const threadId = await thread()
    for (
      const more of [
        { multitask_strategy: "maybe" },
        { on_disconnect: "wave" },
        { if_not_exists: "invent" },
        { durability: "forever" },
        { interrupt_before: 7 }
      ]
    ) {
      const { status } = await ask(path(threadId, "/runs"), { body: { assistant_id: "echo", input: {}, ...more } })
      same(JSON.stringify(more), status, 422)
    }
  }),

  "a command of no known kind is 422": differs(unfit, async (world) => {
    const { threadId } = await asked(world)
    const body = { assistant_id: "hitl", command: { goto: 7 } }
    same("status", (await world.ask(path(threadId, "/runs"), { body })).status, 422)
  }),

  "a limit beyond reason is 422": differs(unfit, async ({ ask, thread }) => {
    for (const limit of [-1, 100_000]) {
      same(`search, ${limit}`, (await ask("/threads/search", { body: { limit } })).status, 422)
    }
    same("runs", (await ask(path(await thread(), "/runs?limit=0"))).status, 422)
  }),

  "a sort by what is no column is 422": differs(unfit, async ({ ask }) => {
    const { json, status } = await ask("/threads/search", { body: { sort_by: "owner; drop table" } })
    same("status", status, 422)
    holds("it lists what is wrong", listOf("detail", at(json, "detail")).length > 0)
  }),

  "a text with a NUL is 422": differs("No column of Postgres can hold it.", async ({ ask }) => {
    same("status", (await ask("/threads", { body: { metadata: { a: "x\u0000y" } } })).status, 422)
  }),

  "a webhook that is no http URL is 422": differs("It could never be called.", async ({ ask }) => {
    const { status } = await ask("/runs", { body: { assistant_id: "echo", input: {}, webhook: "ftp://example.com" } })
    same("status", status, 422)
  }),

  "a body that is not JSON by its type is 415": differs(
    "What a page of another origin could send without asking, as a form, is not taken for JSON.",
    async ({ ask }) => {
      const headers = { "content-type": "application/x-www-form-urlencoded" }
      same("status", (await ask("/threads", { body: "{}", headers })).status, 415)
    }
  ),

  "a run of an unknown graph is 404": async ({ client }) => {
    await refused(client.runs.wait(null, "no-such-graph", { input: {} }), 404)
  }
})
