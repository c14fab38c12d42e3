import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { organizations, people } from "../../src/adapters/demo/World.ts"
import { type AssistantContent, AssistantId, ownedMetadata } from "../../src/domain/Assistant.ts"
import { Assistants } from "../../src/ports/Assistants.ts"
import { inWorld, person } from "../support/PostgresPorts.ts"

const nord = person(people.member, organizations.kanzleiNord)
const sued = person(people.otherOrganisation, organizations.immobilienSued)
/** Not every identity provider's users have UUIDs. */
const guest = person("auth0|guest")

const content = (name: string, rest: Partial<AssistantContent> = {}): AssistantContent => ({
  graph_id: "agent",
  name,
  description: null,
  config: {},
  context: {},
  metadata: {},
  ...rest
})

const everything = { limit: 100, offset: 0, sort_by: "created_at", sort_order: "asc" } as const
const id = AssistantId.make

describe("Assistants", () => {
  it.live("keeps what it was given, to the letter", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      const given = content("Prüfer", {
        description: "ein \"Wort\" \\u0000 mehr",
        config: {
          configurable: { system_prompt: "§ ".repeat(60_000), nested: [[1, 2], [3, [4, null]]], "a\\b": "\\\\u0000" },
          tags: ["x"],
          recursion_limit: 7,
          unknown: { to: ["us"] }
        },
        context: { deep: [[["er"]]] },
        metadata: ownedMetadata({ list: [["a"], ["b"]] }, nord.userId)
      })
      const created = yield* assistants.create(id("mine"), given, nord)
      const found = Option.getOrThrow(yield* assistants.find(id("mine"), nord))
      assert.deepStrictEqual(created, found)
      assert.deepInclude(found, { ...given, assistant_id: id("mine"), version: 1 })
      assert.deepStrictEqual(found.provenance, { _tag: "Member", owner: nord.userId })
    })))

  it.live("drops what Postgres can't keep, NUL bytes and halves of characters, wherever it is", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      const created = yield* assistants.create(
        id("a\0b"),
        content("na\0me", {
          description: "\0",
          config: { configurable: { "k\0ey": "\0v\\\0", half: "a\ud83d", whole: "\ud83d\ude00" } }
        }),
        nord
      )
      assert.deepInclude(created, { assistant_id: id("ab"), name: "name", description: "" })
      assert.deepStrictEqual(created.config, { configurable: { key: "v\\", half: "a\ufffd", whole: "😀" } })
      assert.isTrue(Option.isSome(yield* assistants.find(id("a\0b"), nord)))
      assert.strictEqual((yield* assistants.search({ ...everything, name: "na\0" }, nord)).total, 1)
    })))

  it.live("never overwrites an id that is taken, whoever asks", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* assistants.create(id("taken"), content("first"), nord)
      for (const other of [nord, sued, guest]) {
        const error = yield* Effect.flip(assistants.create(id("taken"), content("second"), other))
        assert.strictEqual(error._tag, "AssistantExists")
      }
      assert.strictEqual(Option.getOrThrow(yield* assistants.find(id("taken"), nord)).name, "first")
    })))

  it.live("hides other people's on every way in", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* assistants.create(id("nords"), content("nords", { metadata: { owner: sued.userId } }), nord)
      yield* assistants.create(id("guests"), content("guests"), guest)

      assert.isTrue(Option.isNone(yield* assistants.find(id("nords"), sued)))
      assert.isTrue(Option.isNone(yield* assistants.update(id("nords"), () => content("taken over"), sued)))
      assert.isTrue(Option.isNone(yield* assistants.restore(id("nords"), 1, sued)))
      assert.isFalse(yield* assistants.delete(id("nords"), sued))
      assert.deepStrictEqual(yield* assistants.versions(id("nords"), { limit: 10, offset: 0 }, sued), [])
      assert.strictEqual(yield* assistants.count({ name: "nords" }, sued), 0)
      assert.deepStrictEqual(yield* assistants.search({ ...everything, metadata: { owner: sued.userId } }, sued), {
        items: [],
        total: 0
      })
      const own = yield* assistants.search(everything, guest)
      assert.deepStrictEqual(own.items.map(({ name }) => name), ["guests"])
      assert.strictEqual(Option.getOrThrow(yield* assistants.find(id("nords"), nord)).name, "nords")
    })))

  it.live("makes a version of every change, and none of no change", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      const first = content("first", { config: { configurable: { a: 1, b: { c: 2, d: 3 } } } })
      yield* assistants.create(id("v"), first, nord)

      const same = { ...first, config: { configurable: { b: { d: 3, c: 2 }, a: 1 } } }
      const unchanged = Option.getOrThrow(yield* assistants.update(id("v"), () => same, nord))
      assert.strictEqual(unchanged.version, 1)

      const second = Option.getOrThrow(yield* assistants.update(id("v"), (old) => ({ ...old, name: "second" }), nord))
      assert.strictEqual(second.version, 2)
      assert.deepStrictEqual(second.config, first.config)
      assert.isAtLeast(second.updated_at.getTime(), second.created_at.getTime())

      const restored = Option.getOrThrow(yield* assistants.restore(id("v"), 1, nord))
      assert.deepInclude(restored, { name: "first", version: 1 })
      assert.isTrue(Option.isNone(yield* assistants.restore(id("v"), 9, nord)))

      // A number is never used twice.
      const third = Option.getOrThrow(yield* assistants.update(id("v"), (old) => ({ ...old, name: "third" }), nord))
      assert.strictEqual(third.version, 3)
      const versions = yield* assistants.versions(id("v"), { limit: 10, offset: 0 }, nord)
      assert.deepStrictEqual(versions.map(({ name, version }) => [version, name]), [
        [3, "third"],
        [2, "second"],
        [1, "first"]
      ])
      assert.strictEqual((yield* assistants.versions(id("v"), { limit: 1, offset: 1 }, nord))[0]?.version, 2)

      assert.isTrue(yield* assistants.delete(id("v"), nord))
      assert.isFalse(yield* assistants.delete(id("v"), nord))
      assert.deepStrictEqual(yield* assistants.versions(id("v"), { limit: 10, offset: 0 }, nord), [])
    })))

  it.live("loses no update of many at once", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* assistants.create(id("busy"), content("busy", { metadata: { count: 0 } }), nord)
      const increment = (old: AssistantContent) => ({ ...old, metadata: { count: Number(old.metadata["count"]) + 1 } })
      yield* Effect.forEach(Array.from({ length: 20 }), () => assistants.update(id("busy"), increment, nord), {
        concurrency: "unbounded"
      })
      const after = Option.getOrThrow(yield* assistants.find(id("busy"), nord))
      assert.deepInclude(after, { version: 21, metadata: { count: 20 } })
    })))

  it.live("pages in a stable order, and says how many there are in all", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      const names = Array.from({ length: 25 }, (_, index) => `n${String(index).padStart(2, "0")}`)
      yield* Effect.forEach(names, (name) => assistants.create(id(name), content("same"), nord))
      yield* assistants.create(id("others"), content("same"), sued)

      const page = (offset: number) =>
        assistants.search({ limit: 10, offset, sort_by: "name", sort_order: "desc" }, nord)
      const pages = yield* Effect.forEach([0, 10, 20], page)
      assert.deepStrictEqual(
        pages.flatMap(({ items }) => items.map(({ assistant_id }) => assistant_id)),
        names.map((name) => id(name))
      )
      assert.deepStrictEqual(pages.map(({ total }) => total), [25, 25, 25])
      assert.deepStrictEqual(yield* page(1000), { items: [], total: 25 })
      assert.deepStrictEqual(yield* assistants.search({ ...everything, limit: 0 }, nord), { items: [], total: 25 })
    })))

  it.live("filters by graph, by part of the name and by metadata", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* assistants.create(
        id("1"),
        content("100% Recht", { metadata: { team: { name: "a" }, tags: [1, 2] } }),
        nord
      )
      yield* assistants.create(id("2"), content("recht_haben", { graph_id: "other", metadata: { team: "b" } }), nord)
      const found = (filter: Parameters<typeof assistants.count>[0]) =>
        Effect.map(
          assistants.search({ ...everything, ...filter }, nord),
          ({ items }) => items.map(({ assistant_id }) => assistant_id)
        )
      assert.deepStrictEqual(yield* found({ name: "RECHT" }), [id("1"), id("2")])
      assert.deepStrictEqual(yield* found({ name: "%" }), [id("1")])
      assert.deepStrictEqual(yield* found({ name: "_" }), [id("2")])
      assert.deepStrictEqual(yield* found({ graph_id: "other" }), [id("2")])
      assert.deepStrictEqual(yield* found({ metadata: { team: { name: "a" } } }), [id("1")])
      assert.deepStrictEqual(yield* found({ metadata: { tags: [2] } }), [id("1")])
      assert.deepStrictEqual(yield* found({ metadata: { team: "b" }, graph_id: "agent" }), [])
      assert.strictEqual(yield* assistants.count({ name: "recht" }, nord), 2)
    })))

  it.live("refuses a row that is two things at once", () =>
    inWorld(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const insert = (columns: Record<string, string>) =>
        sql`
          insert into langgraph_server.assistants ${
          sql.insert({ id: "x", graph_id: "agent", name: "x", ...columns, config: "{}", context: "{}", metadata: "{}" })
        }`
      const wrong = [
        { source: "member" },
        { source: "member", owner_id: "u", organization_id: organizations.kanzleiNord },
        { source: "agent", organization_id: organizations.kanzleiNord },
        { source: "graph", owner_id: "u" },
        { source: "system" }
      ]
      for (const columns of wrong) {
        assert.strictEqual((yield* Effect.flip(insert(columns))).reason._tag, "ConstraintError")
      }
    })))
})
