import { at, has, keys, same } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import { nobody, path, says, textsOf } from "./Turns.ts"

export const runs = group("runs", {
  "create answers with the run, and tells where it is": async ({ answers, thread }) => {
    const threadId = await thread()
    const { headers, json } = await answers(200, path(threadId, "/runs"), {
      body: { assistant_id: "echo", input: { input: 1 }, metadata: { ticket: 7 } }
    })
    keys("run", json, [
      "run_id",
      "thread_id",
      "assistant_id",
      "metadata",
      "status",
      "kwargs",
      "created_at",
      "updated_at"
    ])
    has("run", json, { thread_id: threadId, multitask_strategy: "reject" })
    same("metadata.ticket", at(json, "metadata", "ticket"), 7)
    same("content-location", headers.get("content-location"), path(threadId, `/runs/${at(json, "run_id")}`))
  },

  "create tells where its stream is": differs(
    "The SDK reconnects to `Location` after a cut; the reference sends none.",
    async ({ answers, thread }) => {
      const threadId = await thread()
      const { headers, json } = await answers(200, path(threadId, "/runs"), { body: { assistant_id: "echo" } })
      same("location", headers.get("location"), path(threadId, `/runs/${at(json, "run_id")}/stream`))
    }
  ),

  "create calls back with the run's ids": async ({ client, thread }) => {
    const threadId = await thread()
    let told: unknown
    const { run_id } = await client.runs.create(threadId, "echo", {
      input: { input: 1 },
      onRunCreated: (created) => {
        told = created
      }
    })
    same("told", told, { run_id, thread_id: threadId })
  },

  "a run's kwargs are what it runs with": async ({ client, thread }) => {
    const threadId = await thread()
    const run = await client.runs.create(threadId, "echo", {
      input: { input: 1 },
      config: { configurable: { colour: "red" }, tags: ["t"] },
      context: { tenant: "acme" }
    })
    const kwargs = at(run, "kwargs")
    same("input", at(kwargs, "input"), { input: 1 })
    same("config.configurable.colour", at(kwargs, "config", "configurable", "colour"), "red")
    same("context.tenant", at(kwargs, "context", "tenant"), "acme")
    same("config.configurable.run_id", at(kwargs, "config", "configurable", "run_id"), run.run_id)
  },

  "wait answers with the values": async ({ client, thread }) => {
    const values = await client.runs.wait(await thread(), "chat", { input: says("hallo") })
    same("messages", textsOf(values), ["hallo", "1: hallo"])
  },

  "wait tells which run it waits for": async ({ answers, client, thread }) => {
    const threadId = await thread()
    const { headers } = await answers(200, path(threadId, "/runs/wait"), {
      body: { assistant_id: "echo", input: { input: 1 } }
    })
    const [run] = await client.runs.list(threadId)
    same("content-location", headers.get("content-location"), path(threadId, `/runs/${run?.run_id}`))
  },

  "a second run goes on where the first ended": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "chat", { input: says("eins") })
    const values = await client.runs.wait(threadId, "chat", { input: says("zwei") })
    same("messages", textsOf(values), ["eins", "1: eins", "zwei", "3: zwei"])
  },

  "a tool is called, and its result told": needs(["tool"], async ({ client, thread, toolAssistant }) => {
    const call = `tool:search_laws:${JSON.stringify({ query: "Miete" })}`
    const values = await client.runs.wait(await thread(), toolAssistant, { input: says(call) })
    same("messages", textsOf(values), [call, "", "result for Miete", "tool said: result for Miete"])
  }),

  "a node gets configuration, context, metadata and the server's ids": async ({ client, thread }) => {
    const threadId = await thread()
    const { echo } = Object(
      await client.runs.wait(threadId, "echo", {
        input: { input: 1 },
        config: { configurable: { colour: "red", thread_id: nobody } },
        context: { tenant: "acme" },
        metadata: { ticket: 7 }
      })
    )
    has("configurable", echo.configurable, { colour: "red", graph_id: "echo", thread_id: threadId })
    keys("configurable", echo.configurable, ["run_id", "assistant_id"])
    same("context.tenant", at(echo, "context", "tenant"), "acme")
    has("metadata", echo.metadata, { ticket: 7, graph_id: "echo" })
  },

  "a run's configuration beats its assistant's, key by key": async ({ client, thread }) => {
    const { assistant_id } = await client.assistants.create({
      graphId: "echo",
      config: { configurable: { a: "assistant", b: "assistant", nested: { x: 1 } }, recursion_limit: 33 }
    })
    const { echo } = Object(
      await client.runs.wait(await thread(), assistant_id, {
        input: { input: 1 },
        config: { configurable: { b: "run", nested: { y: 2 } } }
      })
    )
    has("configurable", echo.configurable, { a: "assistant", b: "run", nested: { y: 2 } })
    same("recursionLimit", echo.recursionLimit, 33)
  },

  "configuration does not stick to a thread": differs(
    "An edited or another assistant takes effect on an existing thread's next run.",
    async ({ client, thread }) => {
      const threadId = await thread()
      await client.runs.wait(threadId, "echo", { input: { input: 1 }, config: { configurable: { sticky: "yes" } } })
      const { echo } = Object(await client.runs.wait(threadId, "echo", { input: { input: 2 } }))
      same("configurable.sticky", at(echo, "configurable", "sticky"), undefined)
    }
  )
})
