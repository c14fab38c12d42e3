import fc from "fast-check"
import { assert, describe, test } from "vitest"
import { Engine, Ownership } from "../../src/domain/Agent.ts"
import { firstBroken, linkNames } from "../../src/domain/AgentChain.ts"
import type { AgentFacts, DryRunOutcome, ModelFacts, ServerFacts, StoredState } from "../../src/domain/AgentFacts.ts"
import { AgentFault, faultCard } from "../../src/domain/AgentFault.ts"
import { diagnose, faultsOf } from "../../src/domain/Diagnosis.ts"
import { OrganizationId, UserId } from "../../src/domain/Principal.ts"
import { agent, graphs } from "./Arbitraries.ts"

const model: fc.Arbitrary<ModelFacts> = fc.record({
  name: fc.constantFrom("openai:gpt-4o", "llama"),
  provider: fc.constantFrom("openai", null),
  key: fc.constantFrom("server" as const, "absent" as const),
  problem: fc.constantFrom("no such thing", null),
  readable: fc.boolean()
})

const stored: fc.Arbitrary<StoredState> = fc.oneof(
  fc.constant<StoredState>({ _tag: "Missing" }),
  fc.record({ _tag: fc.constant("Taken" as const), bare: fc.boolean() }),
  fc.record({ _tag: fc.constant("Synced" as const), retired: fc.boolean(), equal: fc.boolean() })
)

const server: fc.Arbitrary<ServerFacts> = fc.record({
  name: fc.constantFrom("laws", "files"),
  tools: fc.array(fc.constantFrom("search", "read"), { maxLength: 2 }),
  filtered: fc.boolean(),
  answer: fc.constantFrom<ServerFacts["answer"]>("listed", "no token", { error: "connection refused" }),
  ms: fc.nat(1000)
})

const dryRun: fc.Arbitrary<AgentFacts["dryRun"]> = fc.constantFrom<AgentFacts["dryRun"]>(
  { without: "not asked for" },
  { _tag: "Answered", ms: 12 } satisfies DryRunOutcome,
  { _tag: "Refused", reason: "401" } satisfies DryRunOutcome,
  { _tag: "TimedOut", seconds: 20 } satisfies DryRunOutcome
)

const count = fc.constantFrom(0, 0, 1, 5)

const facts: fc.Arbitrary<AgentFacts> = fc.record({
  agent,
  graphs: fc.constant(graphs),
  model: fc.option(model),
  stored,
  audience: fc.record({ owner: count, admin: count, member: count }),
  asked: fc.option(fc.record({
    user: fc.constant("anna"),
    through: fc.constantFrom(undefined, { _tag: "Graph" as const })
  })),
  servers: fc.array(server, { maxLength: 3 }),
  dryRun
})

/** Nothing is wrong with it. */
const sound: AgentFacts = {
  agent: {
    id: "a0000000-0000-4000-a000-000000000001",
    organizationId: OrganizationId.make("kanzlei"),
    name: "Recht",
    description: null,
    graphId: "agent",
    engine: Engine.Resolved({ model: "openai:gpt-4o" }),
    systemPrompt: "Du hilfst.",
    sampling: { temperature: 0.3 },
    agentTools: [],
    ownership: Ownership.Organization(),
    mcpTools: [{ tool_name: "laws", endpoint_url: "https://laws.example/mcp", auth_required: false }],
    assistantId: "a0000000-0000-4000-a000-000000000001"
  },
  graphs: ["agent"],
  model: { name: "openai:gpt-4o", provider: "openai", key: "server", problem: null, readable: true },
  stored: { _tag: "Synced", retired: false, equal: true },
  audience: { owner: 1, admin: 0, member: 2 },
  asked: null,
  servers: [{ name: "laws", tools: ["search"], filtered: false, answer: "listed", ms: 12 }],
  dryRun: { _tag: "Answered", ms: 80 }
}

const { agent: row } = sound
const laws: ServerFacts = { name: "laws", tools: ["search"], filtered: false, answer: "listed", ms: 1 }
const withAgent = (change: Partial<AgentFacts["agent"]>): AgentFacts => ({ ...sound, agent: { ...row, ...change } })
const withModel = (change: Partial<ModelFacts>): AgentFacts => ({
  ...sound,
  model: { name: "openai:gpt-4o", provider: "openai", key: "server", problem: null, readable: true, ...change }
})
const mine = Ownership.Personal({ userId: UserId.make("anna") })
const nobody = { owner: 0, admin: 0, member: 0 }

/** Each fault, and facts in which it is the only one. */
const alone: Readonly<Record<AgentFault["_tag"], AgentFacts>> = {
  NoName: withAgent({ name: " " }),
  NoPrompt: withAgent({ systemPrompt: null }),
  ToolWithoutUrl: withAgent({ mcpTools: [{ tool_name: "files", endpoint_url: null, auth_required: false }] }),
  SamplingNotAnObject: withAgent({ sampling: "warm" }),
  UnknownSampling: withAgent({ sampling: { heat: 1 } }),
  UnknownGraph: withAgent({ graphId: "unheard-of" }),
  NoEngine: withAgent({ engine: Engine.None() }),
  EngineWithoutModel: withAgent({ engine: Engine.WithoutModel() }),
  ForeignEngine: withAgent({ engine: Engine.Foreign({ type: "on-premises" }) }),
  UnknownProvider: withModel({ name: "llama", provider: null, key: "absent" }),
  KeyAbsent: withModel({ key: "absent", problem: "There is no key" }),
  ModelUnusable: withModel({
    readable: false,
    provider: null,
    key: "absent",
    problem: "temperature: expected a number"
  }),
  NotSynced: { ...sound, stored: { _tag: "Missing" } },
  Retired: { ...sound, stored: { _tag: "Synced", retired: true, equal: true } },
  IdTaken: { ...sound, stored: { _tag: "Taken", bare: false } },
  NotWrittenBack: withAgent({ assistantId: null }),
  WrongIdWrittenBack: withAgent({ assistantId: "5f0e" }),
  NobodyInOrganisation: { ...sound, audience: nobody },
  CreatorLeft: { ...withAgent({ ownership: mine }), audience: nobody },
  NotVisibleTo: { ...sound, asked: { user: "cem", through: undefined } },
  Differs: { ...sound, stored: { _tag: "Synced", retired: false, equal: false } },
  ServerDead: { ...sound, servers: [{ ...laws, tools: [], answer: { error: "connection refused" } }] },
  ServerWantsToken: { ...sound, servers: [{ ...laws, tools: [], answer: "no token" }] },
  NoTools: { ...sound, servers: [{ ...laws, tools: [] }] },
  FilterMatchesNothing: { ...sound, servers: [{ ...laws, tools: [], filtered: true }] },
  EqualToolNames: { ...sound, servers: [laws, { ...laws, name: "files" }] },
  ModelRefused: { ...sound, dryRun: { _tag: "Refused", reason: "401" } },
  ModelTimedOut: { ...sound, dryRun: { _tag: "TimedOut", seconds: 20 } }
}

describe("a diagnosis", () => {
  test("finds nothing where nothing is wrong", () => {
    assert.deepEqual(diagnose(sound).links.map(({ state }) => state), linkNames.map(() => "ok"))
  })

  test.each(Object.entries(alone))("tells %s apart, at its own link and nowhere else", (name, world) => {
    const found = diagnose(world).links.filter(({ faults }) => faults.length > 0)
    assert.deepEqual(found.map(({ faults }) => faults), [[name]])
    const [link] = found
    const fault = [...faultsOf(world).values()].flatMap((faults) => faults ?? [])[0]
    if (link === undefined || fault === undefined) return assert.fail("no fault")
    const card = faultCard(fault)
    assert.strictEqual(link.link, card.link)
    assert.strictEqual(link.state, card.severity)
    assert.isNotEmpty(link.reason)
    assert.isNotEmpty(link.remedy)
  })

  test("has every link once, in order, and names the first that is broken", () =>
    fc.assert(fc.property(facts, (world) => {
      const chain = diagnose(world)
      assert.deepEqual(chain.links.map(({ link }) => link), [...linkNames])
      const first = firstBroken(chain)
      const broken = [...faultsOf(world)].find(([, faults]) =>
        faults?.some((fault) => faultCard(fault).severity === "broken")
      )
      assert.strictEqual(first?.link, broken?.[0])
    })))

  test("skips what hangs on a broken link, and nothing else", () =>
    fc.assert(fc.property(facts, (world) => {
      const { links } = diagnose(world)
      const found = [...faultsOf(world).values()].flatMap((faults) => faults ?? [])
      for (const { link, state } of links) {
        const blocked = found.some((fault) => faultCard(fault).blocks.includes(link))
        const unasked = link === "dry_run" && "without" in world.dryRun
        assert.strictEqual(state === "skipped", blocked || unasked, link)
      }
    })))

  test("says what to do about whatever is wrong, and offers to mend only what is broken", () =>
    fc.assert(fc.property(facts, (world) => {
      for (const { faults, fixable, reason, remedy, state } of diagnose(world).links) {
        const wrong = state === "broken" || state === "warning"
        assert.strictEqual(faults.length > 0, wrong)
        assert.strictEqual(remedy !== null, wrong)
        if (wrong) assert.isNotEmpty(reason)
        if (fixable) assert.strictEqual(state, "broken")
      }
    })))

  test("a fault blocks later links only", () => {
    for (const [name, world] of Object.entries(alone)) {
      for (const fault of [...faultsOf(world).values()].flatMap((faults) => faults ?? [])) {
        const { blocks, link } = faultCard(fault)
        for (const later of blocks) assert.isAbove(linkNames.indexOf(later), linkNames.indexOf(link), name)
      }
    }
  })
})
