import { at, has, holds, same } from "../Expect.ts"
import { differs, group, needs } from "../Row.ts"
import type { World } from "../World.ts"

const filled = async ({ client, unique }: World) => {
  const mark = unique()
  await client.store.putItem([mark, "docs"], "k1", { title: "hello", n: 1, lang: "de" })
  await client.store.putItem([mark, "docs"], "k2", { title: "world", n: 2, lang: "en" })
  await client.store.putItem([mark, "notes", "old"], "k3", { title: "hello again", n: 3, lang: "de" })
  return mark
}

const keysOf = ({ items }: { readonly items: ReadonlyArray<{ readonly key: string }> }) =>
  items.map(({ key }) => key).sort()

export const store = group("store", {
  "putItem and getItem": async (world) => {
    const mark = await filled(world)
    const item = await world.client.store.getItem([mark, "docs"], "k1")
    has("item", item, { namespace: [mark, "docs"], key: "k1", value: { title: "hello", n: 1, lang: "de" } })
    holds("it has its times", typeof at(item, "createdAt") === "string" && typeof at(item, "updatedAt") === "string")
  },

  "putItem replaces": async (world) => {
    const mark = await filled(world)
    await world.client.store.putItem([mark, "docs"], "k1", { title: "new" })
    same("value", (await world.client.store.getItem([mark, "docs"], "k1"))?.value, { title: "new" })
  },

  "putItem answers 204": async ({ answers, unique }) => {
    const body = { namespace: [unique()], key: "k", value: {} }
    await answers(204, "/store/items", { method: "PUT", body })
    await answers(204, "/store/items", { method: "DELETE", body: { namespace: body.namespace, key: "k" } })
  },

  "getItem of what is not there is null": async ({ client, unique }) => {
    same("item", await client.store.getItem([unique()], "k"), null)
  },

  "deleteItem removes it, and does not mind if it is not there": async (world) => {
    const mark = await filled(world)
    await world.client.store.deleteItem([mark, "docs"], "k1")
    same("item", await world.client.store.getItem([mark, "docs"], "k1"), null)
    await world.client.store.deleteItem([mark, "docs"], "k1")
  },

  "searchItems finds everything under a prefix": async (world) => {
    const { client } = world
    const mark = await filled(world)
    same("under mark", keysOf(await client.store.searchItems([mark])), ["k1", "k2", "k3"])
    same("under docs", keysOf(await client.store.searchItems([mark, "docs"])), ["k1", "k2"])
    same("under none", keysOf(await client.store.searchItems([mark, "do"])), [])
  },

  "searchItems filters by values": async (world) => {
    const { client } = world
    const mark = await filled(world)
    same("equal", keysOf(await client.store.searchItems([mark], { filter: { lang: "de" } })), ["k1", "k3"])
    same("both", keysOf(await client.store.searchItems([mark], { filter: { lang: "de", n: 3 } })), ["k3"])
  },

  "searchItems compares": async (world) => {
    const { client } = world
    const mark = await filled(world)
    same("$gte", keysOf(await client.store.searchItems([mark], { filter: { n: { $gte: 2 } } })), ["k2", "k3"])
    same("$ne", keysOf(await client.store.searchItems([mark], { filter: { lang: { $ne: "de" } } })), ["k2"])
  },

  "searchItems pages": async (world) => {
    const { client } = world
    const mark = await filled(world)
    const pages = [0, 1, 2].map(async (offset) => keysOf(await client.store.searchItems([mark], { limit: 1, offset })))
    same("one by one", (await Promise.all(pages)).flat().sort(), ["k1", "k2", "k3"])
    same("beyond", keysOf(await client.store.searchItems([mark], { limit: 1, offset: 3 })), [])
  },

  "listNamespaces lists them, by prefix, suffix and depth": async (world) => {
    const { client } = world
    const mark = await filled(world)
    const list = async (query: object) =>
      (await client.store.listNamespaces({ prefix: [mark], ...query })).namespaces.map((labels) => labels.join("/"))
        .sort()
    same("all", await list({}), [`${mark}/docs`, `${mark}/notes/old`])
    same("max_depth", await list({ maxDepth: 2 }), [`${mark}/docs`, `${mark}/notes`])
    same("suffix", await list({ suffix: ["old"] }), [`${mark}/notes/old`])
    same("limit", (await list({ limit: 1 })).length, 1)
  },

  "an item with a ttl goes": differs("The SDK's `ttl`, in minutes; the reference takes it and keeps the item.", {
    run: async ({ client, unique, until }) => {
      const mark = unique()
      await client.store.putItem([mark], "k", { a: 1 }, { ttl: 0.02 })
      holds("it is there at first", await client.store.getItem([mark], "k", { refreshTtl: false }) !== null)
      await until(
        "that it is gone",
        async () => (await client.store.getItem([mark], "k", { refreshTtl: false })) === null,
        15_000
      )
    }
  }),

  "a bad namespace is refused": async ({ ask }) => {
    for (const namespace of [["a.b"], [""]]) {
      same(
        JSON.stringify(namespace),
        (await ask("/store/items", {
          method: "PUT",
          body: { namespace, key: "k", value: {} }
        })).status,
        422
      )
    }
  },

  "an empty namespace and a value that is no object are 422": differs(
    "422 for whatever does not fit, as everywhere.",
    async ({ ask, unique }) => {
      for (const wrong of [{ namespace: [], value: {} }, { namespace: [unique()], value: "text" }]) {
        const { status } = await ask("/store/items", { method: "PUT", body: { key: "k", ...wrong } })
        same(JSON.stringify(at(wrong, "value")), status, 422)
      }
    }
  ),

  "a query without an embedding model is refused": differs(
    "What was not searched for by meaning is not passed off as the result.",
    async ({ ask, unique }) => {
      const body = { namespace_prefix: [unique()], query: "what is like this" }
      const { status } = await ask("/store/items/search", { body })
      same("status", status, 422)
    }
  ),

  "what a graph puts in its store the API shows": async ({ client, unique }) => {
    const remember = unique()
    const values = await client.runs.wait(null, "memory", { input: { remember } })
    holds("the graph knows it", JSON.stringify(at(values, "known") ?? null).includes(remember), values)
    same("the API", (await client.store.getItem(["notes"], remember))?.value, { text: remember })
  },

  "what the API puts in the store a graph finds": async ({ client, unique }) => {
    const text = unique()
    await client.store.putItem(["notes"], text, { text })
    const values = await client.runs.wait(null, "memory", { input: {} })
    holds("the graph knows it", JSON.stringify(at(values, "known") ?? null).includes(text), values)
    await client.store.deleteItem(["notes"], text)
  },

  "what is shared an admin writes and the organisation reads": differs(
    "`shared` is the organisation's; in the reference a namespace is a name like any other, for everybody.",
    needs(["admin", "other"], async ({ admin, client, other, unique }) => {
      const mark = unique()
      await admin.store.putItem(["shared", mark], "k", { a: 1 })
      same("a member", (await client.store.getItem(["shared", mark], "k"))?.value, { a: 1 })
      same("another organisation's", await other.store.getItem(["shared", mark], "k"), null)
      const written = await client.store.putItem(["shared", mark], "k", { a: 2 }).then(
        () => 204,
        (error: unknown) => at(error, "status")
      )
      same("a member's write", written, 403)
    })
  )
})
