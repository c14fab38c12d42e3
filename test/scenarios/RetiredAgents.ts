import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { copyOfRecht, editAgent, summaryOf, syncedIn } from "../support/Agents.ts"
import { ask, detailOf } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { listed, say, talk } from "../support/Talk.ts"
import { startThroughline, type Throughline } from "../support/Throughline.ts"
import { isNotThere } from "./VisibleAssistants.ts"

const retired = async ({ database }: Throughline, id: string) =>
  (await syncedIn(database)).find((assistant) => assistant.id === id)?.retired

/** Everything on a thread of a retired agent, as its owner sees it. */
const staysReadable = async (world: Throughline, thread_id: string) => {
  const { runs, threads } = world.client("member")
  const [run] = await runs.list(thread_id)
  assert.lengthOf(await threads.getHistory(thread_id), 6)
  for (const route of ["", "/state", "/history", "/runs", `/runs/${run?.run_id}`, `/runs/${run?.run_id}/config`]) {
    assert.strictEqual((await ask(world, "member", `GET /threads/${thread_id}${route}`)).status, 200, route)
  }
  assert.include(JSON.stringify((await threads.getState(thread_id)).values), "zweite Antwort")
}

/** Field failure 29. */
export const retiredAgents = {
  "an agent that is switched off, deleted or gone is not there; its threads are, and it comes back": async (world) => {
    const ways = [
      ["status = 'disabled'", "status = 'active'", /not found: its agent ".*" is not active \(status "disabled"\)$/],
      ["status = 'draft'", "status = 'active'", /not found: its agent ".*" is not active \(status "draft"\)$/],
      ["deleted_at = now()", "deleted_at = null", /not found: its agent ".*" was deleted$/]
    ] as const
    for (const [off, on, why] of ways) {
      const id = await copyOfRecht(world)
      const { thread_id } = await talk(world, "member", id, ["say:eins", "say:zweite Antwort"])
      await editAgent(world, id, off)
      for (const person of ["member", "admin"] as const) await isNotThere(world, person, id, why)
      await isNotThere(world, "otherOrganisation", id)
      assert.isTrue(await retired(world, id), "its row is kept, and marked")
      await staysReadable(world, thread_id)
      const run = { assistant_id: id, input: question("say:drei") }
      assert.strictEqual((await ask(world, "member", `POST /threads/${thread_id}/runs/wait`, run)).status, 404)
      await staysReadable(world, thread_id)

      await editAgent(world, id, on)
      assert.deepEqual((await say(world, "member", thread_id, id, ["say:wieder da"])).slice(-2), [
        "human: say:wieder da",
        "ai: wieder da"
      ])
      assert.isFalse(await retired(world, id))
      assert.include(await listed(world, "member"), id)
    }
    const id = await copyOfRecht(world)
    const { thread_id } = await talk(world, "member", id, ["say:eins", "say:zweite Antwort"])
    await world.database.query("delete from public.agents where id = $1", [id])
    await isNotThere(world, "member", id, /not found: its agent's row is gone/)
    await isNotThere(world, "otherOrganisation", id)
    await staysReadable(world, thread_id)
    const squat = await ask(world, "otherOrganisation", "POST /assistants", { assistant_id: id, graph_id: "agent" })
    assert.strictEqual(squat.status, 409, "nobody moves in")
  },

  "a restart retires them, if the running server has not, and they are counted once": async (world) => {
    const [off, gone] = [await copyOfRecht(world), await copyOfRecht(world)]
    for (const id of [off, gone]) await world.client("member").assistants.get(id)
    const before = world.logs.length
    await editAgent(world, off, "status = 'disabled'")
    await world.database.query("delete from public.agents where id = $1", [gone])
    const again = await startThroughline({ beside: world.around })
    try {
      assert.match(summaryOf(again), /created=0 updated=0 skipped=\d+ failed=0 retired=[0-2]$/)
      const counted = [...world.logs.slice(before), ...again.logs].map((line) =>
        Number(/[Ss]ync summary: .* retired=(\d+)/.exec(line)?.[1] ?? 0)
      )
      assert.strictEqual(counted.reduce((sum, one) => sum + one, 0), 2)
      for (const id of [off, gone]) assert.notInclude(await listed(again, "member"), id)
    } finally {
      await again.stop()
    }
  },

  "one of the other organisation is none of this one's business": async (world) => {
    await editAgent(world, agents.expose, "status = 'disabled'")
    await isNotThere(world, "otherOrganisation", agents.expose, /not found: its agent ".*" is not active/)
    await isNotThere(world, "member", agents.expose)
    assert.lengthOf((await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])).said, 4)
    await editAgent(world, agents.expose, "status = 'active'")
    assert.lengthOf((await talk(world, "otherOrganisation", agents.expose, ["say:eins", "say:zwei"])).said, 4)
  }
} satisfies Scenarios

/** The second generation's: an engine that is not ours to resolve is named, not passed off as gpt-4o. */
export const foreignEngines = {
  "an agent on a foreign engine answers nobody, and says to its own why": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins", "say:zwei"])
    const asked = world.model.requests.length
    await editAgent(world, agents.recht, "engine_type = 'organization'")
    const run = { assistant_id: agents.recht, input: question("say:drei") }
    for (const route of [`GET /assistants/${agents.recht}`, `GET /assistants/${agents.recht}/schemas`]) {
      const answer = await ask(world, "member", route)
      assert.strictEqual(answer.status, 422)
      assert.match(detailOf(answer), /Rechts-Assistent.*type "organization"/)
    }
    for (const path of [`/threads/${thread_id}/runs/wait`, "/runs/stream"]) {
      assert.strictEqual((await ask(world, "member", `POST ${path}`, run)).status, 422)
    }
    await isNotThere(world, "otherOrganisation", agents.recht)
    assert.notInclude(await listed(world, "member"), agents.recht)
    assert.lengthOf(world.model.requests, asked, "no model was asked in its stead")
    const again = await startThroughline({ beside: world.around })
    try {
      assert.match(summaryOf(again), /failed=1 retired=0$/)
      assert.isTrue(again.logs.some((line) => line.includes("Agent not synced: ⚖️ Rechts-Assistent")))
    } finally {
      await again.stop()
    }
    await editAgent(world, agents.recht, "engine_type = 'global'")
    assert.lengthOf(await say(world, "member", thread_id, agents.recht, ["say:wieder da"]), 6)
  }
} satisfies Scenarios
