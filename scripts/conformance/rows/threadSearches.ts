import { at, refused, same } from "../Expect.ts"
import { differs, group } from "../Row.ts"
import type { World } from "../World.ts"
import { says } from "./Turns.ts"

const idsOf = (threads: ReadonlyArray<{ readonly thread_id: string }>) => threads.map(({ thread_id }) => thread_id)

const several = async ({ client }: World, mark: string, count: number) => {
  const made: Array<string> = []
  for (let n = 0; n < count; n++) made.push((await client.threads.create({ metadata: { mark, n } })).thread_id)
  return made
}

export const threadSearches = group("threads", {
  "search finds by metadata, ids and status": async (world) => {
    const { client, unique } = world
    const mark = unique()
    const made = await several(world, mark, 2)
    const [first = ""] = made
    same("by metadata", idsOf(await client.threads.search({ metadata: { mark } })).length, 2)
    same("by ids", idsOf(await client.threads.search({ ids: [first] })), [first])
    same("by status", await client.threads.search({ metadata: { mark }, status: "busy" }), [])
    same("idle ones", (await client.threads.search({ metadata: { mark }, status: "idle" })).length, 2)
  },

  "search sorts, pages and selects": async (world) => {
    const { client, unique } = world
    const mark = unique()
    const made = await several(world, mark, 3)
    const by = (query: object) => client.threads.search({ metadata: { mark }, ...query })
    const numbers = async (query: object) => (await by(query)).map(({ metadata }) => at(metadata, "n"))
    same("oldest first", await numbers({ sortBy: "created_at", sortOrder: "asc" }), [0, 1, 2])
    same("newest first", await numbers({ sortBy: "created_at", sortOrder: "desc" }), [2, 1, 0])
    same("page", await numbers({ sortBy: "created_at", sortOrder: "asc", limit: 1, offset: 1 }), [1])
    const [selected] = await by({ sortBy: "created_at", sortOrder: "asc", limit: 1, select: ["thread_id", "status"] })
    same("selected", selected, { thread_id: made[0], status: "idle" })
  },

  "search tells how many there are and where the next page starts": differs(
    "`X-Pagination-Total` is how many there are, and `X-Pagination-Next` is absent after the last page: "
      + "whoever follows it comes to an end.",
    async (world) => {
      const { answers, unique } = world
      const mark = unique()
      await several(world, mark, 3)
      const page = async (limit: number, offset: number) => {
        const { headers } = await answers(200, "/threads/search", { body: { metadata: { mark }, limit, offset } })
        return [headers.get("x-pagination-total"), headers.get("x-pagination-next")]
      }
      same("the first page", await page(2, 0), ["3", "2"])
      same("the last page", await page(2, 2), ["3", null])
      same("a full one", await page(3, 0), ["3", null])
    }
  ),

  "search finds by values": async ({ client, unique }) => {
    const mark = unique()
    for (const input of [1, 2]) {
      const { thread_id } = await client.threads.create({ metadata: { mark } })
      await client.runs.wait(thread_id, "echo", { input: { input } })
    }
    const found = await client.threads.search({ metadata: { mark }, values: { input: 2 } })
    same("values", found.map((thread) => at(thread, "values", "input")), [2])
    same("count", await client.threads.count({ metadata: { mark }, values: { input: 2 } }), 1)
  },

  "search shows the values of a thread": async ({ client, unique }) => {
    const mark = unique()
    const { thread_id } = await client.threads.create({ metadata: { mark } })
    await client.runs.wait(thread_id, "echo", { input: { input: 7 } })
    const [found] = await client.threads.search({ metadata: { mark } })
    same("values.input", at(found, "values", "input"), 7)
    same("get's values.input", at(await client.threads.get(thread_id), "values", "input"), 7)
  },

  "search extracts what a list shows": differs(
    "Only the newer SDK's `extract`; the reference does not know it.",
    async ({ answers, client, unique }) => {
      const mark = unique()
      const { thread_id } = await client.threads.create({ metadata: { mark } })
      await client.runs.wait(thread_id, "chat", { input: says("hallo") })
      const { json } = await answers(200, "/threads/search", {
        body: { metadata: { mark }, extract: { first: "values.messages[0].content" } }
      })
      same("extracted", at(json, 0, "extracted"), { first: "hallo" })
    }
  ),

  "count counts what search finds": async (world) => {
    const { client, unique } = world
    const mark = unique()
    await several(world, mark, 2)
    same("by metadata", await client.threads.count({ metadata: { mark } }), 2)
    same("by status", await client.threads.count({ metadata: { mark }, status: "busy" }), 0)
  },

  "prune deletes the threads named": differs(
    "Only the newer SDK calls it; the reference has no such route.",
    async (world) => {
      const { answers, client, newer, unique } = world
      const made = await several(world, unique(), 2)
      if (newer === undefined) await answers(200, "/threads/prune", { body: { thread_ids: made, strategy: "delete" } })
      else same("pruned", at(await newer.threads.prune(made), "pruned_count"), 2)
      for (const id of made) await refused(client.threads.get(id), 404)
    }
  ),

  "prune with keep_latest keeps the state and drops the history": differs(
    "Only the newer SDK calls it; the reference has no such route.",
    async ({ answers, client, thread }) => {
      const threadId = await thread()
      for (const input of [1, 2]) await client.runs.wait(threadId, "echo", { input: { input } })
      await answers(200, "/threads/prune", { body: { thread_ids: [threadId], strategy: "keep_latest" } })
      same("state", at((await client.threads.getState(threadId)).values, "input"), 2)
      same("history", (await client.threads.getHistory(threadId)).length, 1)
    }
  )
})
