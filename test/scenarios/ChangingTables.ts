import { readFile } from "node:fs/promises"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { editAgent, syncedIn } from "../support/Agents.ts"
import { ask } from "../support/Ask.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"
import { isNotThere } from "./VisibleAssistants.ts"

const secondGeneration = new URL("../../src/adapters/demo/world/schema-v2.sql", import.meta.url)

/** Field failure 26: the consumer's tables are not ours, and change under us. From the first generation on. */
export const changingTables = {
  "tables that can't be read leave assistants as they were synced, and that is said": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins"])
    await world.database.query("alter table public.ai_models rename to models")
    assert.lengthOf(await say(world, "member", thread_id, agents.recht, ["say:zwei"]), 4)
    assert.strictEqual(world.model.requests.at(-1)?.body["model"], "gpt-4o-mini")
    const warned = world.logs.findLast((line) => line.includes("Serving assistants as they were last synced")) ?? ""
    assert.include(warned, "table public.ai_models")
    await isNotThere(world, "otherOrganisation", agents.recht)
    await world.database.query("alter table public.models rename to ai_models")
    await editAgent(world, agents.recht, "system_prompt = 'Du bist wieder da.'")
    await say(world, "member", thread_id, agents.recht, ["say:drei"])
    assert.include(JSON.stringify(world.model.requests.at(-1)?.body), "Du bist wieder da.")
  },

  "the consumer's migration to the second generation is followed while it runs": async (world) => {
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins"])
    const before = await world.client("member").assistants.get(agents.recht)
    await world.database.query(await readFile(secondGeneration, "utf8"))
    assert.lengthOf(await say(world, "member", thread_id, agents.recht, ["say:zwei"]), 4)
    assert.deepEqual(
      await world.client("member").assistants.get(agents.recht),
      before,
      "it says the same in other words"
    )
    await editAgent(world, agents.recht, "sampling_params = sampling_params || '{\"seed\": 5}'")
    await say(world, "member", thread_id, agents.recht, ["say:drei"])
    assert.strictEqual(world.model.requests.at(-1)?.body["seed"], 5)
    assert.strictEqual(world.model.requests.at(-1)?.body["temperature"], 0.3)
    await isNotThere(world, "otherOrganisation", agents.recht)
  }
} satisfies Scenarios

/** In a world that has lost a table before the server started. */
export const missingTable = {
  "the start names it, and serves what needs no agents": async (world) => {
    const failed = await world.until("the sync", () => world.logs.find((line) => line.includes("Startup sync failed")))
    assert.include(failed, "missing: table public.agent_mcp_tools")
    assert.deepEqual(await syncedIn(world.database), [])
    assert.strictEqual((await ask(world, "member", `GET /assistants/${agents.recht}`)).status, 404)
    for (const person of ["member", "otherOrganisation"] as const) {
      assert.lengthOf((await talk(world, person, "agent", ["say:eins", "say:zwei"])).said, 4)
    }
  }
} satisfies Scenarios
