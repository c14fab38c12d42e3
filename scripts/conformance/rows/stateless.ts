import { at, has, keys, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import type { World } from "../World.ts"
import { nobody, path, says, textsOf } from "./Turns.ts"

/** A stateless run whose thread stays. The SDK's own type of `on_completion` has words that no server knows. */
const kept = async ({ answers }: World) => {
  const { json } = await answers(200, "/runs", {
    body: { assistant_id: "echo", input: { input: 1 }, on_completion: "keep", stream_resumable: true }
  })
  return { runId: String(at(json, "run_id")), threadId: String(at(json, "thread_id")) }
}

export const stateless = group("stateless", {
  "wait answers with the values": async ({ client }) => {
    same("messages", textsOf(await client.runs.wait(null, "chat", { input: says("hallo") })), ["hallo", "1: hallo"])
  },

  "stream ends with the values": async ({ client }) => {
    let last: unknown
    for await (const { data, event } of client.runs.stream(null, "chat", { input: says("hallo") })) {
      if (event === "values") last = data
    }
    same("messages", textsOf(last), ["hallo", "1: hallo"])
  },

  "create answers with the run on a thread of its own": async ({ client }) => {
    const run = await client.runs.create(null, "echo", { input: { input: 1 } })
    keys("run", run, ["run_id", "thread_id", "assistant_id", "status", "kwargs"])
    same("kwargs.temporary", at(run, "kwargs", "temporary"), true)
  },

  "its thread goes with it": async ({ client, until }) => {
    const run = await client.runs.create(null, "echo", { input: { input: 1 } })
    await until(
      "that the thread is gone",
      () => client.threads.get(run.thread_id).then(() => false, (error: unknown) => at(error, "status") === 404)
    )
  },

  "on_completion keep leaves the thread": async (world) => {
    const { client, until } = world
    const { runId, threadId } = await kept(world)
    await until("that it has run", async () => (await client.runs.get(threadId, runId)).status === "success")
    same("state", at((await client.threads.getState(threadId)).values, "input"), 1)
  },

  "a stateless run tells where it is": differs(
    "The whole path, with the thread: the SDK's `onRunCreated` then knows both ids.",
    async ({ answers }) => {
      const { headers, json } = await answers(200, "/runs", { body: { assistant_id: "echo", input: { input: 1 } } })
      same(
        "content-location",
        headers.get("content-location"),
        path(String(at(json, "thread_id")), `/runs/${at(json, "run_id")}`)
      )
    }
  ),

  "createBatch makes several runs": async ({ client }) => {
    const runs = await client.runs.createBatch([
      { assistantId: "echo", input: { input: 1 } },
      { assistantId: "echo", input: { input: 2 } }
    ])
    same("how many", at(runs, "length"), 2)
    same("inputs", [0, 1].map((index) => at(runs, index, "kwargs", "input", "input")), [1, 2])
  },

  "createBatch makes all of them or none": differs(
    "Whoever is refused knows that nothing has begun.",
    async ({ ask, client, unique, until }) => {
      const good = unique()
      const batch = [
        { assistant_id: "echo", input: { input: 1 }, metadata: { good }, on_completion: "keep" },
        { assistant_id: "no-such-assistant", input: {}, on_completion: "keep" }
      ]
      same("status", (await ask("/runs/batch", { body: batch })).status, 404)
      await until("some time to pass", async () => {
        await new Promise((resolve) => setTimeout(resolve, 300))
        return true
      })
      const threads = await client.threads.search({ metadata: { graph_id: "echo" }, limit: 20 })
      for (const { thread_id } of threads) {
        const runs = await client.runs.list(thread_id).catch(() => [])
        same("runs of the good one", runs.filter(({ metadata }) => at(metadata, "good") === good).length, 0)
      }
    }
  ),

  "a run can be joined by its id alone": async (world) => {
    const { runId } = await kept(world)
    const { frames, status } = await world.events(`/runs/${runId}/stream`, { headers: { "last-event-id": "-1" } })
    same("status", status, 200)
    same("last values", at(frames.findLast(({ event }) => event === "values")?.data, "input"), 1)
  },

  "a run joined by an unknown id is 404": differs("404 everywhere for what is not there.", async ({ ask }) => {
    same("status", (await ask(`/runs/${nobody}/stream`)).status, 404)
  }),

  "a run of an unknown assistant is 404": async ({ client }) => {
    await refused(client.runs.wait(null, nobody), 404)
  },

  "configuration reaches a stateless run": async ({ client }) => {
    const { echo } = Object(
      await client.runs.wait(null, "echo", {
        input: { input: 1 },
        config: { configurable: { colour: "red" } },
        context: { tenant: "acme" }
      })
    )
    has("configurable", echo.configurable, { colour: "red", graph_id: "echo" })
    same("context", at(echo, "context", "tenant"), "acme")
  }
})
