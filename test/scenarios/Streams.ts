import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question, said } from "../support/Conversation.ts"
import { allFrames, type Frame } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post } from "../support/Wire.ts"

const answers = "say:eins zwei drei"

const streamed = async (world: Throughline, stream_mode: unknown, text = answers, thread?: string) => {
  const thread_id = thread ?? (await world.client("member").threads.create()).thread_id
  const body = {
    assistant_id: agents.recht,
    input: question(text),
    ...stream_mode === undefined ? {} : { stream_mode }
  }
  const response = await world.fetch("member", `/threads/${thread_id}/runs/stream`, post(body))
  assert.strictEqual(response.status, 200)
  return { thread_id, response, frames: await allFrames(response) }
}

const eventsOf = (frames: ReadonlyArray<Frame>) => frames.map(({ event }) => event)

/** Without repetitions in a row: how many tokens an answer has is the model's affair. */
const courseOf = (frames: ReadonlyArray<Frame>) =>
  eventsOf(frames).filter((event, index, all) => event !== all[index - 1])

/** Field failure 39: nothing of LangChain's own serialisation reaches a client. */
const isFlat = (frames: ReadonlyArray<Frame>) => {
  const text = JSON.stringify(frames)
  for (const trace of ["\"lc\":", "lc_kwargs", "[object Object]"]) assert.notInclude(text, trace)
}

/** What a run looks like while it runs. */
export const streams: Scenarios = {
  "frames are numbered, the first says which run it is, and headers say where it is": async (world) => {
    const { frames, response, thread_id } = await streamed(world, undefined)
    assert.deepEqual(eventsOf(frames), ["metadata", "values", "values"], "values, if nobody says otherwise")
    assert.deepEqual(frames.map(({ id }) => id), ["0", "1", "2"])
    const { attempt, run_id } = Object(frames[0]?.data)
    assert.strictEqual(attempt, 1)
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    assert.strictEqual(response.headers.get("content-location"), `/threads/${thread_id}/runs/${run_id}`)
    assert.strictEqual(response.headers.get("location"), `/threads/${thread_id}/runs/${run_id}/stream`)
    assert.deepEqual(frames.map(({ data }, index) => index === 0 ? [] : said(data)), [
      [],
      [`human: ${answers}`],
      [`human: ${answers}`, "ai: eins zwei drei"]
    ])
    isFlat(frames)
  },

  "the first values of a second message hold the whole conversation": async (world) => {
    const { thread_id } = await streamed(world, "values")
    const { frames } = await streamed(world, "values", "say:noch etwas", thread_id)
    const before = [`human: ${answers}`, "ai: eins zwei drei", "human: say:noch etwas"]
    assert.deepEqual(frames.slice(1).map(({ data }) => said(data)), [before, [...before, "ai: noch etwas"]])
  },

  "updates say which node did what": async (world) => {
    const { frames } = await streamed(world, ["updates"], "tool:search_laws:{\"query\":\"Miete\"}")
    assert.deepEqual(courseOf(frames), ["metadata", "updates"])
    const updates = frames.slice(1).flatMap(({ data }) => Object.entries(Object(data)))
    const [model = ""] = updates[0] ?? []
    assert.deepEqual(updates.map(([node]) => node), [model, "tools", model])
    assert.deepEqual(updates.map(([, update]) => said(update)), [
      ["ai: "],
      ["tool: result for Miete"],
      ["ai: tool said: result for Miete"]
    ])
    isFlat(frames)
  },

  "tokens come as they are said, each with what it belongs to": async (world) => {
    const { frames } = await streamed(world, "messages-tuple")
    assert.deepEqual(courseOf(frames), ["metadata", "messages"])
    const tuples = frames.slice(1).map(({ data }) => Object(data))
    assert.isTrue(tuples.every((tuple) => Array.isArray(tuple) && tuple.length === 2))
    const words = tuples.map(([message]) => message.content).filter((content) => content !== "")
    assert.deepEqual(words, ["eins ", "zwei ", "drei"])
    assert.lengthOf(new Set(tuples.map(([message]) => message.id)), 1)
    for (const [message, metadata] of tuples) {
      assert.include(["ai", "AIMessageChunk"], message.type)
      assert.strictEqual(metadata.run_id, Object(frames[0]?.data).run_id)
      assert.strictEqual(metadata.graph_id, "agent")
    }
    isFlat(frames)
  },

  "messages grow, are announced once and complete at the end": async (world) => {
    const { frames } = await streamed(world, "messages")
    assert.deepEqual(courseOf(frames), [
      "metadata",
      "messages/complete",
      "messages/metadata",
      "messages/partial",
      "messages/complete"
    ])
    const partial = frames.filter(({ event }) => event === "messages/partial").map(({ data }) =>
      Object(data)[0].content
    )
    assert.deepEqual([...new Set(partial)], ["", "eins ", "eins zwei ", "eins zwei drei"])
    assert.strictEqual(Object(frames.at(-1)?.data)[0].content, "eins zwei drei")
    isFlat(frames)
  },

  "several modes at once, each with its own; one without an event is fine": async (world) => {
    const modes = ["values", "messages-tuple", "updates", "custom"]
    const { frames } = await streamed(world, modes, "tool:search_laws:{\"query\":\"Frist\"}")
    assert.deepEqual([...new Set(eventsOf(frames))], ["metadata", "values", "messages", "updates"])
    assert.deepEqual(frames.map(({ id }) => Number(id)), frames.map((_, index) => index), "no number left out")
    assert.deepEqual(said(frames.findLast(({ event }) => event === "values")?.data), [
      "human: tool:search_laws:{\"query\":\"Frist\"}",
      "ai: ",
      "tool: result for Frist",
      "ai: tool said: result for Frist"
    ])
    const alone = await streamed(world, "custom")
    assert.deepEqual(eventsOf(alone.frames), ["metadata"])
    isFlat(frames)
  },

  "the stock SDK reads all of it": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const created: Array<string> = []
    const seen: Array<string> = []
    const streamMode = ["values", "updates", "messages", "messages-tuple", "custom"] as const
    for await (
      const { data, event } of runs.stream(thread_id, agents.recht, {
        input: question(answers),
        streamMode: [...streamMode],
        onRunCreated: ({ run_id }) => created.push(run_id)
      })
    ) {
      if (seen.length === 0) assert.deepEqual([event, Object(data).run_id], ["metadata", created[0]])
      seen.push(event)
    }
    const kinds = ["values", "updates", "messages", "messages/metadata", "messages/partial", "messages/complete"]
    assert.includeMembers(seen, kinds)
  },

  "the run has ended in the database before its stream does": async (world) => {
    const { runs } = world.client("member")
    for (const text of ["say:fertig", "fail:400"]) {
      const { frames, thread_id } = await streamed(world, "values", text)
      const { run_id } = Object(frames[0]?.data)
      const { rows } = await world.database.query<{ status: string; thread: string }>(
        `select r.status, t.status as thread
         from langgraph_server.runs r
         join langgraph_server.threads t on t.id = r.thread_id
         where r.id = $1`,
        [run_id]
      )
      const ended = text === "say:fertig" ? { status: "success", thread: "idle" } : { status: "error", thread: "error" }
      assert.deepEqual(rows, [ended])
      const next = await runs.create(thread_id, agents.recht, { input: question("say:sofort") })
      assert.strictEqual(said(await runs.join(thread_id, next.run_id)).at(-1), "ai: sofort")
    }
  }
}
