import { at, has, holds, keys, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import { asked, path, says, textsOf } from "./Turns.ts"

const askOk = { ask: "ok?" }

export const interrupts = group("interrupts", {
  "an interrupt is in the values, the thread and the state": async (world) => {
    const { threadId, values } = await asked(world)
    same("__interrupt__", at(values, "__interrupt__", 0, "value"), askOk)
    const found = await world.client.threads.get(threadId)
    same("status", found.status, "interrupted")
    same("interrupts", Object.values(found.interrupts).flat().map(({ value }) => value), [askOk])
    const state = await world.client.threads.getState(threadId)
    same("next", state.next, ["ask"])
    same("the task's", state.tasks.flatMap(({ interrupts }) => interrupts).map(({ value }) => value), [askOk])
  },

  "an interrupt is in the stream": async ({ events, thread }) => {
    const { frames } = await events(path(await thread(), "/runs/stream"), {
      body: { assistant_id: "hitl", input: { question: "ok?" }, stream_mode: ["values", "updates"] }
    })
    for (const mode of ["values", "updates"]) {
      const found = frames.filter(({ event }) => event === mode).map(({ data }) =>
        at(data, "__interrupt__", 0, "value")
      )
      holds(`it is in the ${mode}`, JSON.stringify(found).includes("ok?"), found)
    }
  },

  "a resume answers, and the graph goes on": async (world) => {
    const { threadId } = await asked(world)
    const values = await world.client.runs.wait(threadId, "hitl", { command: { resume: "yes" } })
    has("values", values, { question: "ok?", answer: "yes", log: ["prepare", "ask"] })
    const found = await world.client.threads.get(threadId)
    same("status", found.status, "idle")
    same("interrupts", found.interrupts ?? {}, {})
  },

  "a resume names the interrupt by its id": async (world) => {
    const { threadId, values } = await asked(world)
    const id = String(at(values, "__interrupt__", 0, "id"))
    const answered = await world.client.runs.wait(threadId, "hitl", { command: { resume: { [id]: "by id" } } })
    same("answer", at(answered, "answer"), "by id")
  },

  "a resume into a subgraph": async ({ client, thread }) => {
    const threadId = await thread()
    const paused = await client.runs.wait(threadId, "nested", { input: { log: ["ask"] } })
    same("asked", at(paused, "__interrupt__", 0, "value"), { ask: "c2?" })
    const values = await client.runs.wait(threadId, "nested", { command: { resume: "ja" } })
    same("the last", at(values, "log", -1), "c2:ja")
  },

  "search finds those that wait": async (world) => {
    const { threadId } = await asked(world)
    const found = await world.client.threads.search({ ids: [threadId], status: "interrupted" })
    same("found", found.map(({ thread_id }) => thread_id), [threadId])
  },

  "interrupt_before stops, and a run without input goes on": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "chat", { input: says("hallo"), interruptBefore: ["answer"] })
    same("next", (await client.threads.getState(threadId)).next, ["answer"])
    same("status", (await client.threads.get(threadId)).status, "interrupted")
    same("messages", textsOf(await client.runs.wait(threadId, "chat", { input: null })), ["hallo", "1: hallo"])
    same("afterwards", (await client.threads.get(threadId)).status, "idle")
  },

  "interrupt_after stops behind a node": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "hitl", { input: { question: "ok?" }, interruptAfter: ["prepare"] })
    const state = await client.threads.getState(threadId)
    same("next", state.next, ["ask"])
    same("log", at(state.values, "log"), ["prepare"])
  },

  "interrupt_before * stops before the first node": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "hitl", { input: { question: "ok?" }, interruptBefore: "*" })
    same("next", (await client.threads.getState(threadId)).next, ["prepare"])
  },

  "a command updates and goes to a node": async (world) => {
    const { threadId } = await asked(world)
    const values = await world.client.runs.wait(threadId, "hitl", {
      command: { update: { question: "again?" }, goto: "ask" }
    })
    const found = at(values, "__interrupt__")
    holds("it asks again", JSON.stringify(found ?? null).includes("again?"), found)
  },

  "an update of the state answers for a node": async (world) => {
    const { threadId } = await asked(world)
    await world.client.threads.updateState(threadId, { values: { answer: "by hand", log: ["hand"] }, asNode: "ask" })
    const state = await world.client.threads.getState(threadId)
    same("next", state.next, [])
    has("values", state.values, { answer: "by hand", log: ["prepare", "hand"] })
  },

  "from before the question it is asked again, and answered otherwise": differs(
    "A checkpoint is where one run begins. The reference keeps it with the thread's configuration, and begins the resume "
      + "there as well.",
    async (world) => {
      const { threadId } = await asked(world)
      await world.client.runs.wait(threadId, "hitl", { command: { resume: "first" } })
      const before = (await world.client.threads.getHistory(threadId)).find(({ next }) => next[0] === "prepare")
      const again = await world.client.runs.wait(threadId, "hitl", {
        input: null,
        checkpointId: String(at(before, "checkpoint", "checkpoint_id"))
      })
      same("it asks", at(again, "__interrupt__", 0, "value"), askOk)
      const values = await world.client.runs.wait(threadId, "hitl", { command: { resume: "second" } })
      same("answer", at(values, "answer"), "second")
    }
  ),

  "a question that has been answered is not answered again": differs(
    "409: the thread waits for nobody. The reference runs once more, with the answer of before.",
    async (world) => {
      const { threadId } = await asked(world)
      const { checkpoint } = await world.client.threads.getState(threadId)
      await world.client.runs.wait(threadId, "hitl", { command: { resume: "first" } })
      const checkpointId = String(at(checkpoint, "checkpoint_id"))
      await refused(world.client.runs.wait(threadId, "hitl", { command: { resume: "second" }, checkpointId }), 409)
    }
  ),

  "regenerate: the same input again from before the answer": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "chat", { input: says("hallo") })
    const before = (await client.threads.getHistory(threadId)).find(({ next }) => next[0] === "answer")
    const values = await client.runs.wait(threadId, "chat", {
      input: null,
      checkpointId: String(at(before, "checkpoint", "checkpoint_id"))
    })
    same("messages", textsOf(values), ["hallo", "1: hallo"])
  },

  "a resume on a thread that is not interrupted is refused": differs(
    "It would run the graph on nothing.",
    async ({ client, thread }) => {
      const threadId = await thread()
      await client.runs.wait(threadId, "hitl", { input: { question: "ok?" }, interruptBefore: ["prepare"] })
      await client.runs.wait(threadId, "chat", { input: says("hallo") })
      await refused(client.runs.create(threadId, "hitl", { command: { resume: "yes" } }), 409)
      await refused(client.runs.create(await thread(), "hitl", { command: { resume: "yes" } }), 409)
    }
  ),

  "of two resumes at once one acts": differs(
    "The other gets 409; the reference refuses it with 422.",
    async (world) => {
      const { threadId } = await asked(world)
      const resume = (answer: string) =>
        world.ask(path(threadId, "/runs"), { body: { assistant_id: "hitl", command: { resume: answer } } })
      const statuses = (await Promise.all([resume("a"), resume("b")])).map(({ status }) => status)
      same("statuses", statuses.sort(), [200, 409])
    }
  ),

  "an interrupt has an id and a value": async (world) => {
    const { values } = await asked(world)
    keys("interrupt", at(values, "__interrupt__", 0), ["id", "value"])
  }
})
