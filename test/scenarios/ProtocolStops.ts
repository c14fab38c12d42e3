import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { command, eventsUntil, isEnd } from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"

/** Calls of tools that come to nothing: a rejection that nobody handles ends a process, and fails whatever test it is in. */
export const protocolStops: Scenarios = {
  "a stop in the midst of a tool's call ends that run and nothing else": async (world) => {
    const thread = randomUUID()
    const { runs } = world.client("member")
    await command(world, thread, "run.start", {
      assistant_id: agents.recht,
      input: question("tool:slow:{\"ms\":20000}")
    })
    const call = await world.until(
      "the tool was called",
      () => world.legal.seen.calls.findLast(({ tool }) => tool === "slow")
    )
    const [run] = await runs.list(thread)
    await runs.cancel(thread, run?.run_id ?? "", true)
    await world.until("the tool's call is gone", () => call.aborted)
    const told = await eventsUntil(world, thread, { channels: ["lifecycle", "tools"] }, isEnd)
    assert.include(told.map(({ params }) => params.data["event"]), "tool-started")
    assert.strictEqual((await runs.get(thread, run?.run_id ?? "")).status, "interrupted")
  },

  "a tool that fails is told of, and the run goes on": async (world) => {
    const thread = randomUUID()
    await command(world, thread, "run.start", { assistant_id: agents.recht, input: question("tool:fails:{}") })
    const told = await eventsUntil(world, thread, { channels: ["lifecycle", "tools"] }, isEnd)
    assert.strictEqual(told.at(-1)?.params.data["event"], "completed")
    assert.include(JSON.stringify(told), "no such law")
  }
}
