import { at, has, holds, keys, listOf, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import { nobody, talked, textsOf } from "./Turns.ts"

export const states = group("states", {
  "the state of a fresh thread is empty": async ({ client, thread }) => {
    const threadId = await thread()
    has("state", await client.threads.getState(threadId), { values: {}, next: [], tasks: [] })
    same("history", await client.threads.getHistory(threadId), [])
  },

  "a state has the shape that clients read": async (world) => {
    const state = await world.client.threads.getState(await talked(world))
    keys("state", state, ["values", "next", "tasks", "metadata", "created_at", "checkpoint", "parent_checkpoint"])
    same("next", state.next, [])
    same("messages", textsOf(state.values), ["eins", "1: eins"])
    holds("checkpoint.checkpoint_id is a text", typeof at(state, "checkpoint", "checkpoint_id") === "string")
    same("checkpoint.checkpoint_ns", at(state, "checkpoint", "checkpoint_ns"), "")
    same("metadata.source", at(state, "metadata", "source"), "loop")
  },

  "the history has every step, the newest first": async (world) => {
    const history = await world.client.threads.getHistory(await talked(world))
    same("next", history.map(({ next }) => next), [[], ["answer"], ["__start__"]])
    same(
      "parents",
      history.slice(0, -1).map(({ parent_checkpoint }) => at(parent_checkpoint, "checkpoint_id")),
      history.slice(1).map(({ checkpoint }) => at(checkpoint, "checkpoint_id"))
    )
  },

  "the history goes back from a checkpoint, as far as asked": async (world) => {
    const threadId = await talked(world)
    const { threads } = world.client
    const [newest, middle, oldest] = await threads.getHistory(threadId)
    const id = (state: unknown) => at(state, "checkpoint", "checkpoint_id")
    same("limit", (await threads.getHistory(threadId, { limit: 1 })).map(id), [id(newest)])
    const before = async (body: object) => {
      const { json } = await world.answers(200, `/threads/${threadId}/history`, {
        body: { before: id(newest), ...body }
      })
      return listOf("history", json).map(id)
    }
    same("before", await before({}), [id(middle), id(oldest)])
    same("before, one", await before({ limit: 1 }), [id(middle)])
  },

  "the history goes back from a checkpoint as the SDK writes it": differs(
    "The SDK's type says that `before` is a configuration; the reference takes only a text.",
    async (world) => {
      const threadId = await talked(world)
      const [newest] = await world.client.threads.getHistory(threadId)
      const configurable = Object(newest?.checkpoint)
      const before = await world.client.threads.getHistory(threadId, { before: { configurable } })
      same("next", before.map(({ next }) => next), [["answer"], ["__start__"]])
    }
  ),

  "the history can be had with GET": async (world) => {
    const threadId = await talked(world)
    const { json } = await world.answers(200, `/threads/${threadId}/history?limit=2`)
    same("how many", at(json, "length"), 2)
  },

  "the history can be filtered by metadata": async (world) => {
    const threadId = await talked(world)
    const found = await world.client.threads.getHistory(threadId, { metadata: { source: "input" } })
    same("sources", found.map(({ metadata }) => at(metadata, "source")), ["input"])
  },

  "the state at a checkpoint, by its id and by the checkpoint itself": async (world) => {
    const threadId = await talked(world)
    const { threads } = world.client
    const middle = (await threads.getHistory(threadId))[1]
    const checkpoint_id = String(at(middle, "checkpoint", "checkpoint_id"))
    for (
      const place of [checkpoint_id, { thread_id: threadId, checkpoint_ns: "", checkpoint_id, checkpoint_map: null }]
    ) {
      const state = await threads.getState(threadId, place)
      same("next", state.next, ["answer"])
      same("messages", textsOf(state.values), ["eins"])
    }
  },

  "the state at an unknown checkpoint is 404": differs(
    "An empty state would look like a thread without messages.",
    async (world) => {
      await refused(world.client.threads.getState(await talked(world), nobody), 404)
    }
  ),

  "the state of an unknown thread is 404": async ({ ask, client }) => {
    await refused(client.threads.getState(nobody), 404)
    await refused(client.threads.getHistory(nobody), 404)
    same("GET history", (await ask(`/threads/${nobody}/history`)).status, 404)
  },

  "a state has the keys asked for": differs(
    "Only the newer SDK's `select`; the reference does not know it.",
    async (world) => {
      const threadId = await talked(world)
      const { json } = await world.answers(200, `/threads/${threadId}/history`, {
        body: { select: ["next"], limit: 1 }
      })
      same("history", json, [{ next: [] }])
      const state = await world.answers(200, `/threads/${threadId}/state?select=${JSON.stringify(["next"])}`)
      same("state", state.json, { next: [] })
    }
  ),

  "a subgraph's state is in its task when asked for": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "nested", { input: { log: ["ask"] } })
    const plain = await client.threads.getState(threadId)
    same("next", plain.next, ["sub"])
    const deep = await client.threads.getState(threadId, undefined, { subgraphs: true })
    same("the inner next", at(deep, "tasks", 0, "state", "next"), ["c2"])
    holds("the inner values", JSON.stringify(at(deep, "tasks", 0, "state", "values", "log"))?.includes("c1") ?? false)
  },

  "a subgraph's state can be had by its namespace": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "nested", { input: { log: ["ask"] } })
    const deep = await client.threads.getState(threadId, undefined, { subgraphs: true })
    const checkpoint = Object(at(deep, "tasks", 0, "state", "checkpoint"))
    same("its next", (await client.threads.getState(threadId, checkpoint)).next, ["c2"])
  }
})
