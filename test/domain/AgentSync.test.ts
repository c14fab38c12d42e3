import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { type Agent, assistantIdOf, Engine, Ownership } from "../../src/domain/Agent.ts"
import { isUpToDate, planSync, type StoredAssistant, type SyncPlan, syncSummary } from "../../src/domain/AgentSync.ts"
import type { AssistantId } from "../../src/domain/Assistant.ts"
import { OrganizationId, UserId } from "../../src/domain/Principal.ts"
import { agent, assistantId, frozen, graphs, provenance, reordered, soundAgent } from "./Arbitraries.ts"

interface World {
  readonly agents: ReadonlyArray<Agent>
  readonly assistants: ReadonlyArray<StoredAssistant>
}

const plan = ({ agents, assistants }: World): SyncPlan =>
  planSync({ agents, assistants, graphs, digest: (text) => text })

/** Any state to start from: assistants of other kinds, of other content, retired, or of agents that are gone. */
const world: fc.Arbitrary<World> = fc.uniqueArray(agent, { selector: assistantIdOf, maxLength: 6 }).chain((agents) => {
  const taken = agents.length === 0 ? assistantId : fc.oneof(assistantId, fc.constantFrom(...agents.map(assistantIdOf)))
  return fc.record({
    agents: fc.constant(agents),
    assistants: fc.uniqueArray(fc.record({ assistant_id: taken, provenance }), {
      selector: ({ assistant_id }) => assistant_id,
      maxLength: 8
    })
  })
})

/** The world as it is when a plan has been carried out. */
const carriedOut = ({ agents, assistants }: World, plan: SyncPlan): World => {
  const written = new Map(plan.writeBack.map(({ agentId, assistantId }) => [agentId, assistantId]))
  const stored = new Map(assistants.map((assistant) => [assistant.assistant_id, assistant]))
  for (const { assistant_id, contentHash, organizationId, personalTo } of [...plan.create, ...plan.update]) {
    stored.set(assistant_id, {
      assistant_id,
      provenance: { _tag: "Agent", organizationId, personalTo, contentHash, retiredAt: null }
    })
  }
  for (const assistant_id of plan.retire) {
    const there = stored.get(assistant_id)
    assert(there?.provenance._tag === "Agent")
    stored.set(assistant_id, { assistant_id, provenance: { ...there.provenance, retiredAt: new Date(0) } })
  }
  return {
    agents: agents.map((agent) => ({ ...agent, assistantId: written.get(agent.id) ?? agent.assistantId })),
    assistants: [...stored.values()]
  }
}

const touched = ({ create, retire, update }: SyncPlan): ReadonlyArray<AssistantId> => [
  ...[...create, ...update].map(({ assistant_id }) => assistant_id),
  ...retire
]

describe("planSync", () => {
  it("from any state leads to one where nothing is left to do", () => {
    fc.assert(fc.property(world, (before) => {
      const first = plan(frozen(before))
      const second = plan(carriedOut(before, first))
      assert.isTrue(isUpToDate(second))
      assert.deepStrictEqual(second.failed, first.failed)
      assert.strictEqual(second.skipped, first.total - first.failed.length)
    }))
  })

  it("says 'up to date' of nothing that it would change", () => {
    fc.assert(fc.property(world, (before) => {
      const todo = plan(before)
      const after = carriedOut(before, todo)
      assert.strictEqual(isUpToDate(todo), JSON.stringify(after) === JSON.stringify(before))
    }))
  })

  it("counts every agent once", () => {
    fc.assert(fc.property(world, (world) => {
      const { create, failed, skipped, total, update } = plan(world)
      assert.strictEqual(total, world.agents.length)
      assert.strictEqual(create.length + update.length + skipped + failed.length, total)
      assert.strictEqual(new Set(touched(plan(world))).size, touched(plan(world)).length)
    }))
  })

  it("leaves alone whatever is not synced, also where it holds an agent's id", () => {
    fc.assert(fc.property(world, (world) => {
      const { failed, writeBack } = plan(world)
      const ids = touched(plan(world))
      for (const { assistant_id, provenance } of world.assistants) {
        if (provenance._tag === "Agent") continue
        assert.notInclude(ids, assistant_id)
        const squatted = world.agents.filter((agent) => assistantIdOf(agent) === assistant_id)
        for (const { id } of squatted) {
          assert.include(failed.map(({ agentId }) => agentId), id)
          assert.notInclude(writeBack.map(({ agentId }) => agentId), id)
        }
      }
    }))
  })

  it("retires what has no agent any more, or one that can't run, and nothing else", () => {
    fc.assert(fc.property(world, (world) => {
      const { failed, retire } = plan(world)
      const running = world.agents.filter(({ id }) => !failed.some(({ agentId }) => agentId === id)).map(assistantIdOf)
      const orphans = world.assistants.filter(({ assistant_id, provenance }) =>
        provenance._tag === "Agent" && provenance.retiredAt === null && !running.includes(assistant_id)
      )
      assert.deepStrictEqual(retire, orphans.map(({ assistant_id }) => assistant_id))
    }))
  })

  it("repairs an agent's reference to its assistant exactly where it is wrong", () => {
    fc.assert(fc.property(world, (world) => {
      const { failed, writeBack } = plan(world)
      const wrong = world.agents.filter((agent) =>
        agent.assistantId !== assistantIdOf(agent) && !failed.some(({ agentId }) => agentId === agent.id)
      )
      assert.deepStrictEqual(
        writeBack,
        wrong.map((agent) => ({ agentId: agent.id, assistantId: assistantIdOf(agent) }))
      )
    }))
  })

  it("does not depend on the order of agents, of their tools' rows, or of keys", () => {
    fc.assert(fc.property(world, (world) => {
      const agents = world.agents.toReversed().map((agent) => ({
        ...agent,
        sampling: reordered(agent.sampling),
        mcpTools: agent.mcpTools.toReversed()
      }))
      const other = plan({ agents, assistants: world.assistants.toReversed() })
      assert.sameMembers([...touched(other)], [...touched(plan(world))])
      assert.isTrue(
        isUpToDate(plan({ ...carriedOut(world, plan(world)), agents: carriedOut({ ...world, agents }, other).agents }))
      )
    }))
  })
})

describe("a synced assistant is updated", () => {
  const upToDate = soundAgent.map((agent) => {
    const fresh = { agents: [agent], assistants: [] }
    return carriedOut(fresh, plan(fresh))
  })

  it.each(
    [
      ["name", ({ name }) => ({ name: `${name}!` })],
      ["description", ({ description }) => ({ description: `${description}!` })],
      ["graph", ({ graphId }) => ({ graphId: graphId === "agent" ? "triage" : "agent" })],
      ["model", () => ({ engine: Engine.Resolved({ model: "openai:another" }) })],
      ["system prompt", ({ systemPrompt }) => ({ systemPrompt: `${systemPrompt}!` })],
      ["sampling", () => ({ sampling: { seed: "another" } })],
      ["tools", ({ agentTools }) => ({ agentTools: [...agentTools, "another"] })],
      ["tool servers", () => ({ mcpTools: [{ tool_name: "x", endpoint_url: "https://new", auth_required: false }] })],
      ["organisation", () => ({ organizationId: OrganizationId.make("another") })],
      ["person", () => ({ ownership: Ownership.Personal({ userId: UserId.make("another") }) })]
    ] satisfies ReadonlyArray<[string, (agent: Agent) => Partial<Agent>]>
  )("when its agent's %s changes", (_, change) => {
    fc.assert(fc.property(upToDate, ({ agents, assistants }) => {
      const todo = plan({ agents: agents.map((agent) => ({ ...agent, ...change(agent) })), assistants })
      assert.lengthOf(todo.update, 1)
      assert.lengthOf(touched(todo), 1)
    }))
  })

  it("when it was retired, though its content is the same", () => {
    fc.assert(fc.property(upToDate, ({ agents, assistants }) => {
      const retired = carriedOut({ agents: [], assistants }, plan({ agents: [], assistants }))
      assert.deepStrictEqual(touched(plan({ agents, assistants: retired.assistants })), agents.map(assistantIdOf))
    }))
  })
})

describe("the summary that operators look for", () => {
  it("has every number at its name", () => {
    const none = plan({ agents: [], assistants: [] })
    assert.strictEqual(
      syncSummary({ ...none, total: 7, skipped: 3 }),
      "Startup sync summary: total=7 created=0 updated=0 skipped=3 failed=0 retired=0"
    )
    fc.assert(fc.property(world, (world) => {
      const { create, failed, retire, skipped, total, update } = plan(world)
      assert.deepStrictEqual(
        syncSummary(plan(world)).match(/\d+/g)?.map(Number),
        [total, create.length, update.length, skipped, failed.length, retire.length]
      )
    }))
  })
})
