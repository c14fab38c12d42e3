import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { createHash } from "node:crypto"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { assistantIdOf } from "../../src/domain/Agent.ts"
import { planSync, type SyncPlan } from "../../src/domain/AgentSync.ts"
import { type AssistantContent, AssistantId } from "../../src/domain/Assistant.ts"
import { OrganizationId } from "../../src/domain/Principal.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { Assistants, SyncedAssistants } from "../../src/ports/Assistants.ts"
import { inWorld, person } from "../support/PostgresPorts.ts"

const nord = person(people.member, organizations.kanzleiNord)
const sued = person(people.otherOrganisation, organizations.immobilienSued)
const nobody = person(people.noOrganisation)
const everything = { limit: 100, offset: 0, sort_by: "assistant_id", sort_order: "asc" } as const

const recht = AssistantId.make(agents.recht)
const digest = (text: string) => createHash("sha256").update(text).digest("hex")

/** What a sync does, without the use case around it. */
const sync = Effect.fnUntraced(function*(scope: SyncScope = SyncScope.All()) {
  const source = yield* AgentSource
  const synced = yield* SyncedAssistants
  return yield* source.exclusively(Effect.gen(function*() {
    const found = yield* source.list(scope)
    const assistants = yield* synced.stored(scope, found.map(assistantIdOf))
    const plan = planSync({ agents: found, assistants, digest, graphs: ["agent"] })
    yield* synced.apply(plan)
    yield* source.writeBack(plan.writeBack)
    return plan
  }))
})

const outcome = ({ create, failed, retire, skipped, update, writeBack }: SyncPlan) => ({
  created: create.length,
  updated: update.length,
  skipped,
  failed: failed.length,
  retired: retire.length,
  writtenBack: writeBack.length
})
const nothing = { created: 0, updated: 0, skipped: 0, failed: 0, retired: 0, writtenBack: 0 }

const change = (statement: string) => Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(statement))

const visible = Effect.fnUntraced(function*(principal: typeof nord) {
  const { items } = yield* (yield* Assistants).search(everything, principal)
  return items.map(({ assistant_id }) => String(assistant_id))
})

const bare: AssistantContent = {
  graph_id: "agent",
  name: "bare",
  description: null,
  config: {},
  context: {},
  metadata: {}
}

describe("SyncedAssistants", () => {
  it.live("has what a plan created, for the members of its organisation", () =>
    inWorld(Effect.gen(function*() {
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, created: 5, writtenBack: 5 })
      assert.deepStrictEqual(yield* visible(nord), [agents.dokumente, agents.recht, agents.wartung, agents.allgemein])
      assert.deepStrictEqual(yield* visible(sued), [agents.expose])
      assert.deepStrictEqual(yield* visible(nobody), [])

      const found = Option.getOrThrow(yield* (yield* Assistants).find(recht, nord))
      assert.deepInclude(found, { name: "⚖️ Rechts-Assistent", version: 1, graph_id: "agent" })
      assert.strictEqual(found.config.configurable?.["model_name"], "openai:gpt-4o-mini")
      assert.deepInclude(found.metadata, { owner: "system", supabase_agent_id: agents.recht })
      const syncedAt = String(found.metadata["synced_at"])
      assert.strictEqual(new Date(syncedAt).toISOString(), syncedAt)
      assert.isBelow(Math.abs(Date.parse(syncedAt) - found.created_at.getTime()), 60_000)
    })))

  it.live("is not touched by a sync that finds no change", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* sync()
      const before = yield* assistants.find(recht, nord)
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, skipped: 5 })
      assert.deepStrictEqual(yield* assistants.find(recht, nord), before)
    })))

  it.live("makes a version of a change, retires what is gone, and takes it back when it returns", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* sync()
      yield* change(`update public.agents set system_prompt = 'Neu.' where id = '${agents.recht}'`)
      yield* change(`update public.agents set status = 'disabled' where id = '${agents.wartung}'`)
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, updated: 1, skipped: 3, retired: 1 })

      const versions = yield* assistants.versions(recht, { limit: 10, offset: 0 }, nord)
      assert.deepStrictEqual(
        versions.map(({ config, version }) => [version, String(config.configurable?.["system_prompt"]).slice(0, 4)]),
        [[2, "Neu."], [1, "Du b"]]
      )
      const wartung = AssistantId.make(agents.wartung)
      assert.isTrue(Option.isNone(yield* assistants.find(wartung, nord)))
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, skipped: 4 })

      yield* change(`update public.agents set status = 'active' where id = '${agents.wartung}'`)
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, updated: 1, skipped: 4 })
      assert.strictEqual(Option.getOrThrow(yield* assistants.find(wartung, nord)).version, 2)
    })))

  it.live("follows an agent that becomes one person's own, and one that moves to another organisation", () =>
    inWorld(Effect.gen(function*() {
      yield* sync()
      yield* change(
        `update public.agents set is_global = false, created_by_user_id = '${people.admin}' where id = '${agents.recht}'`
      )
      yield* change(
        `update public.agents set organization_id = '${organizations.immobilienSued}' where id = '${agents.wartung}'`
      )
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, updated: 2, skipped: 3 })
      assert.deepStrictEqual(yield* visible(nord), [agents.dokumente, agents.allgemein])
      assert.deepStrictEqual(yield* visible(person(people.admin, organizations.kanzleiNord)), [
        agents.dokumente,
        agents.recht,
        agents.allgemein
      ])
      assert.deepStrictEqual(yield* visible(sued), [agents.wartung, agents.expose])
    })))

  it.live("keeps to the scope", () =>
    inWorld(Effect.gen(function*() {
      yield* sync()
      yield* change("update public.agents set status = 'disabled'")
      const scope = SyncScope.Organizations({ ids: [OrganizationId.make(organizations.immobilienSued)] })
      assert.deepStrictEqual(outcome(yield* sync(scope)), { ...nothing, retired: 1 })
      assert.strictEqual((yield* visible(nord)).length, 4)
      assert.deepStrictEqual(yield* visible(sued), [])
    })))

  it.live("never takes an id that a member has", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      const synced = yield* SyncedAssistants
      yield* assistants.create(recht, bare, sued)
      assert.deepStrictEqual(outcome(yield* sync()), { ...nothing, created: 4, writtenBack: 4, failed: 1 })
      // Nor when the plan did not know of it yet.
      yield* assistants.create(AssistantId.make("late"), bare, sued)
      const plan = yield* sync()
      const late = {
        assistant_id: AssistantId.make("late"),
        content: bare,
        contentHash: "hash",
        organizationId: OrganizationId.make(organizations.kanzleiNord),
        personalTo: null
      }
      yield* synced.apply({ ...plan, create: [late], update: [late], retire: [late.assistant_id] })
      const found = Option.getOrThrow(yield* assistants.find(late.assistant_id, sued))
      assert.deepInclude(found, { name: "bare", version: 1 })
      assert.strictEqual(found.provenance._tag, "Member")
    })))

  it.live("can be synced by several replicas at once", () =>
    inWorld(Effect.gen(function*() {
      const outcomes = yield* Effect.forEach([1, 2, 3, 4], () => sync(), { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.map((plan) => plan.create.length).sort(), [0, 0, 0, 5])
      assert.deepStrictEqual((yield* visible(nord)).length, 4)
    })))

  it.live("can't be changed or deleted by those who see it", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      yield* sync()
      assert.isTrue(Option.isNone(yield* assistants.update(recht, () => bare, nord)))
      assert.isTrue(Option.isNone(yield* assistants.restore(recht, 1, nord)))
      assert.isFalse(yield* assistants.delete(recht, nord))
    })))

  it.live("offers a default for each graph that there is, to everybody", () =>
    inWorld(Effect.gen(function*() {
      const assistants = yield* Assistants
      const synced = yield* SyncedAssistants
      const [one, two] = [AssistantId.make("one"), AssistantId.make("two")]
      yield* synced.putGraphDefaults(new Map([["agent", one], ["other", two]]))
      const before = Option.getOrThrow(yield* assistants.find(one, nobody))
      assert.deepInclude(before, { graph_id: "agent", name: "agent", version: 1, provenance: { _tag: "Graph" } })
      yield* synced.putGraphDefaults(new Map([["agent", one]]))
      assert.deepStrictEqual(yield* assistants.find(one, nord), Option.some(before))
      assert.isTrue(Option.isNone(yield* assistants.find(two, nord)))
      assert.strictEqual((yield* assistants.versions(one, { limit: 5, offset: 0 }, nobody)).length, 1)
    })))
})
