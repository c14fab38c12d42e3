import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import fc from "fast-check"
import { AssistantId, type Provenance } from "../../src/domain/Assistant.ts"
import { OrganizationId, type Principal, UserId } from "../../src/domain/Principal.ts"
import { canSee } from "../../src/domain/Visibility.ts"
import { Assistants } from "../../src/ports/Assistants.ts"
import { inNowhere } from "../support/PostgresPorts.ts"

const users = ["d4e5f6a7-0000-4000-a000-000000000001", "auth0|2", "system", "' or true --"].map((id) => UserId.make(id))
const organizations = ["1", "2", "3"].map((digit) =>
  OrganizationId.make("00000000-0000-4000-a000-00000000000x".replace("x", digit))
)

const user = fc.constantFrom(...users)
const organization = fc.constantFrom(...organizations)

const provenance: fc.Arbitrary<Provenance> = fc.oneof(
  fc.record({ _tag: fc.constant("Graph" as const) }),
  fc.record({ _tag: fc.constant("Member" as const), owner: user }),
  fc.record({
    _tag: fc.constant("Agent" as const),
    organizationId: organization,
    personalTo: fc.option(user),
    contentHash: fc.constant("hash"),
    retiredAt: fc.option(fc.constant(new Date(0)), { freq: 4 })
  })
)

const principal: fc.Arbitrary<Principal> = fc.record({
  userId: user,
  memberships: fc.subarray(organizations).map((ids) =>
    ids.map((organizationId) => ({ organizationId, role: "member" as const }))
  )
})

const rowOf = (provenance: Provenance, index: number) => {
  const agent = provenance._tag === "Agent" ? provenance : undefined
  return {
    id: `a${index}`,
    source: provenance._tag.toLowerCase(),
    owner_id: provenance._tag === "Member" ? provenance.owner : null,
    organization_id: agent?.organizationId ?? null,
    personal_to: agent?.personalTo ?? null,
    content_hash: agent?.contentHash ?? null,
    synced_at: agent === undefined ? null : new Date(0),
    retired_at: agent?.retiredAt ?? null
  }
}

const fill = Effect.fnUntraced(function*(world: ReadonlyArray<Provenance>) {
  const sql = yield* PgClient.PgClient
  yield* sql`truncate langgraph_server.assistants cascade`
  yield* sql`
    insert into langgraph_server.assistants (
      id, graph_id, name, config, context, metadata,
      source, owner_id, organization_id, personal_to, content_hash, synced_at, retired_at
    )
    select
      w.id, 'agent', w.id, '{}', '{}', '{}',
      w.source, w.owner_id, w.organization_id, w.personal_to, w.content_hash, w.synced_at, w.retired_at
    from jsonb_to_recordset(${sql.json(world.map(rowOf))}) as w (
      id text, source text, owner_id text, organization_id uuid, personal_to text, content_hash text,
      synced_at timestamptz, retired_at timestamptz
    )`
})

const everything = { limit: 100, offset: 0, sort_by: "assistant_id", sort_order: "asc" } as const

describe("the visibility rule", () => {
  it.live("is the same in SQL as in the domain", () =>
    inNowhere(Effect.gen(function*() {
      const assistants = yield* Assistants
      const context = yield* Effect.context<PgClient.PgClient>()

      const agrees = Effect.fnUntraced(
        function*(world: ReadonlyArray<Provenance>, principals: ReadonlyArray<Principal>) {
          yield* fill(world)
          for (const principal of principals) {
            const expected = world.flatMap((provenance, index) =>
              canSee(principal, { provenance }) ? [`a${index}`] : []
            ).sort()
            const page = yield* assistants.search(everything, principal)
            assert.deepStrictEqual(page.items.map(({ assistant_id }) => String(assistant_id)), expected)
            assert.strictEqual(page.total, expected.length)
            assert.strictEqual(yield* assistants.count({}, principal), expected.length)
            for (const [index, provenance] of world.entries()) {
              const found = yield* assistants.find(AssistantId.make(`a${index}`), principal)
              assert.strictEqual(Option.isSome(found), canSee(principal, { provenance }))
              if (Option.isSome(found)) assert.deepStrictEqual(found.value.provenance, provenance)
            }
          }
        }
      )

      const property = fc.asyncProperty(
        fc.array(provenance, { maxLength: 12 }),
        fc.array(principal, { minLength: 1, maxLength: 4 }),
        (world, principals) => Effect.runPromiseWith(context)(agrees(world, principals))
      )
      yield* Effect.promise(() => fc.assert(property, { numRuns: 150 }))
    })), 60_000)
})
