import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import fc from "fast-check"
import { type Agent, assistantIdOf, defaultModel, Engine, samplingKeys } from "../../src/domain/Agent.ts"
import { assistantOf } from "../../src/domain/AgentAssistant.ts"
import { isUuid } from "../../src/domain/AssistantId.ts"
import { mcpConfig } from "../../src/domain/McpConfig.ts"
import { agent, graphs, jsonObject, soundAgent } from "./Arbitraries.ts"

const assistantFor = (agent: Agent) => Result.getOrThrow(assistantOf(agent, graphs))
const refusalOf = (agent: Agent) => Result.getOrThrow(Result.flip(assistantOf(agent, graphs)))

describe("an agent's assistant", () => {
  it("has the agent's own id, in lower case", () => {
    fc.assert(fc.property(agent, (agent) => {
      const id = assistantIdOf(agent)
      assert.isTrue(isUuid(id))
      assert.strictEqual(id, agent.id.toLowerCase())
    }))
  })

  it("is configured with what the row says, and with nothing that it does not say", () => {
    fc.assert(fc.property(soundAgent, ({ sampling, ...row }) => {
      const agent = { ...row, sampling }
      const { content } = assistantFor(agent)
      const { agent_tools, mcp_config, model_name, supabase_organization_id, system_prompt, ...rest } =
        content.config.configurable ?? {}
      assert.strictEqual(supabase_organization_id, row.organizationId)
      assert.strictEqual(model_name, row.engine._tag === "Resolved" ? row.engine.model : defaultModel)
      assert.strictEqual(system_prompt, row.systemPrompt ?? undefined)
      assert.deepStrictEqual(agent_tools, row.agentTools.length === 0 ? undefined : row.agentTools)
      assert.deepStrictEqual(mcp_config, mcpConfig(row.mcpTools))
      const set = Object.entries(Object(sampling)).filter(([, value]) => value !== null)
      assert.deepStrictEqual(rest, Object.fromEntries(set))
      assert.deepStrictEqual([content.name, content.description, content.graph_id], [
        row.name,
        row.description,
        row.graphId
      ])
    }))
  })

  it("takes no key from the sampling parameters that is none, and says so", () => {
    const others = jsonObject.map((object) =>
      Object.fromEntries(Object.entries(object).filter(([key]) => !samplingKeys.some((known) => known === key)))
    )
    fc.assert(fc.property(soundAgent, others, (row, others) => {
      const plain = assistantFor({ ...row, sampling: {} })
      const { content, warnings } = assistantFor({ ...row, sampling: others })
      assert.deepStrictEqual(content.config, plain.content.config)
      assert.strictEqual(warnings.length - plain.warnings.length, Object.keys(others).length === 0 ? 0 : 1)
    }))
  })

  it("warns when it runs on a model that the row does not name", () => {
    fc.assert(fc.property(soundAgent, (agent) => {
      const { content, warnings } = assistantFor(agent)
      const warned = warnings.filter((warning) => warning.includes(defaultModel))
      assert.lengthOf(warned, agent.engine._tag === "Resolved" ? 0 : 1)
      assert.deepStrictEqual(content.metadata["warnings"], warnings.length === 0 ? undefined : warnings)
    }))
  })

  it("shows in its metadata which agent and organisation it is of", () => {
    fc.assert(fc.property(soundAgent, (agent) => {
      const { metadata } = assistantFor(agent).content
      assert.strictEqual(metadata["owner"], "system")
      assert.strictEqual(metadata["supabase_agent_id"], assistantIdOf(agent))
      assert.strictEqual(metadata["supabase_organization_id"], agent.organizationId)
    }))
  })
})

describe("an agent that can't run is named with the reason:", () => {
  it.each(
    [
      ["an engine of another type", { engine: Engine.Foreign({ type: "on-premises" }) }, "on-premises"],
      ["a graph that this server has not got", { graphId: "unheard-of" }, "unheard-of"],
      ["sampling parameters that are no object", { sampling: "warm" }, "sampling_params"],
      ["sampling parameters in a list", { sampling: [] }, "sampling_params"]
    ] satisfies ReadonlyArray<[string, Partial<Agent>, string]>
  )("%s", (_, fault, reason) => {
    fc.assert(fc.property(soundAgent, (agent) => {
      const refusal = refusalOf({ ...agent, ...fault })
      assert.include(refusal.reason, reason)
      assert.include(refusal.message, JSON.stringify(agent.name))
      assert.strictEqual(refusal.agentId, agent.id)
    }))
  })
})
