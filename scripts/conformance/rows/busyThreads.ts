import { at, refused, same } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import { busy, path, says, textsOf } from "./Turns.ts"

export const busyThreads = group("runs", {
  "a second run on a busy thread is refused": differs(
    "409: nothing is wrong with the request; the thread is in the way.",
    needs(["model"], async (world) => {
      const { runId, threadId } = await busy(world, 4000)
      await refused(world.client.runs.create(threadId, "agent", { input: says("say:x") }), 409)
      const reject = { input: says("say:x"), multitaskStrategy: "reject" } as const
      await refused(world.client.runs.create(threadId, "agent", reject), 409)
      await world.client.runs.cancel(threadId, runId, true)
    })
  ),

  "enqueue waits for its turn": needs(["model"], async (world) => {
    const { threadId } = await busy(world, 700)
    const values = await world.client.runs.wait(threadId, "agent", {
      input: says("say:danach"),
      multitaskStrategy: "enqueue"
    })
    same("messages", textsOf(values), ["slow:700:fertig damit", "fertig damit", "say:danach", "danach"])
  }),

  "interrupt stops the one before and keeps what it has": needs(["model"], async (world) => {
    const { runId, threadId } = await busy(world, 8000)
    const values = await world.client.runs.wait(threadId, "agent", {
      input: says("say:statt dessen"),
      multitaskStrategy: "interrupt"
    })
    same("messages", textsOf(values), ["slow:8000:fertig damit", "say:statt dessen", "statt dessen"])
    same("the first", (await world.client.runs.get(threadId, runId)).status, "interrupted")
  }),

  "rollback takes the one before back": differs(
    "The run and what it wrote are gone, its input included, as the word says.",
    needs(["model"], async (world) => {
      const { runId, threadId } = await busy(world, 8000)
      const values = await world.client.runs.wait(threadId, "agent", {
        input: says("say:statt dessen"),
        multitaskStrategy: "rollback"
      })
      same("messages", textsOf(values), ["say:statt dessen", "statt dessen"])
      await refused(world.client.runs.get(threadId, runId), 404)
    })
  ),

  "a thread is busy while it runs and idle afterwards": needs(["model"], async (world) => {
    const { runId, threadId } = await busy(world, 700)
    same("while", (await world.client.threads.get(threadId)).status, "busy")
    await world.client.runs.join(threadId, runId)
    await world.until(
      "that it is idle",
      async () => (await world.client.threads.get(threadId)).status === "idle",
      2000
    )
  }),

  "cancel with wait ends when the run has": needs(["model"], async (world) => {
    const { runId, threadId } = await busy(world, 8000)
    const { status } = await world.ask(path(threadId, `/runs/${runId}/cancel?wait=1&action=interrupt`), {
      method: "POST"
    })
    same("status", status, 204)
    same("run", (await world.client.runs.get(threadId, runId)).status, "interrupted")
  }),

  "cancel without wait answers 202 at once": differs(
    "`wait=0` is no. The reference takes the text \"0\" for true, and waits.",
    needs(["model"], async (world) => {
      const { runId, threadId } = await busy(world, 8000)
      await world.answers(202, path(threadId, `/runs/${runId}/cancel?wait=0&action=interrupt`), { method: "POST" })
      await world.until(
        "that it has ended",
        async () => (await world.client.runs.get(threadId, runId)).status === "interrupted"
      )
    })
  ),

  "cancel with rollback takes the run back": differs(
    "The run and what it wrote are gone, as the word says.",
    needs(["model"], async (world) => {
      const { runId, threadId } = await busy(world, 8000)
      await world.client.runs.cancel(threadId, runId, false, "rollback")
      await world.until(
        "that it is gone",
        () => world.client.runs.get(threadId, runId).then(() => false, (error: unknown) => at(error, "status") === 404),
        5000
      )
      same("messages", textsOf((await world.client.threads.getState(threadId)).values), [])
    })
  ),

  "cancelMany ends the runs named": differs("Only the newer SDK calls it; the reference has no such route.", {
    needs: ["model"],
    run: async (world) => {
      const { runId, threadId } = await busy(world, 8000)
      if (world.newer === undefined) {
        await world.answers(204, "/runs/cancel", { body: { thread_id: threadId, run_ids: [runId] } })
      } else await world.newer.runs.cancelMany({ threadId, runIds: [runId], action: "interrupt" })
      await world.until(
        "that it has ended",
        async () => (await world.client.runs.get(threadId, runId)).status === "interrupted"
      )
    }
  })
})
