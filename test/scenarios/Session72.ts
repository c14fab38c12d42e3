import { assert } from "vitest"
import { agents, organizations } from "../../src/adapters/demo/World.ts"
import type { Throughline } from "../support/Throughline.ts"

const question = (text: string) => ({ messages: [{ role: "user", content: text }] })

/**
 * Session 72, as its front end did it: unchanged, it must now end its first step with 200, and what the row says must be
 * what the graph runs with.
 */
export const session72 = async (world: Throughline): Promise<void> => {
  const { rows } = await world.database.query<{ id: string; langgraph_assistant_id: string | null }>(
    "select id, langgraph_assistant_id from public.agents where id = $1",
    [agents.recht]
  )
  assert.strictEqual(rows[0]?.langgraph_assistant_id, agents.recht, "the id is written back")

  const member = world.client("member")
  const assistant = await member.assistants.get(agents.recht)
  assert.strictEqual(assistant.name, "⚖️ Rechts-Assistent")
  assert.strictEqual(assistant.config.configurable?.["model_name"], "openai:gpt-4o-mini")
  assert.strictEqual(assistant.metadata?.["owner"], "system")

  const found = await member.assistants.search({ graphId: "agent", limit: 100 })
  assert.includeMembers(found.map(({ assistant_id }) => assistant_id), [agents.recht, agents.dokumente])
  const bare = await member.assistants.create({ graphId: "agent", metadata: { supabase_agent_id: agents.recht } })
  assert.strictEqual(bare.assistant_id, agents.recht, "the bare copy that the front end made is the synced assistant")

  const thread = await member.threads.create()
  const asked = world.model.requests.length
  const first: Array<string> = []
  for await (
    const { data, event } of member.runs.stream(thread.thread_id, agents.recht, {
      input: question("tool:search_laws:{\"query\":\"Miete\"}"),
      streamMode: ["values", "messages-tuple"]
    })
  ) {
    first.push(event)
    if (event === "error") assert.fail(JSON.stringify(data))
  }
  assert.strictEqual(first[0], "metadata")

  const invoked = world.logs.filter((line) => line.includes("graph() invoked; configurable_keys=")).at(-1) ?? ""
  for (const key of ["mcp_config", "model_name", "system_prompt", "supabase_organization_id"]) {
    assert.include(invoked, key)
  }
  const request = world.model.requests[asked]?.body ?? {}
  assert.strictEqual(request["model"], "gpt-4o-mini")
  assert.strictEqual(request["temperature"], 0.3)
  assert.include(JSON.stringify(request["messages"]), "Du bist ein Rechts-Assistent.")
  assert.include(JSON.stringify(request["tools"]), "\"search_laws\"")
  assert.strictEqual(world.legal.seen.calls.at(-1)?.tool, "search_laws", "the tool was really called")

  // Always two: the second message has the whole conversation, and the same configuration (field failure 38).
  const second = await member.runs.wait(thread.thread_id, agents.recht, { input: question("say:zweite Antwort") })
  const values = second as { readonly messages: ReadonlyArray<{ readonly type: string; readonly content: unknown }> }
  assert.deepEqual(values.messages.map(({ type }) => type), ["human", "ai", "tool", "ai", "human", "ai"])
  assert.strictEqual(values.messages.at(-1)?.content, "zweite Antwort")
  assert.strictEqual(world.model.requests.at(-1)?.body["model"], "gpt-4o-mini")

  const [run] = await member.runs.list(thread.thread_id)
  const pinned = await (await world.fetch("member", `/threads/${thread.thread_id}/runs/${run?.run_id}/config`))
    .json() as {
      readonly configurable: Record<string, unknown>
      readonly origins: Record<string, string>
    }
  assert.strictEqual(pinned.configurable["supabase_organization_id"], organizations.kanzleiNord)
  assert.strictEqual(pinned.origins["system_prompt"], "assistant")

  // The repair that followed made them visible to everybody: not so.
  const other = world.client("otherOrganisation")
  const theirs = await other.assistants.search({ graphId: "agent", limit: 100 })
  assert.notInclude(theirs.map(({ assistant_id }) => assistant_id), agents.recht)
  assert.include(theirs.map(({ assistant_id }) => assistant_id), agents.expose)
  assert.strictEqual((await world.fetch("otherOrganisation", `/assistants/${agents.recht}`)).status, 404)
  const foreign = await world.fetch("otherOrganisation", "/runs/wait", {
    method: "POST",
    body: JSON.stringify({ assistant_id: agents.recht, input: question("say:mine?") })
  })
  assert.strictEqual(foreign.status, 404)
  const overwrite = await world.fetch("otherOrganisation", "/assistants", {
    method: "POST",
    body: JSON.stringify({
      assistant_id: agents.recht,
      graph_id: "agent",
      config: { configurable: { system_prompt: "Ha!" } }
    })
  })
  assert.strictEqual(overwrite.status, 409)
  const after = await member.assistants.get(agents.recht)
  assert.deepEqual(after.config, assistant.config)
}
