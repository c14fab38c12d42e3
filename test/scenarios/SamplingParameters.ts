import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { editAgent } from "../support/Agents.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { say, talk } from "../support/Talk.ts"

const sampling = {
  temperature: 0.11,
  top_p: 0.22,
  top_k: 33,
  max_tokens: 44,
  frequency_penalty: 0.55,
  presence_penalty: 0.66,
  repetition_penalty: 1.07,
  stop: ["HALT", "ENDE"],
  seed: 88
}

/** Field failure 28, on the second generation's tables. */
export const samplingParameters = {
  "each parameter of the row reaches the model, and follows the row": async (world) => {
    await editAgent(world, agents.recht, "sampling_params = $2", JSON.stringify(sampling))
    const { thread_id } = await talk(world, "member", agents.recht, ["say:eins"])
    const { max_tokens, ...others } = sampling
    const first = world.model.requests.at(-1)?.body ?? {}
    assert.deepInclude(first, others)
    assert.strictEqual(first["max_tokens"] ?? first["max_completion_tokens"], max_tokens)

    // One after the other taken away: what is not in the row is not in the request, or the graph's default.
    const defaults: Readonly<Record<string, unknown>> = { temperature: 0.7, max_tokens: 4000 }
    for (const key of Object.keys(sampling)) {
      const rest = Object.fromEntries(Object.entries(sampling).filter(([other]) => other !== key))
      await editAgent(world, agents.recht, "sampling_params = $2", JSON.stringify(rest))
      await say(world, "member", thread_id, agents.recht, [`say:${key}`])
      const body = world.model.requests.at(-1)?.body ?? {}
      const sent = key === "max_tokens" ? body["max_tokens"] ?? body["max_completion_tokens"] : body[key]
      assert.strictEqual(sent, defaults[key], key)
    }
  },

  "a parameter that no model takes is said aloud": async (world) => {
    await editAgent(world, agents.dokumente, "sampling_params = '{\"temprature\": 1, \"temperature\": null}'")
    const assistant = await world.client("member").assistants.get(agents.dokumente)
    assert.include(JSON.stringify(assistant.metadata?.["warnings"]), "temprature")
    assert.notProperty(assistant.config.configurable, "temprature")
    await talk(world, "member", agents.dokumente, ["say:eins", "say:zwei"])
    assert.strictEqual(world.model.requests.at(-1)?.body["temperature"], 0.7)
  },

  "tools of the assistant's own come from the row as the list that they are": async (world) => {
    const ids = ["60000000-0000-4000-a000-000000000001", "60000000-0000-4000-a000-000000000002"]
    await editAgent(world, agents.wartung, "assistant_tool_ids = $2", ids)
    const assistant = await world.client("member").assistants.get(agents.wartung)
    assert.deepEqual(assistant.config.configurable?.["agent_tools"], ids)
  }
} satisfies Scenarios
