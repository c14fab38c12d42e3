import { at, has, holds, refused, same } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import { path, says, textsOf } from "./Turns.ts"

export const runOptions = group("runs", {
  "a run that waits for its time can be cancelled": async ({ client, thread }) => {
    const threadId = await thread()
    const run = await client.runs.create(threadId, "echo", { input: { input: 1 }, afterSeconds: 60 })
    same("before", run.status, "pending")
    await client.runs.cancel(threadId, run.run_id)
    await client.runs.get(threadId, run.run_id).then(
      ({ status }) => holds("it is not pending", status !== "pending", status),
      (error: unknown) => same("it is gone", at(error, "status"), 404)
    )
  },

  "after_seconds runs later": async ({ client, thread, until }) => {
    const threadId = await thread()
    const started = Date.now()
    const { run_id } = await client.runs.create(threadId, "echo", { input: { input: 1 }, afterSeconds: 1 })
    same("at first", (await client.runs.get(threadId, run_id)).status, "pending")
    await until("that it has run", async () => (await client.runs.get(threadId, run_id)).status === "success")
    holds("a second has passed", Date.now() - started >= 950, Date.now() - started)
  },

  "delete removes a run that has ended": async ({ client, thread }) => {
    const threadId = await thread()
    const { run_id } = await client.runs.create(threadId, "echo", { input: { input: 1 } })
    await client.runs.join(threadId, run_id)
    await client.runs.delete(threadId, run_id)
    await refused(client.runs.get(threadId, run_id), 404)
  },

  "a run from an earlier checkpoint branches off": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "chat", { input: says("eins") })
    const [afterFirst] = await client.threads.getHistory(threadId)
    await client.runs.wait(threadId, "chat", { input: says("zwei") })
    const checkpoint_id = String(at(afterFirst, "checkpoint", "checkpoint_id"))
    const edited = await client.runs.wait(threadId, "chat", {
      input: says("anders"),
      checkpoint: { checkpoint_id, checkpoint_ns: "", checkpoint_map: null }
    })
    same("messages", textsOf(edited), ["eins", "1: eins", "anders", "3: anders"])
    same("the state", textsOf((await client.threads.getState(threadId)).values), textsOf(edited))
    const again = await client.runs.wait(threadId, "chat", { input: says("noch anders"), checkpointId: checkpoint_id })
    same("by its id", textsOf(again), ["eins", "1: eins", "noch anders", "3: noch anders"])
  },

  "durability exit keeps the last checkpoint only": differs(
    "The SDK's `durability`; the reference takes it and goes on as before.",
    async ({ client, thread }) => {
      const threadId = await thread()
      await client.runs.wait(threadId, "chat", { input: says("eins"), durability: "exit" })
      same("history", (await client.threads.getHistory(threadId)).length, 1)
      same("messages", textsOf((await client.threads.getState(threadId)).values), ["eins", "1: eins"])
    }
  ),

  "a webhook is told how the run ended": needs(["webhooks"], async ({ client, hook, thread }) => {
    const threadId = await thread()
    const { called, url } = hook()
    const { run_id } = await client.runs.create(threadId, "echo", { input: { input: 1 }, webhook: url })
    const body = await called
    has("webhook", body, { run_id, thread_id: threadId, status: "success" })
    same("values", at(body, "values", "input"), 1)
  }),

  "a run takes keys it does not know, and those it has no use for": async ({ answers, thread }) => {
    await answers(200, path(await thread(), "/runs/wait"), {
      body: {
        assistant_id: "echo",
        input: { input: 1 },
        feedback_keys: ["thumbs"],
        langsmith_tracer: { project_name: "p" },
        strict_resume: false,
        of_tomorrow: true
      }
    })
  }
})
