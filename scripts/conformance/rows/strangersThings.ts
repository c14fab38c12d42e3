import { at, holds, refused, same } from "../Expect.ts"
import { differs, group, needs, type Run } from "../Row.ts"
import { path } from "./Turns.ts"

/** What needs a stranger to mean anything. */
const strange = (run: Run) => needs(["other"], run)

export const strangersThings = group("tenancy", {
  "a stranger's items are not there": differs(
    "The server puts the user and the organisation before every namespace; the reference has one store for all, "
      + "unless an auth handler rewrites namespaces.",
    strange(async ({ client, other, unique }) => {
      const mark = unique()
      await client.store.putItem([mark], "k", { mine: true })
      same("get", await other.store.getItem([mark], "k"), null)
      same("search", (await other.store.searchItems([mark])).items, [])
      same(
        "search of everything",
        (await other.store.searchItems([], { limit: 100 })).items
          .filter(({ namespace }) => namespace.includes(mark)),
        []
      )
      same("namespaces", (await other.store.listNamespaces({ prefix: [mark] })).namespaces, [])
      await other.store.putItem([mark], "k", { mine: false })
      await other.store.deleteItem([mark], "k")
      same("mine", (await client.store.getItem([mark], "k"))?.value, { mine: true })
    })
  ),

  "a graph's store is its user's": differs(
    "A graph that keeps notes keeps each user's apart, without being written for it.",
    strange(async ({ client, other, unique }) => {
      const remember = unique()
      await client.runs.wait(null, "memory", { input: { remember } })
      const values = await other.runs.wait(null, "memory", { input: {} })
      holds("the stranger's run does not know it", !JSON.stringify(values).includes(remember), values)
    })
  ),

  "a stranger's cron is not there": differs(
    "The reference has no crons.",
    strange(async ({ client, other }) => {
      const { assistant_id } = await client.assistants.create({ graphId: "echo" })
      const cron = await client.crons.create(assistant_id, { schedule: "0 0 1 1 *" })
      const id = String(at(cron, "cron_id"))
      await refused(other.crons.update(id, { enabled: false }), 404)
      await refused(other.crons.delete(id), 404)
      same("search", await other.crons.search({ assistantId: assistant_id }), [])
      same("count", await other.crons.count({ assistantId: assistant_id }), 0)
    })
  ),

  "a stranger's thread takes no command": strange(async ({ ask, client, thread }) => {
    const threadId = await thread()
    await client.runs.wait(threadId, "echo", { input: { input: 1 } })
    const command = (method: string, params = {}) =>
      ask(path(threadId, "/commands"), { body: { id: 1, method, params }, as: "other" })
    for (const method of ["state.get", "run.start"]) {
      const { json, status, text } = await command(method, { assistant_id: "echo", input: {} })
      holds(`${method} does not succeed`, status >= 400 || at(json, "type") === "error", text)
    }
    same("runs", (await client.runs.list(threadId)).length, 1)
  }),

  "a stranger's thread tells no event": differs(
    "404, as everywhere. The reference asks its auth handler for commands, and not for events.",
    strange(async ({ ask, open, unique }) => {
      const threadId = unique()
      const params = { assistant_id: "echo", input: { input: 1 } }
      await ask(path(threadId, "/commands"), { body: { id: 1, method: "run.start", params } })
      const reader = new AbortController()
      const body = { channels: ["values", "lifecycle"] }
      const { frames, status } = await open(path(threadId, "/stream/events"), {
        body,
        as: "other",
        signal: reader.signal
      })
      const late = setTimeout(() => reader.abort(), 3000)
      const first = status === 404 ? undefined : await frames.next().catch(() => undefined)
      clearTimeout(late)
      reader.abort()
      same("the first event", at(first?.value, "event"), undefined)
      same("status", status, 404)
    })
  )
})
