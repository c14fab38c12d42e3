import { at, has, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import { nobody, says, talked, textsOf } from "./Turns.ts"

export const stateUpdates = group("states", {
  "updateState adds to the values, as the node named": async (world) => {
    const threadId = await talked(world)
    const { threads } = world.client
    const { checkpoint } = Object(
      await threads.updateState(threadId, { values: says("nachgetragen", "m9"), asNode: "answer" })
    )
    has("checkpoint", checkpoint, { thread_id: threadId, checkpoint_ns: "" })
    const state = await threads.getState(threadId)
    same("messages", textsOf(state.values), ["eins", "1: eins", "nachgetragen"])
    same("checkpoint", at(state, "checkpoint", "checkpoint_id"), checkpoint.checkpoint_id)
    same("metadata.source", at(state, "metadata", "source"), "update")
    same(
      "the newest of the history",
      at((await threads.getHistory(threadId))[0], "checkpoint", "checkpoint_id"),
      checkpoint.checkpoint_id
    )
  },

  "updateState as a node makes the next one due": async ({ client, thread }) => {
    const threadId = await thread()
    await client.threads.update(threadId, { metadata: { graph_id: "chat" } })
    await client.threads.updateState(threadId, { values: says("vorgelegt"), asNode: "__start__" })
    same("next", (await client.threads.getState(threadId)).next, ["answer"])
    const values = await client.runs.wait(threadId, "chat", { input: null })
    same("messages", textsOf(values), ["vorgelegt", "1: vorgelegt"])
  },

  "updateState at an earlier checkpoint branches off": async (world) => {
    const threadId = await talked(world)
    const { threads } = world.client
    const middle = (await threads.getHistory(threadId))[1]
    const checkpoint_id = String(at(middle, "checkpoint", "checkpoint_id"))
    await threads.updateState(threadId, {
      values: says("anders", "m2"),
      checkpointId: checkpoint_id,
      asNode: "answer"
    })
    const state = await threads.getState(threadId)
    same("messages", textsOf(state.values), ["eins", "anders"])
    same("its parent", at(state, "parent_checkpoint", "checkpoint_id"), checkpoint_id)
  },

  "updateState replaces a message of the same id": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "chat", { input: says("vorher", "m1") })
    await client.threads.updateState(threadId, { values: says("nachher", "m1") })
    same("messages", textsOf((await client.threads.getState(threadId)).values)[0], "nachher")
  },

  "updateState of a thread without a graph is refused": differs(
    "409: the request is fine, the thread has nothing yet to be updated.",
    async ({ client, thread }) => {
      await refused(client.threads.updateState(await thread(), { values: { a: 1 } }), 409)
    }
  ),

  "updateState as a node that is not there is refused": differs(
    "A wrong node's name is the caller's mistake: 422 with what is wrong, not a failure of the server.",
    async (world) => {
      const threadId = await talked(world)
      await refused(world.client.threads.updateState(threadId, { values: says("x"), asNode: "no-such-node" }), 422)
    }
  ),

  "updateState of an unknown thread is 404": async ({ client }) => {
    await refused(client.threads.updateState(nobody, { values: { a: 1 } }), 404)
  },

  "patchState adds to the thread's metadata": differs(
    "The SDK has the method, the reference has no such route.",
    async (world) => {
      const threadId = await talked(world)
      await world.client.threads.patchState(threadId, { reviewed: true })
      same("metadata.reviewed", at((await world.client.threads.get(threadId)).metadata, "reviewed"), true)
    }
  )
})
