import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { question } from "../support/Conversation.ts"
import { framesOf } from "../support/Events.ts"
import { command, conversation, ends, eventsUntil, isEnd, startSaying } from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { post } from "../support/Wire.ts"

/** Where the streaming protocol ends: what it refuses, whom it tells nothing, what is no longer there. */
export const protocolBounds: Scenarios = {
  "what is not understood is refused in words": async (world) => {
    const thread = randomUUID()
    const { error, message } = await command(world, thread, "run.start", { input: {} })
    assert.deepEqual([error, message], ["invalid_argument", "run.start requires an assistant_id."])
    const { thread_id } = await world.client("member").threads.create()
    assert.strictEqual((await command(world, thread_id, "agent.getTree")).error, "no_such_run")
    assert.strictEqual((await command(world, thread_id, "input.respond", {})).error, "invalid_argument")
    assert.strictEqual((await command(world, thread_id, "input.respond", { interrupt_id: "x" })).error, "no_such_run")
    const spoken = await conversation(world, "say:x")
    const unknown = await command(world, spoken, "nope")
    assert.deepEqual(unknown, {
      type: "error",
      id: 7,
      error: "unknown_command",
      message: "Unknown protocol command: nope",
      meta: { thread_id: spoken, applied_through_seq: unknown.meta?.applied_through_seq ?? -1 }
    })
    const early = await command(world, spoken, "input.respond", { interrupt_id: "x", response: "y" })
    assert.strictEqual(early.message, "input.respond can only be used while the run is interrupted.")
    const path = `/threads/${spoken}`
    assert.strictEqual((await world.fetch("member", `${path}/stream/events`, post({}))).status, 422)
    assert.strictEqual((await world.fetch("member", `${path}/commands`, post({ method: "state.get" }))).status, 422)
  },

  "nobody else's thread is there": async (world) => {
    const thread = await conversation(world, "say:privat")
    for (const person of ["otherOrganisation", "admin", "noOrganisation"] as const) {
      const events = await world.fetch(person, `/threads/${thread}/stream/events`, post({ channels: ["values"] }))
      assert.strictEqual(events.status, 404)
      assert.strictEqual((await world.fetch(person, `/threads/${thread}/stream`)).status, 404)
      for (const method of ["state.get", "agent.getTree", "nope"]) {
        const answer = await world.fetch(person, `/threads/${thread}/commands`, post({ id: 1, method }))
        assert.strictEqual(answer.status, 404)
        assert.notInclude(await answer.text(), "privat")
      }
    }
    const params = { assistant_id: "agent", input: question("say:fremd") }
    const intruder = await world.fetch(
      "otherOrganisation",
      `/threads/${thread}/commands`,
      post({ id: 1, method: "run.start", params })
    )
    assert.strictEqual(intruder.status, 404)
    const own = randomUUID()
    await command(world, own, "run.start", params, "otherOrganisation")
    assert.strictEqual((await world.fetch("member", `/threads/${own}`)).status, 404)
  },

  "runs whose logs have been cleared away are left out, and the others are told as before": async (world) => {
    const thread = await conversation(world, "say:eins", "say:zwei")
    const both = await eventsUntil(world, thread, {}, ends(2))
    const { rows } = await world.database.query<{ id: string }>(
      "select id from langgraph_server.runs where thread_id = $1 order by nth",
      [thread]
    )
    await world.database.query("delete from langgraph_server.run_events where run_id = $1", [rows[0]?.id])
    const second = both.slice(both.findIndex(isEnd) + 1)
    assert.deepEqual(await eventsUntil(world, thread, {}, isEnd), second)
    assert.deepEqual(await eventsUntil(world, thread, { since: 3 }, isEnd), second)
    await world.database.query("delete from langgraph_server.run_events where run_id = $1", [rows[1]?.id])
    const { meta, result } = await command(world, thread, "state.get")
    assert.include(JSON.stringify(result), "zwei", "the state is there all the same")
    await startSaying(world, thread, "say:drei")
    const third = await eventsUntil(world, thread, { since: meta?.applied_through_seq ?? 0 }, isEnd)
    assert.deepEqual(third.map(({ method }) => method), second.map(({ method }) => method))
  },

  "a thread's stream ends with the thread": async (world) => {
    const thread = await conversation(world, "say:kurz")
    const body = post({ channels: ["lifecycle"], namespaces: [[]], depth: 0 })
    const seen: Array<string> = []
    for await (const frame of framesOf(await world.fetch("member", `/threads/${thread}/stream/events`, body))) {
      seen.push(frame.event)
      if (seen.length === 2) await world.client("member").threads.delete(thread)
    }
    assert.deepEqual(seen, ["lifecycle", "lifecycle"])
  }
}
