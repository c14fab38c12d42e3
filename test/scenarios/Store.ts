import { assert } from "vitest"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { newerClient } from "../support/NewerClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Person, Throughline } from "../support/Throughline.ts"

/** The store of both SDKs, of which each must do all of it. */
const stores = (world: Throughline, person: Person) => [
  { sdk: "2.0.0", store: world.client(person).store },
  { sdk: "1.15.0", store: newerClient(world, person).store }
]

const strangers = ["admin", "otherOrganisation", "noOrganisation"] as const

const remember = async (world: Throughline, person: Person, thread: string, text: string) => {
  const values = await world.client(person).runs.wait(thread, "memory", { input: { remember: text } })
  return "known" in values ? values["known"] : values
}

interface Items {
  readonly items: ReadonlyArray<{ readonly key: string; readonly namespace: ReadonlyArray<string> }>
}

export const store = {
  "both SDKs put, find, list and delete a person's items": async (world) => {
    for (const { sdk, store } of stores(world, "member")) {
      await store.putItem([sdk.replaceAll(".", "_"), "docs"], "k1", { title: "hello", n: 1 })
      await store.putItem([sdk.replaceAll(".", "_"), "docs"], "k2", { title: "world", n: 2 }, { index: false, ttl: 60 })
      const prefix = [sdk.replaceAll(".", "_")]
      const item = await store.getItem([...prefix, "docs"], "k1")
      assert.deepInclude(item, { namespace: [...prefix, "docs"], key: "k1", value: { title: "hello", n: 1 } })
      assert.isTrue(Number.isFinite(Date.parse(String(item?.createdAt))))
      assert.isNull(await store.getItem([...prefix, "docs"], "k3"))
      const found = await store.searchItems(prefix, { filter: { n: { $gt: 1 } }, limit: 5 })
      assert.deepEqual(found.items.map(({ key }) => key), ["k2"])
      const pages = await Promise.all([0, 1, 2].map((offset) => store.searchItems(prefix, { limit: 1, offset })))
      assert.deepEqual(pages.flatMap(({ items }) => items.map(({ key }) => key)), ["k1", "k2"])
      assert.deepEqual(await store.listNamespaces({ prefix }), { namespaces: [[...prefix, "docs"]] })
      assert.deepEqual(await store.listNamespaces({ suffix: ["docs"], prefix, maxDepth: 1 }), { namespaces: [prefix] })
      await store.deleteItem([...prefix, "docs"], "k1")
      await store.deleteItem([...prefix, "docs"], "k1")
      assert.isNull(await store.getItem([...prefix, "docs"], "k1", { refreshTtl: true }))
    }
  },

  "what a graph keeps, its person finds, and the other way round; nobody else": async (world) => {
    const { store, threads } = world.client("member")
    const { thread_id } = await threads.create()
    assert.deepEqual(await remember(world, "member", thread_id, "Wacholder"), ["Wacholder"])
    assert.deepInclude(await store.getItem(["notes"], "Wacholder"), { value: { text: "Wacholder" } })
    await store.putItem(["notes"], "by hand", { text: "Fichte" })
    assert.deepEqual(await remember(world, "member", thread_id, "Eibe"), ["Eibe", "Fichte", "Wacholder"])
    for (const person of strangers) {
      const own = await world.client(person).threads.create()
      assert.deepEqual(await remember(world, person, own.thread_id, person), [person])
      assert.isNull(await world.client(person).store.getItem(["notes"], "Wacholder"))
    }
    assert.deepEqual(await remember(world, "member", thread_id, ""), ["Eibe", "Fichte", "Wacholder"])
  },

  "what is shared is written by admins, read by their organisation, and by nobody else": async (world) => {
    for (const { sdk, store } of stores(world, "admin")) await store.putItem(["shared", "tone"], sdk, { formal: sdk })
    for (const { sdk, store } of stores(world, "member")) {
      assert.deepInclude(await store.getItem(["shared", "tone"], sdk), { value: { formal: sdk } })
      const { items } = await store.searchItems(["shared", organizations.kanzleiNord])
      assert.lengthOf(items, 2)
    }
    const item = { namespace: ["shared", "tone"], key: "2.0.0" }
    for (const [person, route] of [["member", "PUT"], ["member", "DELETE"], ["noOrganisation", "PUT"]] as const) {
      const refused = await ask(world, person, `${route} /store/items`, { ...item, value: { formal: "no" } })
      assert.strictEqual(refused.status, 403, `${route} as ${person}`)
      assert.match(detailOf(refused), person === "member" ? /admins and owners/ : /belong to none/)
    }
    for (const person of ["otherOrganisation", "noOrganisation"] as const) {
      const { store } = world.client(person)
      assert.isNull(await store.getItem(["shared", "tone"], "2.0.0"))
      assert.isNull(await store.getItem(["shared", organizations.kanzleiNord, "tone"], "2.0.0"))
      assert.deepEqual(await store.searchItems(["shared"]), { items: [] })
      assert.deepEqual(await store.listNamespaces({ prefix: ["shared"] }), { namespaces: [] })
    }
    assert.deepInclude(await world.client("admin").store.getItem(item.namespace, item.key), {
      value: { formal: "2.0.0" }
    })
  },

  "no name, filter, pattern or list is a way to somebody else's items": async (world) => {
    const secret = "Wacholderbeere"
    await world.client("member").store.putItem(["secret", "place"], "k", { text: secret, owner: people.member })
    const names = [
      "*",
      "%",
      "_",
      "",
      people.member,
      organizations.kanzleiNord,
      "shared",
      "secret",
      "{*}",
      "' or true --"
    ]
    const paths = [[], ["secret"], ["secret", "place"], ["*", "*"], ["shared", "secret", "place"]].concat(
      names.map((name) => [name]),
      names.map((name) => ["shared", name]),
      names.map((name) => [name, "secret", "place"]),
      names.map((name) => [name, people.member, "secret", "place"])
    )
    for (const person of strangers) {
      await Promise.all(paths.map(async (path) => {
        const dotted = encodeURIComponent(path.join("."))
        for (
          const [route, body] of [
            ["POST /store/items/search", { namespace_prefix: path, limit: 1000 }],
            ["POST /store/items/search", { namespace_prefix: path, filter: { owner: { $ne: person } }, scope: path }],
            ["POST /store/namespaces", { prefix: path }],
            ["POST /store/namespaces", { suffix: path, max_depth: 1 }],
            [`GET /store/items?namespace=${dotted}&key=k`, undefined]
          ] as const
        ) {
          const answer = await ask(world, person, route, body)
          assert.include([200, 422], answer.status, `${route} ${JSON.stringify(body)}`)
          assert.notInclude(answer.text, secret)
          assert.notInclude(answer.text, "\"place\"")
        }
      }))
      // Nor can it be replaced or removed from there.
      await ask(world, person, "PUT /store/items", { namespace: ["secret", "place"], key: "k", value: { by: person } })
      await ask(world, person, "DELETE /store/items", { namespace: ["secret", "place"], key: "k" })
    }
    const mine = await world.client("member").store.getItem(["secret", "place"], "k")
    assert.deepInclude(mine, { value: { text: secret, owner: people.member } })
  },

  "an item goes when its time is over, and stays while it is asked for": async (world) => {
    const { store } = world.client("member")
    // In minutes: a second and a half.
    await store.putItem(["ttl"], "short", { n: 1 }, { ttl: 0.025 })
    await store.putItem(["ttl"], "long", { n: 2 }, { ttl: 5 })
    assert.deepInclude(await store.getItem(["ttl"], "short"), { key: "short" })
    await world.until("its end", async () => await store.getItem(["ttl"], "short", { refreshTtl: false }) === null)
    assert.deepEqual((await store.searchItems(["ttl"])).items.map(({ key }) => key), ["long"])
  },

  "what can't be kept or asked for is refused in words": async (world) => {
    const item = { namespace: ["bad"], key: "k", value: {} }
    const refusals: ReadonlyArray<readonly [string, unknown, number, RegExp]> = [
      ["PUT /store/items", { ...item, namespace: ["a.b"] }, 422, /periods/],
      ["PUT /store/items", { ...item, namespace: ["a", ""] }, 422, /empty/],
      ["PUT /store/items", { ...item, namespace: [] }, 422, /namespace is required/],
      ["PUT /store/items", { ...item, namespace: undefined }, 422, /namespace/],
      ["PUT /store/items", { ...item, key: "" }, 422, /key is required/],
      ["PUT /store/items", { ...item, value: "str" }, 422, /value/],
      ["PUT /store/items", { ...item, value: [1] }, 422, /value/],
      ["PUT /store/items", { ...item, value: null }, 422, /value/],
      ["PUT /store/items", { ...item, value: { text: "x".repeat(1_100_000) } }, 422, /1048576 bytes/],
      ["PUT /store/items", { ...item, value: { text: "x".repeat(5_000_000) } }, 413, /4 MB/],
      ["PUT /store/items", { ...item, ttl: 0 }, 422, /ttl/],
      ["PUT /store/items", { ...item, index: "title" }, 422, /index/],
      ["GET /store/items?namespace=a..b&key=k", undefined, 422, /empty/],
      ["GET /store/items?key=k", undefined, 422, /namespace/],
      ["POST /store/items/search", { namespace_prefix: ["a.b"] }, 422, /periods/],
      ["POST /store/items/search", { filter: { n: { $regex: "1" } } }, 422, /\$gte/],
      ["POST /store/items/search", { query: "laws" }, 422, /store\.index/],
      ["POST /store/items/search", { limit: 0 }, 422, /limit/],
      ["POST /store/namespaces", { max_depth: 0 }, 422, /max_depth/],
      ["POST /store/namespaces", { max_depth: 2 ** 31 }, 422, /max_depth/]
    ]
    for (const [route, body, status, words] of refusals) {
      const answer = await ask(world, "member", route, body)
      assert.strictEqual(answer.status, status, `${route} ${answer.text}`)
      assert.match(JSON.stringify(json<{ readonly detail: unknown }>(answer).detail), words)
      assert.isBelow(answer.text.length, 2000)
    }
    assert.deepEqual((await world.client("member").store.searchItems(["bad"])).items, [])
  },

  "answers have the reference's shapes, and unknown keys of a body are accepted": async (world) => {
    const put = await ask(world, "member", "PUT /store/items", {
      namespace: ["wire"],
      key: "k",
      value: { n: 1 },
      odd: 1
    })
    assert.deepEqual([put.status, put.text], [204, ""])
    const got = await ask(world, "member", "GET /store/items?namespace=wire&key=k&refresh_ttl=true")
    const item = json<Record<string, unknown>>(got)
    assert.sameMembers(Object.keys(item), ["value", "key", "namespace", "created_at", "updated_at"])
    assert.match(String(item["created_at"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const missing = await ask(world, "member", "GET /store/items?namespace=wire&key=other")
    assert.deepEqual([missing.status, missing.text], [200, "null"])
    const everything = json<Items>(await ask(world, "member", "POST /store/items/search"))
    assert.isTrue(everything.items.some(({ key, namespace }) => key === "k" && namespace.join() === "wire"))
    const gone = await ask(world, "member", "DELETE /store/items", { namespace: ["wire"], key: "k" })
    assert.deepEqual([gone.status, gone.text], [204, ""])
  }
} satisfies Scenarios
