import { at, has, holds, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import { nobody } from "./Turns.ts"

export const threads = group("threads", {
  "create keeps the id, the metadata and the graph's name": async ({ client, unique }) => {
    const threadId = unique()
    const made = await client.threads.create({ threadId, metadata: { n: 1 }, graphId: "echo" })
    has("thread", made, { thread_id: threadId, status: "idle", metadata: { n: 1, graph_id: "echo" } })
    same("get", (await client.threads.get(threadId)).metadata, made.metadata)
  },

  "create without a body makes a thread": async ({ answers }) => {
    const { json } = await answers(200, "/threads", { method: "POST" })
    has("thread", json, { metadata: {}, status: "idle" })
  },

  "create with an id that exists is refused": async ({ client, unique }) => {
    const threadId = unique()
    await client.threads.create({ threadId })
    await refused(client.threads.create({ threadId }), 409)
  },

  "create with if_exists do_nothing answers with the one there is": async ({ client, unique }) => {
    const threadId = unique()
    await client.threads.create({ threadId, metadata: { a: 1 } })
    const again = await client.threads.create({ threadId, metadata: { a: 2 }, ifExists: "do_nothing" })
    same("metadata", at(again.metadata, "a"), 1)
  },

  "create with supersteps has the state that they make": async ({ client }) => {
    const message = (id: string, content: string) => ({ messages: [{ role: "user", content, id }] })
    const { thread_id } = await client.threads.create({
      graphId: "chat",
      supersteps: [
        { updates: [{ values: message("s1", "eins"), asNode: "__start__" }] },
        { updates: [{ values: message("s2", "zwei"), asNode: "answer" }] }
      ]
    })
    const { values } = await client.threads.getState(thread_id)
    same("first message", at(values, "messages", 0, "content"), "eins")
    same("last message", at(values, "messages", -1, "content"), "zwei")
  },

  "create with a ttl tells when the thread goes": differs(
    "The SDK's `ttl`, in minutes; the reference takes it and keeps the thread.",
    async ({ client }) => {
      const { thread_id } = await client.threads.create({ ttl: 60 })
      const { ttl } = Object(await client.threads.get(thread_id))
      has("ttl", ttl, { strategy: "delete", ttl_minutes: 60 })
      holds("it expires in an hour", Math.abs(Date.parse(ttl.expires_at) - Date.now() - 3_600_000) < 60_000, ttl)
    }
  ),

  "get of an unknown one is 404": async ({ client }) => {
    await refused(client.threads.get(nobody), 404)
  },

  "update merges the metadata": async ({ client }) => {
    const { thread_id } = await client.threads.create({ metadata: { a: 1, b: 1 } })
    await client.threads.update(thread_id, { metadata: { b: 2, c: 3 } })
    same("metadata", (await client.threads.get(thread_id)).metadata, { a: 1, b: 2, c: 3 })
  },

  "update takes a ttl": async ({ client, thread }) => {
    const threadId = await thread()
    const updated = await client.threads.update(threadId, { metadata: { a: 1 }, ttl: 60 })
    same("metadata", at(updated.metadata, "a"), 1)
  },

  "update with Prefer: return=minimal answers 204": differs(
    "The SDK's `returnMinimal` asks for it.",
    async ({ answers, client, thread }) => {
      const threadId = await thread()
      await answers(204, `/threads/${threadId}`, {
        method: "PATCH",
        body: { metadata: { a: 1 } },
        headers: { prefer: "return=minimal" }
      })
      same("metadata", at((await client.threads.get(threadId)).metadata, "a"), 1)
    }
  ),

  "update of an unknown one is 404": async ({ client }) => {
    await refused(client.threads.update(nobody, { metadata: {} }), 404)
  },

  "delete removes it with its state and its runs": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "echo", { input: { input: 1 } })
    await client.threads.delete(threadId)
    await refused(client.threads.get(threadId), 404)
    await refused(client.threads.getState(threadId), 404)
    await refused(client.runs.list(threadId), 404)
  },

  "delete of an unknown one is 404": async ({ client }) => {
    await refused(client.threads.delete(nobody), 404)
  },

  "copy has the same state, and goes its own way": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "chat", { input: { messages: [{ role: "user", content: "hallo" }] } })
    const copy = await client.threads.copy(threadId)
    holds("it has an id of its own", at(copy, "thread_id") !== threadId)
    const copied = String(at(copy, "thread_id"))
    const before = await client.threads.getState(threadId)
    same("values", (await client.threads.getState(copied)).values, before.values)
    same(
      "history",
      (await client.threads.getHistory(copied)).length,
      (await client.threads.getHistory(threadId)).length
    )
    await client.runs.wait(copied, "chat", { input: { messages: [{ role: "user", content: "weiter" }] } })
    same("the first one's values", (await client.threads.getState(threadId)).values, before.values)
  },

  "copy of an unknown one is 404": differs(
    "It is not there, as everywhere; 409 would say that something is in the way.",
    async ({ client }) => {
      await refused(client.threads.copy(nobody), 404)
    }
  ),

  "a run tells on its thread what it ran": async ({ client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "echo", { input: { input: 1 } })
    has("metadata", (await client.threads.get(threadId)).metadata, { graph_id: "echo" })
    holds("assistant_id is there", at(await client.threads.get(threadId), "metadata", "assistant_id") !== undefined)
  }
})
