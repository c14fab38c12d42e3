import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { type CallingAgent, deepest, namedAgents, whyNotCallable } from "../../src/domain/AgentTools.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { agentToolsOf, wantsToken } from "../../src/domain/EffectiveConfig.ts"
import { agentToolNames } from "../../src/domain/ToolNames.ts"
import { json, jsonObject, memberOwned, organization, provenance, syncedAgent } from "./Arbitraries.ts"

// Few agents, so that they come back to each other.
const id = fc.constantFrom("a", "b", "c", "d", "e", "f", "g").map((name) => AssistantId.make(name))
const line = fc.array(id, { minLength: 1, maxLength: 6 })
const calling = fc.record({ line, organization: fc.option(organization) })

const refused = (calling: CallingAgent, called: Parameters<typeof whyNotCallable>[1]) =>
  whyNotCallable(calling, called) !== undefined

describe("who may call whom", () => {
  it("nobody is called by whom they called, themselves included", () => {
    fc.assert(fc.property(calling, provenance, fc.nat(), (calling, provenance, any) => {
      const assistant_id = calling.line[any % calling.line.length] ?? assert.fail()
      assert.isTrue(refused(calling, { assistant_id, provenance }))
    }))
  })

  it("an agent of an organisation calls agents of that one, and nothing else", () => {
    fc.assert(fc.property(organization, id, provenance, (organization, assistant_id, provenance) => {
      const calling = { line: [AssistantId.make("somebody else")], organization }
      const same = provenance._tag === "Agent" && provenance.organizationId === organization
      assert.strictEqual(refused(calling, { assistant_id, provenance }), !same)
    }))
  })

  it("a member's own assistant calls whatever that member sees", () => {
    fc.assert(fc.property(id, provenance, (assistant_id, provenance) => {
      const calling = { line: [AssistantId.make("the member's own")], organization: null }
      assert.isFalse(refused(calling, { assistant_id, provenance }))
    }))
  })

  it("whoever calls, and whoever is called: it comes to an end, no deeper than said", () => {
    fc.assert(fc.property(fc.array(id, { maxLength: 40 }), fc.oneof(memberOwned, syncedAgent), (wanted, provenance) => {
      const organization = provenance._tag === "Agent" ? provenance.organizationId : null
      let line = [AssistantId.make("the first")]
      for (const assistant_id of wanted) {
        if (!refused({ line, organization }, { assistant_id, provenance })) line = [...line, assistant_id]
      }
      assert.isAtMost(line.length, deepest + 1)
      assert.lengthOf(new Set(line), line.length)
      const different = new Set(wanted).size
      assert.strictEqual(line.length, Math.min(different, deepest) + 1, "nobody is refused for less")
    }))
  })
})

describe("the agents that a configuration names", () => {
  it("are texts, each once, in their order; anything else names none", () => {
    fc.assert(fc.property(jsonObject, fc.array(fc.string()), json, (rest, names, rubbish) => {
      assert.deepStrictEqual(agentToolsOf({ ...rest, agent_tools: names }), [...new Set(names)])
      assert.isTrue(agentToolsOf({ ...rest, agent_tools: rubbish }).every((name) => typeof name === "string"))
    }))
  })

  it("may need the caller's token, whatever the caller itself needs", () => {
    fc.assert(fc.property(fc.array(fc.string(), { minLength: 1 }), (agent_tools) => {
      assert.isTrue(wantsToken({ configurable: { agent_tools }, origins: {} }))
      assert.isFalse(wantsToken({ configurable: { agent_tools: [] }, origins: {} }))
    }))
  })
})

describe("what the model calls them by", () => {
  const tools = fc.array(fc.constantFrom("agent", "Rechts-Assistent", "tool", "agent_2", "x"))
  const names = fc.array(fc.oneof(
    fc.constantFrom("⚖️ Rechts-Assistent", "Rechts Assistent", "法律", "", "1st", "Exposé", "x".repeat(80), "agent"),
    fc.string()
  ))

  it("every provider takes, and no other tool has", () => {
    fc.assert(fc.property(names, tools, (names, tools) => {
      const given = agentToolNames(names, tools)
      assert.lengthOf(given, names.length)
      for (const name of given) assert.match(name, /^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/)
      assert.lengthOf(new Set([...given, ...tools]), given.length + new Set(tools).size)
    }))
  })

  it("is a word for what people call them", () => {
    assert.deepStrictEqual(
      agentToolNames(["⚖️ Rechts-Assistent", "Exposé Süd", "Rechts-Assistent", "法律", "3. Senat"], ["Expose_Sud"]),
      ["Rechts-Assistent", "Expose_Sud_2", "Rechts-Assistent_2", "agent", "agent_3_Senat"]
    )
  })

  it("have those that may be called, and no others", () => {
    const agent = fc.record({
      assistant_id: fc.string(),
      name: fc.option(fc.string()),
      description: fc.option(fc.string()),
      problem: fc.option(fc.string())
    })
    fc.assert(fc.property(fc.array(agent), tools, (offered, tools) => {
      const named = namedAgents(offered, tools)
      for (const [index, agent] of named.entries()) {
        assert.deepInclude(agent, offered[index] ?? assert.fail())
        assert.strictEqual(agent.tool === null, agent.problem !== null)
      }
      assert.lengthOf(named, offered.length)
    }))
  })
})
