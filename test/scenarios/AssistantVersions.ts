import { assert } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { editAgent } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import { newerClient } from "../support/NewerClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { refusal } from "../support/Wire.ts"

/** What becomes of assistants over time. */
export const assistantVersions: Scenarios = {
  "an earlier version comes back whole, under its own number": async (world) => {
    const { assistants } = world.client("member")
    const first = await assistants.create({
      graphId: "agent",
      name: "Erster",
      description: "von Anfang an",
      config: { configurable: { temperature: 0.1 } },
      context: { ton: "förmlich" },
      metadata: { stand: 1 }
    })
    const id = first.assistant_id
    await assistants.update(id, {
      graphId: "echo",
      name: "Zweiter",
      description: "anders",
      config: { configurable: {} },
      context: {},
      metadata: { stand: 2 }
    })
    const restored = await assistants.setLatest(id, 1)
    const { updated_at: _, ...whole } = first
    assert.deepInclude(restored, whole)
    assert.deepEqual(await assistants.get(id), restored)
    const versions = await assistants.getVersions(id)
    assert.deepEqual(versions.map(({ version }) => version), [2, 1])
    assert.deepEqual((await assistants.getVersions(id, { metadata: { stand: 2 } })).map(({ name }) => name), [
      "Zweiter"
    ])
    assert.deepEqual((await assistants.getVersions(id, { limit: 1, offset: 1 })).map(({ version }) => version), [1])
    await refusal(assistants.setLatest(id, 3), 404)
    const stranger = world.client("otherOrganisation").assistants
    await refusal(stranger.setLatest(id, 2), 404)
    await refusal(stranger.getVersions(id), 404)
    await assistants.update(id, { metadata: { stand: 4 } })
    assert.strictEqual((await assistants.get(id)).version, 3, "numbers are never given twice")
  },

  "versions say who made them, and what they say otherwise than the one before": async (world) => {
    interface Version {
      readonly version: number
      readonly changed_by: string | null
      readonly changes: ReadonlyArray<{ readonly path: string; readonly before?: unknown; readonly after?: unknown }>
    }
    const versions = async (id: string, query: object = {}): Promise<ReadonlyArray<Version>> =>
      JSON.parse((await ask(world, "member", `POST /assistants/${id}/versions`, query)).text)
    const { assistants } = world.client("member")
    const config = (temperature: number, key: string) => ({
      configurable: {
        temperature,
        custom_api_key: key,
        mcp_config: { servers: [{ name: "a", url: `http://${key}/mcp` }] }
      }
    })
    const { assistant_id: id } = await assistants.create({
      graphId: "agent",
      name: "Erster",
      config: config(0.1, "sk-eins"),
      metadata: { stand: 1 }
    })
    await assistants.update(id, { name: "Zweiter", metadata: { stand: 2 } })
    await assistants.update(id, { config: config(0.2, "sk-zwei"), metadata: { stand: 1 } })
    const all = await versions(id)
    assert.deepEqual(
      all.map(({ changed_by, version }) => [version, changed_by]),
      [3, 2, 1].map((n) => [n, people.member])
    )
    assert.sameDeepMembers([...all[0]?.changes ?? []], [
      { path: "config.configurable.temperature", before: 0.1, after: 0.2 },
      { path: "config.configurable.custom_api_key", before: "***", after: "***" },
      {
        path: "config.configurable.mcp_config.servers[0].url",
        before: "http://sk-eins/mcp",
        after: "http://sk-zwei/mcp"
      },
      { path: "metadata.stand", before: 2, after: 1 }
    ])
    assert.sameDeepMembers([...all[1]?.changes ?? []], [
      { path: "name", before: "Erster", after: "Zweiter" },
      { path: "metadata.stand", before: 1, after: 2 }
    ])
    assert.deepEqual(all[2]?.changes, [])
    // The one before is the one before, whatever a page or a filter leaves out.
    assert.deepEqual(await versions(id, { limit: 1 }), all.slice(0, 1))
    assert.deepEqual(await versions(id, { limit: 1, offset: 1 }), all.slice(1, 2))
    assert.deepEqual(await versions(id, { metadata: { stand: 1 } }), all.filter(({ version }) => version !== 2))

    await editAgent(world, agents.wartung, "system_prompt = 'Du bist neu.'")
    await assistants.get(agents.wartung)
    const latest = (await versions(agents.wartung, { limit: 1 })).at(0)
    assert.strictEqual(latest?.changed_by, "agents")
    assert.deepEqual(latest?.changes.map(({ after, path }) => [path, after]), [
      ["config.configurable.system_prompt", "Du bist neu."]
    ])
    assert.strictEqual(
      (await ask(world, "otherOrganisation", `POST /assistants/${agents.wartung}/versions`, {})).status,
      404
    )
  },

  "an update that changes nothing makes no version": async (world) => {
    const { assistants } = world.client("member")
    const made = await assistants.create({ graphId: "agent", name: "A", metadata: { b: [1, { c: 2 }] } })
    for (const same of [{}, { name: "A" }, { metadata: { b: [1, { c: 2 }] } }, { graphId: "agent", config: {} }]) {
      assert.deepEqual(await assistants.update(made.assistant_id, same), made)
    }
    assert.lengthOf(await assistants.getVersions(made.assistant_id), 1)
  },

  "with an assistant go, if that is wanted, its maker's threads that ran on nothing else": async (world) => {
    const { assistants, runs, threads } = world.client("member")
    const { assistant_id } = await assistants.create({ graphId: "agent" })
    const kept = await assistants.create({ graphId: "agent" })
    const thread = async (...ran: ReadonlyArray<string>) => {
      const { thread_id } = await threads.create()
      for (const assistant of ran) await runs.wait(thread_id, assistant, { input: question("say:x") })
      return thread_id
    }
    const only = await thread(assistant_id, assistant_id)
    const mixed = await thread(assistant_id, agents.recht)
    const other = await thread(kept.assistant_id)
    const untouched = await thread()
    await refusal(world.client("otherOrganisation").assistants.delete(assistant_id, { deleteThreads: true }), 404)
    await refusal(assistants.delete(agents.recht, { deleteThreads: true }), 403)
    await threads.get(only)
    await assistants.delete(assistant_id, { deleteThreads: true })
    await refusal(assistants.get(assistant_id), 404)
    await refusal(threads.get(only), 404)
    for (const id of [mixed, other, untouched]) assert.strictEqual((await threads.get(id)).thread_id, id)
    await assistants.delete(kept.assistant_id)
    assert.strictEqual((await threads.get(other)).thread_id, other, "not unless it is wanted")
  },

  "nested graphs are described by their names, and of a stranger's assistant nothing is": async (world) => {
    const { assistants } = newerClient(world, "member")
    const { assistant_id } = await assistants.create({ graphId: "nested" })
    for (const id of [assistant_id, "nested"]) {
      const all = await assistants.getSubgraphs(id, { recurse: true })
      assert.sameMembers(Object.keys(all), ["sub"])
      assert.hasAnyKeys(all["sub"] ?? {}, ["state_schema", "input_schema"])
      assert.deepEqual(await assistants.getSubgraphs(id, { namespace: "sub" }), all)
      assert.deepEqual(await assistants.getSubgraphs(id, { namespace: "nobody" }), {})
      const drawn = (xray: boolean) => assistants.getGraph(id, { xray })
      assert.isAbove((await drawn(true)).nodes.length, (await drawn(false)).nodes.length)
    }
    assert.deepEqual(await assistants.getSubgraphs("agent"), {})
    const stranger = newerClient(world, "otherOrganisation").assistants
    await refusal(stranger.getSubgraphs(assistant_id), 404)
    await refusal(stranger.getSubgraphs(assistant_id, { namespace: "sub" }), 404)
    await refusal(stranger.getGraph(assistant_id), 404)
    await refusal(stranger.getSchemas(assistant_id), 404)
  },

  "assistants are searched by name, graph and metadata, in the order that is asked for": async (world) => {
    const { assistants } = newerClient(world, "member")
    const mark = crypto.randomUUID()
    for (const [name, graphId] of [["Beta", "echo"], ["alpha", "agent"], ["Gamma", "agent"]] as const) {
      await assistants.create({ graphId, name, metadata: { mark } })
    }
    const names = async (query: object) =>
      (await assistants.search({ metadata: { mark }, sortBy: "name", sortOrder: "asc", ...query })).map((one) =>
        one.name
      )
    assert.sameMembers(await names({}), ["alpha", "Beta", "Gamma"])
    assert.deepEqual(await names({ name: "AM" }), ["Gamma"])
    assert.sameMembers(await names({ graphId: "agent" }), ["alpha", "Gamma"])
    assert.strictEqual(await assistants.count({ metadata: { mark }, graphId: "agent", name: "a" }), 2)
    const [one] = await assistants.search({ metadata: { mark }, name: "Beta", select: ["name", "version"] })
    assert.deepEqual(Object(one), { name: "Beta", version: 1 })
    const page = await assistants.search({ metadata: { mark }, limit: 2, includePagination: true })
    assert.deepEqual([page.assistants.length, page.next], [2, "2"])
    assert.deepEqual(await newerClient(world, "otherOrganisation").assistants.search({ metadata: { mark } }), [])
  },

  "graphs that are not there are refused, and what may change how browsers read is told": async (world) => {
    const { assistants } = world.client("member")
    await refusal(assistants.create({ graphId: "no-such-graph" }), 422)
    const { assistant_id } = await assistants.create({ graphId: "agent" })
    await refusal(assistants.update(assistant_id, { graphId: "no-such-graph" }), 422)
    const info = JSON.parse((await ask(world, undefined, "GET /info")).text)
    assert.deepInclude(info.flags, { assistants: true, crons: true })
    assert.deepEqual(JSON.parse((await ask(world, undefined, "GET /ok?check_db=1")).text), { ok: true })
    const answer = await ask(world, "member", "POST /assistants/search", {}, { origin: "https://page.example" })
    const exposed = answer.headers.get("access-control-expose-headers") ?? ""
    for (const name of ["content-location", "location", "x-pagination-total", "x-pagination-next", "retry-after"]) {
      assert.include(exposed, name)
    }
  }
}
