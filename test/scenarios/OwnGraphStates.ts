import { assert } from "vitest"
import { people } from "../../src/adapters/demo/World.ts"
import { allFrames } from "../support/Events.ts"
import { ownGraphs } from "../support/OwnGraphs.ts"
import { command, eventsUntil, isEnd } from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import { startThroughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

/** What a team's own graphs keep, and what is told of them. */
export const ownGraphStates = {
  "two runs of one graph at once have each its own configuration, and no secret gets into a checkpoint": async (
    world
  ) => {
    const run = async (person: "member" | "otherOrganisation", tone: string) => {
      const { runs, threads } = world.client(person)
      const { thread_id } = await threads.create()
      const config = { configurable: { tone, custom_api_key: `sk-canary-${tone}` } }
      const values = await runs.wait(thread_id, "secretive", { input: { ms: 300 }, config })
      assert.propertyVal(values, "secret", `sk-canary-${tone}`.length)
      const streamMode = ["values", "debug", "checkpoints", "tasks", "events"] as const
      const frames: Array<string> = []
      for await (
        const frame of runs.stream(thread_id, "secretive", { input: { ms: 0 }, config, streamMode: [...streamMode] })
      ) frames.push(JSON.stringify(frame))
      assert.isAbove(frames.length, 10)
      assert.notInclude(frames.join("\n"), "sk-canary")
      const state = await threads.getState<{ readonly tones: ReadonlyArray<string> }>(thread_id)
      assert.deepEqual([...state.values.tones], Array(4).fill(`${tone} of ${people[person]}`))
      return thread_id
    }
    const threads = await Promise.all([run("member", "warm"), run("otherOrganisation", "cold"), run("member", "dry")])
    for (const table of ["checkpoints", "checkpoint_blobs", "checkpoint_writes", "runs", "run_events", "threads"]) {
      const { rows } = await world.database.query<{ row: string }>(
        `select row_to_json(t)::text as row from langgraph_server.${table} t where ${
          table === "threads" ? "id" : "thread_id"
        }::text = any($1)`,
        [threads]
      )
      if (table !== "run_events") assert.isNotEmpty(rows, table)
      const text = rows.map(({ row }) =>
        row.replace(/\\\\x([0-9a-f]+)/g, (_, hex) => Buffer.from(hex, "hex").toString())
      )
      if (table === "checkpoint_blobs") assert.include(text.join("\n"), "warm of", "it is read as it was written")
      assert.notInclude(text.join("\n"), "sk-canary", table)
      if (table.startsWith("checkpoint")) assert.notInclude(text.join("\n"), "langgraph_auth_user", table)
    }
  },

  "what shows a graph from inside shows no secret, in a run's own frames and by the protocol": async (world) => {
    const secret = "canary: \"a key\""
    const asked = { assistant_id: "echo", config: { configurable: { custom_api_key: secret } } }
    const { thread_id } = await world.client("member").threads.create()
    const stream = await world.fetch(
      "member",
      `/threads/${thread_id}/runs/stream`,
      post({ ...asked, input: {}, stream_mode: ["tasks"] })
    )
    const frames = (await allFrames(stream)).filter(({ event }) => event === "tasks").map(({ data }) => data)
    const thread = crypto.randomUUID()
    await command(world, thread, "run.start", { ...asked, input: {} })
    const events = await eventsUntil(world, thread, { channels: ["tasks", "lifecycle"] }, isEnd)
    const tasks = events.filter(({ method }) => method === "tasks").map(({ params: { data } }) => data)
    for (const inside of [frames, tasks]) {
      assert.include(JSON.stringify(inside), "custom_api_key")
      assert.include(JSON.stringify(inside), "[redacted]")
      assert.notInclude(JSON.stringify(inside), "canary")
    }
  },

  "more than JSON can be kept in a state": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, "rich", { input: { kinds: null } })
    const values = await runs.wait(thread_id, "rich", { input: { kinds: null } })
    assert.deepPropertyVal(values, "kinds", {
      map: "Map",
      set: "Set",
      bytes: "Uint8Array",
      date: "String",
      pattern: "RegExp",
      error: "Error",
      nothing: "Undefined",
      talks: "Map",
      nested: "Array",
      talk: "HumanMessage",
      inner: "Set",
      deep: "Map"
    })
  },

  "what a graph takes and gives is told by its own schemas": async (world) => {
    const { assistants } = world.client("member")
    const typed = await assistants.getSchemas("typed")
    assert.deepNestedPropertyVal(typed, "input_schema.properties", { celsius: { type: "number" } })
    assert.deepNestedPropertyVal(typed, "output_schema.properties", { fahrenheit: { type: "number" } })
    assert.deepNestedPropertyVal(typed, "state_schema.properties.celsius", {
      type: "number",
      description: "What is measured"
    })
    assert.deepNestedPropertyVal(typed, "context_schema.properties.digits.type", "integer")
    const hitl = await assistants.getSchemas("hitl")
    assert.deepNestedPropertyVal(hitl, "state_schema.properties", { question: {}, answer: {}, log: {} })
    const chat = await assistants.getSchemas("chat")
    assert.deepNestedPropertyVal(chat, "input_schema.properties.messages", { langgraph_type: "messages" })
    const inner = await assistants.getSubgraphs("nested", { recurse: true })
    assert.deepNestedPropertyVal(inner, "sub.state_schema.properties", { log: {} })
    const { nodes } = await assistants.getGraph("nested", { xray: true })
    assert.deepEqual(nodes.map(({ id }) => id), ["__start__", "p1", "sub:c1", "sub:c2", "__end__"])
  },

  "a restart goes on with the threads of one's own graphs": async (world) => {
    const { thread_id } = await world.client("member").threads.create()
    await world.client("member").runs.wait(thread_id, "hitl", { input: { question: "still there?" } })
    const again = await startThroughline({
      beside: world.around,
      ...ownGraphs
    })
    try {
      const values = await again.client("member").runs.wait(thread_id, "hitl", { command: { resume: "yes" } })
      assert.deepInclude(values, { question: "still there?", answer: "yes" })
    } finally {
      await again.stop()
    }
  }
} satisfies Scenarios
