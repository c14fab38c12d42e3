import { assert } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { copyOfRecht } from "../support/Agents.ts"
import { ask, json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { explanationOf, keyOf } from "../support/Explain.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { giveAgents } from "../support/Subruns.ts"

/** On the second generation's tables. */
export const explainedAgents: Scenarios = {
  "one's own agent is seen as one's own": async (world) => {
    const { rows } = await world.database.query<{ id: string }>(
      `insert into public.agents (organization_id, name, system_prompt, engine_id, is_global, created_by_user_id)
       select organization_id, 'Notizen', 'Du führst Notizen.', engine_id, false, $2 from public.agents where id = $1
       returning id`,
      [agents.recht, people.member]
    )
    const id = rows[0]?.id ?? ""
    assert.deepInclude((await explanationOf(world, "member", id)).visible, { _tag: "Personal", role: "member" })
    for (const person of ["admin", "otherOrganisation"] as const) {
      assert.strictEqual((await ask(world, person, `POST /assistants/${id}/explain`)).status, 404)
    }
  },

  "agents that it may call are told by the names that a run gives them, others with why not": async (world) => {
    const agent = await copyOfRecht(world)
    await giveAgents(world, agent, [agents.dokumente, agents.expose, agent])
    const { agent_tools } = await explanationOf(world, "member", agent)
    const { thread_id } = await world.client("member").threads.create()
    for (const text of ["say:eins", "say:zwei"]) {
      await world.client("member").runs.wait(thread_id, agent, { input: question(text) })
    }
    const [run] = await world.client("member").runs.list(thread_id, { limit: 1 })
    const { tools } = Object(
      json(await ask(world, "member", `GET /threads/${thread_id}/runs/${run?.run_id}/config`))
    )
    assert.deepEqual(
      agent_tools.map(({ problem: error, ...told }) => ({ ...told, error })),
      tools.agents
    )
    const problems = agent_tools.map(({ problem }) => problem)
    assert.deepEqual(problems.map((problem) => problem === null), [true, false, false])
    assert.strictEqual(problems[1], "not found", "of another organisation's agent nothing more")
  }
}

/** Beside graphs of the operator's own. */
export const explainedOwnGraphs: Scenarios = {
  "of an own graph it tells what is named, and asks the servers that are": async (world) => {
    const plain = await explanationOf(world, "otherOrganisation", "echo")
    assert.isNull(plain.model, "what it asks is its own affair")
    assert.deepEqual([...plain.servers, ...plain.agent_tools], [])
    const mcp_config = { servers: [{ name: "private", url: world.legal.url }] }
    const configurable = { model_name: "anthropic:claude-sonnet-4-5", mcp_config, agent_tools: [agents.recht] }
    const named = await explanationOf(world, "member", "echo", { config: { configurable } })
    assert.deepEqual(named.model, {
      name: configurable.model_name,
      provider: "anthropic",
      key: "absent",
      problem: null
    })
    assert.include(named.servers[0]?.error, "OUTBOUND_ALLOW")
    assert.deepEqual([...named.agent_tools], [])
    assert.strictEqual(keyOf(named, "model_name")?.origin, "request")
  }
}
