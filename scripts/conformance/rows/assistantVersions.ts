import { at, has, holds, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import { full } from "./FullAssistant.ts"
import { nobody } from "./Turns.ts"

export const assistantVersions = group("assistants", {
  "update replaces the configuration, merges the metadata and makes a version": async ({ client, unique }) => {
    const { assistant_id } = await client.assistants.create(full(unique()))
    const updated = await client.assistants.update(assistant_id, {
      graphId: "agent",
      config: { configurable: { model_name: "openai:gpt-4.1" } },
      metadata: { more: true }
    })
    has("assistant", updated, { version: 2, name: "Rechts-Assistent", context: { tenant: "acme" } })
    same("config", at(updated.config, "configurable"), { model_name: "openai:gpt-4.1" })
    has("metadata", updated.metadata, { more: true })
    holds("the metadata of before is kept", at(updated.metadata, "mark") !== undefined)
  },

  "an update that changes nothing makes no version": differs(
    "Whoever saves a form without a change has not made another assistant of it.",
    async ({ client, unique }) => {
      const { assistant_id } = await client.assistants.create(full(unique()))
      same("version", (await client.assistants.update(assistant_id, { name: "Rechts-Assistent" })).version, 1)
      same("versions", (await client.assistants.getVersions(assistant_id)).length, 1)
    }
  ),

  "update of an unknown one is 404": async ({ client }) => {
    await refused(client.assistants.update(nobody, { name: "x" }), 404)
  },

  "getVersions lists them, the newest first, page by page": async ({ client, unique }) => {
    const { assistant_id } = await client.assistants.create(full(unique()))
    for (const name of ["b", "c"]) await client.assistants.update(assistant_id, { name })
    const versions = async (query: object) =>
      (await client.assistants.getVersions(assistant_id, query)).map(({ version }) => version)
    same("all", await versions({}), [3, 2, 1])
    same("the second page", await versions({ limit: 1, offset: 1 }), [2])
  },

  "getVersions of an unknown one is 404": async ({ client }) => {
    await refused(client.assistants.getVersions(nobody), 404)
  },

  "setLatest brings a version's configuration and name back": async ({ client, unique }) => {
    const mark = unique()
    const { assistant_id } = await client.assistants.create(full(mark))
    await client.assistants.update(assistant_id, { config: { configurable: {} }, name: "another" })
    const back = await client.assistants.setLatest(assistant_id, 1)
    has("assistant", back, { version: 1, name: "Rechts-Assistent" })
    same("config", back.config.configurable, full(mark).config.configurable)
    same("get", (await client.assistants.get(assistant_id)).version, 1)
  },

  "setLatest brings its context, graph and description back as well": differs(
    "A version is the whole assistant: half of it would run something that never was.",
    async ({ client, unique }) => {
      const { assistant_id } = await client.assistants.create(full(unique()))
      await client.assistants.update(assistant_id, {
        graphId: "echo",
        context: { tenant: "b" },
        description: "something else"
      })
      const back = await client.assistants.setLatest(assistant_id, 1)
      has("assistant", back, { graph_id: "agent", context: { tenant: "acme" }, description: "Kennt das Recht" })
    }
  ),

  "setLatest of an unknown version is 404": async ({ client }) => {
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    await refused(client.assistants.setLatest(assistant_id, 7), 404)
    await refused(client.assistants.setLatest(nobody, 1), 404)
  },

  "delete removes it": async ({ ask, client }) => {
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    const { status } = await ask(`/assistants/${assistant_id}?delete_threads=false`, { method: "DELETE" })
    holds("answers 2xx", status < 300, status)
    await refused(client.assistants.get(assistant_id), 404)
    await refused(client.assistants.delete(assistant_id), 404)
  },

  "delete leaves its threads alone": async ({ client, thread }) => {
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    const threadId = await thread()
    await client.runs.wait(threadId, assistant_id, { input: { input: 1 } })
    await client.assistants.delete(assistant_id)
    same("thread", (await client.threads.get(threadId)).thread_id, threadId)
    same("state", at((await client.threads.getState(threadId)).values, "input"), 1)
  },

  "delete with its threads takes them along": async ({ client, thread }) => {
    const { assistant_id } = await client.assistants.create({ graphId: "echo" })
    const threadId = await thread(), another = await thread()
    await client.runs.wait(threadId, assistant_id, { input: { input: 1 } })
    await client.runs.wait(another, "echo", { input: { input: 1 } })
    await client.assistants.delete(assistant_id, { deleteThreads: true })
    await refused(client.threads.get(threadId), 404)
    same("another's thread", (await client.threads.get(another)).thread_id, another)
  }
})
