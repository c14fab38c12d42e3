import { assert } from "vitest"
import { agents, organizations, people } from "../../src/adapters/demo/World.ts"
import { ask, detailOf, json } from "../support/Ask.ts"
import { messagesOf, question } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Person, Throughline } from "../support/Throughline.ts"

const prompts = async (world: Throughline, person: Person): Promise<ReadonlyArray<string>> => {
  const answer = await ask(world, person, `POST /assistants/${agents.recht}/versions`, {})
  assert.strictEqual(answer.status, 200, answer.text)
  const versions = json<ReadonlyArray<{ config: { configurable: { system_prompt: string } } }>>(answer)
  return versions.map(({ config }) => config.configurable.system_prompt)
}

const edit = ({ database }: Throughline, columns: string) =>
  database.query(`update public.agents set ${columns} where id = $1`, [agents.recht])

const secret = { lc: 1, type: "secret", id: ["OPENAI_API_KEY"] }

/** What LangChain's deserialiser would take for objects: one with a secret of the server's, one of some class. */
const objects = [
  { lc: 1, type: "constructor", id: ["langchain_core", "messages", "HumanMessage"], kwargs: { content: secret } },
  { lc: 1, type: "constructor", id: ["langchain_core", "tracers", "tracer_langchain", "LangChainTracer"], kwargs: {} },
  { lc: 1, type: "constructor", id: ["nowhere", "Nothing"], kwargs: {} }
]

/** Things that look like what they are not. */
export const disguises = {
  "JSON that looks like an object of LangChain's stays JSON, and its thread readable": async (world) => {
    const { runs, threads } = world.client("member")
    for (const disguised of objects) {
      const { thread_id } = await threads.create({ metadata: { disguised: true } })
      const message = { role: "user", content: "say:eins", additional_kwargs: { disguised } }
      await runs.wait(thread_id, "agent", { input: { messages: [message] } })
      const { values } = await threads.getState(thread_id)
      assert.lengthOf(messagesOf(values), 2)
      assert.include(JSON.stringify(values), `"${disguised.id.at(-1)}"`)
      assert.include(JSON.stringify(values), "\"constructor\"")
      assert.lengthOf(messagesOf(await runs.wait(thread_id, "agent", { input: question("say:zwei") })), 4)
    }
    assert.lengthOf(await threads.search({ metadata: { disguised: true } }), objects.length)
  },

  "an agent that moves to another organisation leaves its past where it was": async (world) => {
    const [before = ""] = await prompts(world, "member")
    await edit(world, `system_prompt = 'dort', organization_id = '${organizations.immobilienSued}'`)
    assert.deepEqual(await prompts(world, "otherOrganisation"), ["dort"])
    await edit(world, `system_prompt = 'wieder hier', organization_id = '${organizations.kanzleiNord}'`)
    assert.deepEqual(await prompts(world, "member"), ["wieder hier", before])
  },

  "what was a member's own agent is published without its drafts": async (world) => {
    await edit(world, `system_prompt = 'Entwurf', is_global = false, created_by_user_id = '${people.member}'`)
    assert.include(await prompts(world, "member"), "Entwurf")
    await edit(world, "system_prompt = 'veröffentlicht', is_global = true")
    assert.include(await prompts(world, "member"), "Entwurf")
    const seen = await prompts(world, "admin")
    assert.include(seen, "veröffentlicht")
    assert.notInclude(seen, "Entwurf")
  },

  "one agent's odd row is no other's trouble": async (world) => {
    await edit(world, "assistant_tool_ids = array[null, '11111111-2222-4333-a444-555555555555']::uuid[]")
    const { config } = await world.client("member").assistants.get(agents.recht)
    assert.deepEqual(config.configurable?.["agent_tools"], ["11111111-2222-4333-a444-555555555555"])
  },

  "nobody's assistant is called like a graph": async (world) => {
    const answer = await ask(world, "member", "POST /assistants", { graph_id: "agent", assistant_id: "agent" })
    assert.strictEqual(answer.status, 409)
    assert.strictEqual(detailOf(answer), "Assistant already exists")
  }
} satisfies Scenarios
