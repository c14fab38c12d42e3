import { at, has, holds, keys, refused, same, textOf } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import { nobody, path, says, textsOf } from "./Turns.ts"

export const runAnswers = group("runs", {
  "get and list show it": async ({ client, thread }) => {
    const threadId = await thread()
    const { run_id } = await client.runs.create(threadId, "echo", { input: { input: 1 } })
    await client.runs.join(threadId, run_id)
    has("run", await client.runs.get(threadId, run_id), { run_id, status: "success" })
    same("list", (await client.runs.list(threadId)).map(({ run_id }) => run_id), [run_id])
    same("by status", await client.runs.list(threadId, { status: "error" }), [])
  },

  "list puts the newest first, page by page": differs(
    "The newest is what clients look for, and the order is the same on every page; the reference has the oldest first.",
    async ({ client, thread }) => {
      const threadId = await thread()
      for (const n of [1, 2, 3]) {
        await client.runs.wait(threadId, "echo", { input: { input: n }, metadata: { n } })
      }
      const numbers = async (query: object) =>
        (await client.runs.list(threadId, query)).map(({ metadata }) => at(metadata, "n"))
      same("all", await numbers({}), [3, 2, 1])
      same("the second page", await numbers({ limit: 1, offset: 1 }), [2])
    }
  ),

  "list selects the keys asked for": differs("The SDK's `select`.", async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "echo", { input: { input: 1 } })
    const [run] = await client.runs.list(threadId, { select: ["run_id", "status"] })
    same("keys", Object.keys(Object(run)).sort(), ["run_id", "status"])
  }),

  "join waits for the values": async ({ client, thread }) => {
    const threadId = await thread()
    const { run_id } = await client.runs.create(threadId, "chat", { input: says("hallo") })
    same("messages", textsOf(await client.runs.join(threadId, run_id)), ["hallo", "1: hallo"])
    same("again", textsOf(await client.runs.join(threadId, run_id)), ["hallo", "1: hallo"])
  },

  "runs of an unknown thread and unknown runs are 404": async ({ client, thread }) => {
    const threadId = await thread()
    await refused(client.runs.get(threadId, nobody), 404)
    await refused(client.runs.get(nobody, nobody), 404)
    await refused(client.runs.list(nobody), 404)
    await refused(client.runs.cancel(threadId, nobody), 404)
    await refused(client.runs.delete(threadId, nobody), 404)
  },

  "join of an unknown run is 404": differs("404 everywhere for what is not there.", async ({ client, thread }) => {
    await refused(client.runs.join(await thread(), nobody), 404)
  }),

  "joinStream of an unknown run is 404": differs(
    "404 everywhere for what is not there: a stream that is open and silent looks like a run that thinks.",
    async ({ ask, thread }) => {
      same("status", (await ask(path(await thread(), `/runs/${nobody}/stream`))).status, 404)
    }
  ),

  "a run on an unknown thread is 404": differs(
    "404 everywhere for what is not there; the reference says that the thread is busy.",
    async ({ ask }) => {
      for (const way of ["", "/wait", "/stream"]) {
        const { status } = await ask(path(nobody, `/runs${way}`), { body: { assistant_id: "echo" } })
        same(`/runs${way}`, status, 404)
      }
    }
  ),

  "if_not_exists create makes the thread": async ({ client, unique }) => {
    const threadId = unique()
    await client.runs.wait(threadId, "echo", { input: { input: 1 }, ifNotExists: "create" })
    same("thread", (await client.threads.get(threadId)).thread_id, threadId)
  },

  "a run of an unknown assistant is 404": async ({ client, thread }) => {
    await refused(client.runs.create(await thread(), "no-such-assistant"), 404)
    await refused(client.runs.create(await thread(), nobody), 404)
  },

  "a failed run says so: wait, run, thread and state": needs(["model"], async ({ client, thread }) => {
    const threadId = await thread()
    const answer = await client.runs.wait(threadId, "agent", { input: says("fail:400"), raiseError: false })
    keys("__error__", at(answer, "__error__"), ["error", "message"])
    same("thread", (await client.threads.get(threadId)).status, "error")
    same("run", (await client.runs.list(threadId)).map(({ status }) => status), ["error"])
    const { tasks } = await client.threads.getState(threadId)
    holds("the task has an error", at(tasks, -1, "error") !== null, tasks)
  }),

  "a failure's message is in words": differs(
    "The message itself; the reference wraps it into JSON once more.",
    needs(["model"], async ({ client, thread }) => {
      const answer = await client.runs.wait(await thread(), "agent", { input: says("fail:400"), raiseError: false })
      const message = textOf("message", at(answer, "__error__", "message"))
      holds("it begins with the provider's words", message.startsWith("400 "), message)
    })
  ),

  "a recursion limit ends the run with an error": async ({ client, thread }) => {
    const answer = await client.runs.wait(await thread(), "nested", {
      input: { log: [] },
      config: { recursion_limit: 1 },
      raiseError: false
    })
    const message = textOf("message", at(answer, "__error__", "message"))
    holds("it tells the limit", /recursion limit/i.test(message), message)
  }
})
