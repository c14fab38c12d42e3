import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import fc from "fast-check"
import type { JsonObject } from "../../src/domain/Json.ts"
import { OrganizationId, UserId } from "../../src/domain/Principal.ts"
import {
  type ItemScope,
  namesOrganizations,
  placeOf,
  refusedWrite,
  seesItem,
  shownNamespace,
  type StoreActor
} from "../../src/domain/StoreScope.ts"
import { Store } from "../../src/ports/Store.ts"
import { find, listed, organizations, put, remove, withStore } from "./store-world.ts"

const third = OrganizationId.make("33333333-3333-4333-a333-333333333333")
const allOrganizations = [organizations.nord, organizations.sued, third]
const users = ["anna", "ben", "%", "' or true --", "shared"].map((name) => UserId.make(name))

/** Names of other people and organisations, patterns, and what could be mistaken for a query. */
const label = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("shared", "notes", ...allOrganizations, ...users) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("*", "%", "_", "{}", "{*}", "\\", "\"", "NULL", "null", "$1", "') or true --")
  },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 8 }).map((text) => text.replaceAll(/[.:\0]/g, "_")) }
)
const labels = fc.array(label, { maxLength: 4 })
const namespace = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }),
  labels.map((rest) => ["shared", ...rest]),
  fc.tuple(fc.constantFrom(...allOrganizations), labels).map(([id, rest]) => ["shared", id, ...rest])
)

const actor: fc.Arbitrary<StoreActor> = fc.record({
  principal: fc.record({
    userId: fc.constantFrom(...users),
    memberships: fc.subarray(allOrganizations).chain((ids) =>
      fc.tuple(
        ...ids.map((organizationId) =>
          fc.constantFrom("owner", "admin", "member").map((role) => ({ organizationId, role: role as "owner" }))
        )
      )
    )
  }),
  organization: fc.option(fc.constantFrom(...allOrganizations))
})

const key = fc.constantFrom("k", "%", "*")
const filter: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.constant({}),
  fc.tuple(fc.constantFrom("by", "' or true --", "{by}"), fc.constantFrom(...users)).map(([key, user]) => ({
    [key]: { $ne: user }
  })),
  fc.constant({ by: { $gte: "" } })
)

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Put" as const), actor, namespace, key }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Remove" as const), actor, namespace, key }) }
)
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

const question = fc.record({ actor, prefix: fc.oneof(fc.constant([]), namespace), suffix: labels, filter })

/** Whoever wrote it, where it was meant to be. */
const markOf = (actor: StoreActor, namespace: ReadonlyArray<string>): JsonObject => {
  const place = placeOf(actor, namespace)
  return {
    by: actor.principal.userId,
    organization: place._tag === "Shared" ? place.organization : null,
    shared: place._tag === "Shared"
  }
}

const isActors = ({ organization, principal }: StoreActor, value: JsonObject): boolean =>
  value["shared"] === true
    ? principal.memberships.some(({ organizationId }) => organizationId === value["organization"])
      && (organization === null || organization === value["organization"])
    : value["by"] === principal.userId

const attempt = <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.map(Effect.option(work), Option.getOrUndefined)

const carryOut = Effect.fnUntraced(function*(command: Command) {
  const { actor, key, namespace } = command
  const before = yield* rows
  yield* attempt(
    command._tag === "Put" ? put(actor, namespace, key, markOf(actor, namespace)) : remove(actor, namespace, key)
  )
  // Whatever it did, it did to what is the actor's, and to what they may write.
  const after = yield* rows
  const place = placeOf(actor, namespace)
  const changed = [...before, ...after].filter((row) => !before.some(same(row)) || !after.some(same(row)))
  for (const row of changed) {
    assert.isTrue(seesItem(actor, row) || row.user === actor.principal.userId)
    assert.strictEqual(row.user === null, place._tag === "Shared")
    assert.isUndefined(refusedWrite(actor, place))
  }
})

interface Row extends ItemScope {
  readonly key: string
  readonly value: JsonObject
  readonly updated: Date
}

const same = (one: Row) => (other: Row) => JSON.stringify(one) === JSON.stringify(other)

/** What there really is, whoever's it is. */
const rows = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  return yield* sql<Row>`
    select user_id as user, organization_id as organization, namespace as category, key, value, updated_at as updated
    from langgraph_server.store`
})

const startsWith = (labels: ReadonlyArray<string>, prefix: ReadonlyArray<string>) =>
  prefix.every((label, at) => labels[at] === label)

/** What an actor should see of it, by the domain's rule: the newest of each name. */
const expected = (all: ReadonlyArray<Row>, actor: StoreActor, prefix: ReadonlyArray<string>) => {
  const newest = new Map<string, Row>()
  for (const row of all.filter((row) => seesItem(actor, row))) {
    const name = JSON.stringify([shownNamespace(row, namesOrganizations(actor, prefix)), row.key])
    const other = newest.get(name)
    if (other === undefined || other.updated < row.updated) newest.set(name, row)
  }
  return [...newest].filter(([name]) => startsWith(JSON.parse(name)[0], prefix)).map(([name]) => name).sort()
}

describe("tenants of the store", () => {
  it.live(
    "never come across each other's items, whatever they call, search and list them by",
    () =>
      withStore(Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const store = yield* Store
        const world = yield* Effect.context<Store | PgClient.PgClient>()
        const play = Effect.fnUntraced(function*(
          commands: ReadonlyArray<Command>,
          questions: ReadonlyArray<typeof question extends fc.Arbitrary<infer Q> ? Q : never>
        ) {
          yield* sql`truncate langgraph_server.store cascade`
          for (const command of commands) yield* carryOut(command)
          const all = yield* rows
          for (const { actor, filter, prefix, suffix } of questions) {
            const found = yield* attempt(find(actor, prefix))
            // Who does not say of which organisation is told so, and sees nothing.
            if (found === undefined) continue
            const names = found.map(({ key, namespace }) => JSON.stringify([namespace, key])).sort()
            assert.deepStrictEqual(names, expected(all, actor, prefix))
            for (const item of found) {
              assert.isTrue(isActors(actor, item.value))
              const got = yield* store.get(item, null, actor)
              assert.deepStrictEqual(Option.getOrUndefined(got)?.value, item.value)
            }
            for (const { value } of (yield* attempt(find(actor, prefix, { filter }))) ?? []) {
              assert.isTrue(isActors(actor, value))
            }
            const everywhere = expected(all, actor, []).map((name): ReadonlyArray<string> => JSON.parse(name)[0])
            const visible = yield* listed(actor, { suffix })
            for (const listing of visible) assert.isTrue(everywhere.some((labels) => startsWith(labels, listing)))
          }
        })
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(
              fc.array(command, { minLength: 5, maxLength: 20 }),
              fc.array(question, { minLength: 3, maxLength: 8 }),
              (commands, questions) => Effect.runPromiseWith(world)(play(commands, questions))
            ),
            { numRuns: 40, endOnFailure: true }
          )
        )
      })),
    60_000
  )
})
