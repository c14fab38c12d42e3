import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { PgAgentEvidence } from "../../src/adapters/postgres/PgAgentEvidence.ts"
import { PgLeftovers } from "../../src/adapters/postgres/PgLeftovers.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import type { Healing, Leftover } from "../../src/domain/Leftover.ts"
import { OrganizationId, UserId } from "../../src/domain/Principal.ts"
import { AgentEvidence } from "../../src/ports/AgentEvidence.ts"
import { Leftovers } from "../../src/ports/Leftovers.ts"
import { inWorld } from "../support/PostgresPorts.ts"

const recht = AssistantId.make(agents.recht)
const copy = AssistantId.make("5f0e5f0e5f0e5f0e5f0e5f0e5f0e5f0e")

/** An old copy with a thread of the member's and one of the admin's on it. */
const planted = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`
    insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source, owner_id)
    values (${copy}, 'agent', 'Alt', '{}', '{}', ${sql.json({ supabase_agent_id: recht })}, 'member', 'system')`
  for (const owner of [people.member, people.admin]) {
    yield* sql`
      insert into langgraph_server.threads (id, owner_id, metadata)
      values (gen_random_uuid(), ${owner}, ${sql.json({ assistant_id: copy, note: "bleibt" })})`
  }
})

const threads = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql`select owner_id, metadata from langgraph_server.threads order by owner_id`
  return rows.map(({ metadata, owner_id }) => [owner_id, metadata])
})

const healed = (leftover: Leftover, change: Partial<Healing>): Healing => ({
  leftover,
  successor: recht,
  graph_id: "agent",
  repoint: [],
  remove: false,
  left: null,
  ...change
})

const only = Effect.fnUntraced(function*() {
  const found = yield* (yield* Leftovers).of([recht])
  assert.lengthOf(found, 1)
  const [leftover] = found
  return leftover ?? (yield* Effect.die("no leftover"))
})

describe("AgentEvidence", () => {
  it.live("counts people by their roles, of an organisation or of one person, each question for itself", () =>
    inWorld(
      Effect.gen(function*() {
        const nord = organizations.kanzleiNord
        const counts = yield* (yield* AgentEvidence).audiences([
          { organizationId: nord, personalTo: null },
          { organizationId: OrganizationId.make("33333333-3333-4333-a333-333333333333"), personalTo: null },
          { organizationId: nord, personalTo: people.admin },
          { organizationId: nord, personalTo: UserId.make("nobody") },
          { organizationId: nord, personalTo: null }
        ])
        const none = { owner: 0, admin: 0, member: 0 }
        const all = { ...none, admin: 1, member: 1 }
        assert.deepEqual(counts, [all, none, { ...none, admin: 1 }, none, all])
        assert.deepEqual(yield* (yield* AgentEvidence).stored([AssistantId.make("nothing")]), [])
      }).pipe(Effect.provide(PgAgentEvidence))
    ))
})

describe("Leftovers", () => {
  it.live("are found by what their metadata says, with whose threads are on them", () =>
    inWorld(
      Effect.gen(function*() {
        yield* planted
        const leftover = yield* only()
        assert.strictEqual(leftover.assistant_id, copy)
        assert.strictEqual(leftover.agent_id, agents.recht)
        assert.sameMembers([...leftover.owners], [people.member, people.admin])
        assert.deepEqual(yield* (yield* Leftovers).of([AssistantId.make(agents.wartung)]), [])
      }).pipe(Effect.provide(PgLeftovers))
    ))

  it.live("move for whom it was decided, keep what else a thread says, and go when that was decided", () =>
    inWorld(
      Effect.gen(function*() {
        yield* planted
        const { heal } = yield* Leftovers
        const leftover = yield* only()
        const first = yield* heal([healed(leftover, { repoint: [people.member] })])
        assert.deepEqual([...first], [[copy, { threads: 1, crons: 0 }]])
        const moved = { assistant_id: recht, graph_id: "agent", note: "bleibt" }
        assert.deepEqual(yield* threads, [
          [people.member, moved],
          [people.admin, { assistant_id: copy, note: "bleibt" }]
        ])
        yield* heal([healed(yield* only(), { repoint: [people.admin], remove: true })])
        assert.deepEqual(yield* threads, [[people.member, moved], [people.admin, moved]])
        assert.deepEqual(yield* (yield* Leftovers).of([recht]), [])
      }).pipe(Effect.provide(PgLeftovers))
    ))
})
