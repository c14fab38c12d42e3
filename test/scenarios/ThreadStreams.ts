import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { conversation, ends, eventsUntil, saidIn, startSaying } from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"

/** A thread's runs as one stream, whichever way they were asked for and are read. */
export const threadStreams: Scenarios = {
  "a run that was asked for in another way is on the stream too": async (world) => {
    const thread = await conversation(world, "say:eins")
    const { runs } = world.client("member")
    await runs.wait(thread, agents.recht, { input: question("say:zwei") })
    await runs.create(thread, agents.recht, { input: question("say:drei"), streamMode: "messages-tuple" })
    const root = { channels: ["lifecycle", "values"], namespaces: [[]], depth: 0 }
    const events = await eventsUntil(world, thread, root, ends(3))
    const states = events.filter(({ method }) => method === "values").map(({ params }) => saidIn(params.data).at(-1))
    assert.deepEqual(states, ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei", "ai: drei"])
  },

  "whoever joins such a run as an ordinary one reads ordinary frames": async (world) => {
    const thread = randomUUID()
    const { result } = await startSaying(world, thread, "say:gewöhnlich")
    const modes: Array<string> = []
    let last: unknown
    for await (const { data, event } of world.client("member").runs.joinStream(thread, String(result?.["run_id"]))) {
      modes.push(event)
      if (event === "values") last = data
    }
    assert.deepEqual(modes, ["metadata", "values", "tasks", "updates", "tasks", "values"])
    assert.deepEqual(saidIn(last), ["human: say:gewöhnlich", "ai: gewöhnlich"])
  },

  "the runs of a thread as one stream of their own frames": async (world) => {
    const thread = await conversation(world, "say:eins")
    const { threads } = world.client("member")
    const ids: Array<string> = []
    const seen: Array<string> = []
    const joined = threads.joinStream(thread, { lastEventId: "-" })
    const done = (data: unknown) => JSON.stringify(data).includes("run_done")
    let runs = 0
    for await (const { data, event, id } of joined) {
      seen.push(event)
      ids.push(id ?? "")
      if (done(data) && ++runs === 1) await startSaying(world, thread, "say:zwei")
      if (runs === 2) break
    }
    const one = ["metadata", "values", "tasks", "updates", "tasks", "values", "metadata"]
    assert.deepEqual(seen, [...one, ...one])
    const rest: Array<string> = []
    for await (const { event } of threads.joinStream(thread, { lastEventId: ids[9] ?? "", streamMode: "lifecycle" })) {
      rest.push(event)
      break
    }
    assert.deepEqual(rest, ["metadata"])
  }
}
