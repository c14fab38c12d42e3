import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import pg from "pg"
import { inject } from "vitest"
import { renewMeanings } from "../../src/app/usecases/RenewMeanings.ts"
import { embeddingModel, provider } from "./embedding-world.ts"
import { asking, find, organizations, put, remove, running, withStore, withStoreAt } from "./store-world.ts"

const member = asking("member", { nord: "member" })
const admin = asking("admin", { nord: "admin" })
const stranger = asking("stranger", { sued: "owner" })

/** A server that has pgvector: the tests' own, if it is of such an image, or one that the environment names. */
const vectorServer = async (): Promise<string | undefined> => {
  for (const url of [process.env["PGVECTOR_POSTGRES_URL"], inject("postgresUrl")]) {
    if (url === undefined) continue
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const offered = await client.query("select from pg_available_extensions where name = 'vector'")
      .finally(() => client.end())
    if (offered.rowCount !== 0) return url
  }
  return undefined
}

const server = await vectorServer()
if (server === undefined) {
  console.log(
    "[contracts] Search by meaning is not tested on a database: this Postgres has no pgvector. "
      + "Set PGVECTOR_POSTGRES_URL to one that has, or POSTGRES_IMAGE to an image of it."
  )
}

/** A database there, of the test's own. */
const vectorDatabase = Effect.acquireRelease(
  Effect.promise(async () => {
    const name = `vectors_${process.pid}_${Date.now()}`
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    await client.query(`create database ${name}`)
    const url = new URL(server ?? "")
    url.pathname = `/${name}`
    return { client, name, url: Redacted.make(url.href) }
  }),
  ({ client, name }) =>
    Effect.promise(async () => {
      await client.query(`drop database ${name} with (force)`)
      await client.end()
    })
)

describe.skipIf(server === undefined)("the store, with pgvector and an embedding model", () => {
  it.live("finds the nearest first, of what its asker sees and of nothing else", () =>
    Effect.gen(function*() {
      const { dimensions, url: endpoint } = yield* provider
      const { url } = yield* vectorDatabase
      const model = yield* embeddingModel({ url: endpoint, dims: dimensions, fields: ["text", "chapters[*].title"] })
      yield* withStoreAt(
        url,
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          yield* put(member, ["docs"], "law", { text: "tenant law and rent" })
          yield* put(member, ["docs"], "pets", { text: "cat", chapters: [{ title: "dog" }, { title: "tenant" }] })
          yield* put(member, ["docs"], "soup", { text: "soup" })
          yield* put(member, ["docs"], "hidden", { text: "tenant law" }, { index: false })
          yield* put(member, ["docs"], "other", { text: "soup", note: "tenant law" }, { index: ["note"] })
          yield* put(admin, ["shared", "docs"], "rules", { text: "tenant law" })
          yield* put(stranger, ["docs"], "theirs", { text: "tenant law" })

          const asked = yield* find(member, [], { query: "tenant law" })
          const order = asked.map(({ key }) => key)
          assert.sameMembers(order.slice(0, 2), ["other", "rules"])
          assert.deepStrictEqual(order.slice(2), ["law", "pets", "soup", "hidden"])
          assert.isTrue(
            asked.slice(0, 5).every(({ score }, at) => score !== null && score <= (asked[at - 1]?.score ?? 1.001))
          )
          assert.isNull(asked[5]?.score)
          assert.lengthOf(yield* find(member, ["docs"], { query: "dog", limit: 1 }), 1)
          assert.strictEqual((yield* find(member, ["docs"], { query: "dog" }))[0]?.key, "pets")
          const filtered = yield* find(member, ["docs"], { query: "tenant", filter: { text: { $ne: "cat" } } })
          assert.notInclude(filtered.map(({ key }) => key), "pets")
          const theirs = yield* find(stranger, [], { query: "tenant law" })
          assert.deepStrictEqual(theirs.map(({ key }) => key), ["theirs"])
          assert.lengthOf(yield* find(running(member, organizations.nord), ["docs"], { query: "law" }), 5)

          // What is changed is about something else, and what is gone about nothing.
          yield* put(member, ["docs"], "soup", { text: "bread" })
          assert.strictEqual((yield* find(member, ["docs"], { query: "bread" }))[0]?.key, "soup")
          yield* remove(member, ["docs"], "soup")
          const left = yield* sql`select count(distinct item_id)::int as items from langgraph_server.store_vectors`
          assert.deepStrictEqual(left.map(({ items }) => items), [5])
        }),
        { model }
      )
    }))

  it.live("keeps nothing that could not be embedded, and says so", () =>
    Effect.gen(function*() {
      const { dimensions, failWith, url: endpoint } = yield* provider
      const { url } = yield* vectorDatabase
      const model = yield* embeddingModel({ url: endpoint, dims: dimensions })
      yield* withStoreAt(
        url,
        Effect.gen(function*() {
          failWith("overloaded")
          assert.strictEqual((yield* Effect.flip(put(member, ["docs"], "k", { text: "law" })))._tag, "EmbeddingFailed")
          assert.strictEqual((yield* Effect.flip(find(member, [], { query: "law" })))._tag, "EmbeddingFailed")
          assert.deepStrictEqual(yield* find(member, []), [])
          yield* put(member, ["docs"], "k", { text: "law" }, { index: false })
          failWith(undefined)
          assert.lengthOf(yield* find(member, [], { query: "law" }), 1)
        }),
        { model }
      )
    }))

  it.live("embeds anew what another model has embedded, at the paths it was put with, and nothing else", () =>
    Effect.gen(function*() {
      const { asked, dimensions, url: endpoint } = yield* provider
      const { url } = yield* vectorDatabase
      const before = yield* embeddingModel({ url: endpoint, dims: dimensions, embed: "openai:text-embedding-ada-002" })
      const after = yield* embeddingModel({ url: endpoint, dims: dimensions - 1, fields: ["text"] })
      const soups = Array.from({ length: 60 }, (_, at) => `soup ${at}`)
      yield* withStoreAt(
        url,
        Effect.gen(function*() {
          yield* put(member, ["docs"], "law", { text: "tenant law" })
          yield* put(member, ["docs"], "noted", { text: "soup", note: "law" }, { index: ["note"] })
          yield* put(member, ["docs"], "hidden", { text: "law" }, { index: false })
          yield* put(stranger, ["docs"], "theirs", { text: "rent" })
          yield* Effect.forEach(soups, (key) => put(member, ["soups"], key, { text: key }))
        }),
        { model: before }
      )
      yield* withStoreAt(
        url,
        Effect.gen(function*() {
          const law = find(member, ["docs"], { query: "law" })
          yield* put(member, ["docs"], "new", { text: "law" })
          assert.deepStrictEqual((yield* law).filter(({ score }) => score !== null).map(({ key }) => key), ["new"])
          const times = (yield* find(member, [])).map(({ updated_at }) => updated_at)

          asked.length = 0
          yield* renewMeanings
          assert.lengthOf(asked.flatMap(({ body }) => body.input), soups.length + 3)
          const found = yield* law
          assert.deepStrictEqual(found.filter(({ score }) => score === null).map(({ key }) => key), ["hidden"])
          assert.sameMembers(found.slice(0, 2).map(({ key }) => key), ["new", "noted"])
          assert.deepStrictEqual((yield* find(member, [])).map(({ updated_at }) => updated_at), times)
          assert.lengthOf(yield* find(member, ["soups"], { query: "soup", limit: 1000 }), soups.length)

          asked.length = 0
          yield* renewMeanings
          assert.lengthOf(asked, 0)
        }),
        { model: after }
      )
    }))

  it.live("embeds anew what was put before the paths were kept with it", () =>
    Effect.gen(function*() {
      const { dimensions, url: endpoint } = yield* provider
      const { url } = yield* vectorDatabase
      const before = yield* embeddingModel({ url: endpoint, dims: dimensions })
      const after = yield* embeddingModel({ url: endpoint, dims: dimensions - 1 })
      const asItWas = Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* put(member, ["docs"], "old", { text: "law" })
        yield* sql`alter table langgraph_server.store_vectors drop column fields`
      })
      yield* withStoreAt(url, asItWas, { model: before })
      const found = yield* withStoreAt(
        url,
        Effect.andThen(renewMeanings, find(member, ["docs"], { query: "law" })),
        { model: after }
      )
      assert.deepStrictEqual(found.map(({ key, score }) => [key, score !== null]), [["old", true]])
    }))

  it.live("is kept from embedding anew by no single item that the new model refuses", () =>
    Effect.gen(function*() {
      const { dimensions, failWith, refuse, url: endpoint } = yield* provider
      const { url } = yield* vectorDatabase
      const at = (dims: number) => embeddingModel({ url: endpoint, dims, fields: ["text"] })
      const keys = ["tenant law", "too long a law", "law"]
      yield* withStoreAt(
        url,
        Effect.forEach(keys, (text) => put(member, ["docs"], text, { text })),
        { model: yield* at(dimensions) }
      )
      yield* withStoreAt(
        url,
        Effect.gen(function*() {
          const ranked = Effect.map(find(member, ["docs"], { query: "law" }), (found) =>
            found.filter(({ score }) => score !== null).map(({ key }) => key).toSorted())
          failWith("overloaded")
          assert.strictEqual((yield* Effect.flip(renewMeanings))._tag, "EmbeddingFailed")
          failWith(undefined)
          assert.deepStrictEqual(yield* ranked, [])
          refuse("too long")
          yield* renewMeanings
          assert.deepStrictEqual(yield* ranked, ["law", "tenant law"])
          refuse(undefined)
          yield* renewMeanings
          assert.deepStrictEqual(yield* ranked, keys.toSorted())
        }),
        { model: yield* at(dimensions - 1) }
      )
    }))

  it.live("makes room for its vectors once, however many ask for it at the same time", () =>
    Effect.gen(function*() {
      const { dimensions, url: endpoint } = yield* provider
      const { url } = yield* vectorDatabase
      const model = yield* embeddingModel({ url: endpoint, dims: dimensions })
      const keys = Array.from({ length: 6 }, (_, at) => `k${at}`)
      const replica = withStoreAt(
        url,
        Effect.forEach(keys, (key) => put(member, ["docs"], key, { text: "law" }), { concurrency: "unbounded" }),
        { model }
      )
      yield* Effect.all([replica, replica, replica], { concurrency: "unbounded" })
      assert.lengthOf(yield* withStoreAt(url, find(member, [], { query: "law" }), { model }), 6)
    }))
})

describe("the store, with an embedding model and no pgvector", () => {
  it.live.skipIf(server !== undefined && server === inject("postgresUrl"))(
    "keeps items, and says what query needs",
    () =>
      Effect.gen(function*() {
        const { asked, dimensions, url } = yield* provider
        const model = yield* embeddingModel({ url, dims: dimensions })
        yield* withStore(
          Effect.gen(function*() {
            yield* put(member, ["docs"], "k", { text: "law" })
            assert.lengthOf(yield* find(member, []), 1)
            const failure = yield* Effect.flip(find(member, [], { query: "law" }))
            assert.strictEqual(failure._tag, "InvalidStoreItem")
            assert.include(failure.message, "pgvector")
            assert.lengthOf(asked, 0)
          }),
          { model }
        )
      })
  )
})
