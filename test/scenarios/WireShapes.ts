import { assert } from "vitest"
import { agents, people } from "../../src/adapters/demo/World.ts"
import { messagesOf, question, said } from "../support/Conversation.ts"
import { allFrames } from "../support/Events.ts"
import type { Scenarios } from "../support/Scenarios.ts"
import type { Throughline } from "../support/Throughline.ts"
import { post, refusal } from "../support/Wire.ts"

const recht = agents.recht

const idsIn = (values: unknown) => messagesOf(values).map(({ id }) => id)

/** One turn as a chat page streams it: where its run is, and its frames. */
const turn = async (world: Throughline, thread_id: string, body: object) => {
  const asked = { assistant_id: recht, stream_mode: ["messages-tuple", "values"], stream_resumable: true, ...body }
  const response = await world.fetch("member", `/threads/${thread_id}/runs/stream`, post(asked))
  const frames = await allFrames(response)
  const tuples = frames.filter(({ event }) => event === "messages").map(({ data }) => Object(data))
  return {
    location: response.headers.get("content-location") ?? "",
    values: frames.findLast(({ event }) => event === "values")?.data,
    tuples,
    streamed: [...new Set(tuples.map(([message]) => message.id))]
  }
}

/** What clients read in answers beside the conversation itself. */
export const wireShapes: Scenarios = {
  "a chat page finds its threads by the graph and by the assistant that ran on them": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create({ metadata: { page: "chat" } })
    await runs.wait(thread_id, recht, { input: question("say:da") })
    const { metadata } = await threads.get(thread_id)
    assert.deepEqual(metadata, { page: "chat", graph_id: "agent", assistant_id: recht })
    for (const filter of [{ graph_id: "agent" }, { assistant_id: recht }, { page: "chat", assistant_id: recht }]) {
      const found = await threads.search({ metadata: filter, limit: 100 })
      assert.include(found.map((thread) => thread.thread_id), thread_id)
      assert.strictEqual(await threads.count({ metadata: filter }), found.length)
    }
    assert.deepEqual(await threads.search({ ids: [thread_id], metadata: { assistant_id: agents.dokumente } }), [])
    assert.deepEqual(await world.client("admin").threads.search({ metadata: { assistant_id: recht } }), [])

    await runs.wait(thread_id, agents.dokumente, { input: question("say:jetzt der") })
    const now = (await threads.get(thread_id)).metadata
    assert.deepEqual(now, { page: "chat", graph_id: "agent", assistant_id: agents.dokumente })
  },

  "what a member writes into a thread's metadata moves no run and hides no state": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create({ graphId: "no-such-graph" })
    await runs.wait(thread_id, recht, { input: question("say:eins") })
    await threads.update(thread_id, { metadata: { graph_id: "no-such-graph", assistant_id: "nobody" } })
    assert.deepEqual(said((await threads.getState(thread_id)).values), ["human: say:eins", "ai: eins"])
    assert.lengthOf(await threads.getHistory(thread_id), 3)
  },

  "a refused run leaves the thread's metadata alone": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create({ metadata: { a: 1 } })
    await refusal(runs.create(thread_id, recht, { command: { resume: "?" } }), 409)
    assert.deepEqual((await threads.get(thread_id)).metadata, { a: 1 })
  },

  "a run's kwargs have the configuration's metadata as the run has it": async ({ client }) => {
    const { runs, threads } = client("member")
    const { thread_id } = await threads.create()
    const run = await runs.create(thread_id, recht, { input: question("say:x"), metadata: { ticket: 7 } })
    await runs.join(thread_id, run.run_id)
    const { kwargs, metadata } = Object(await runs.get(thread_id, run.run_id))
    assert.deepInclude(metadata, { ticket: 7, graph_id: "agent", assistant_id: recht })
    assert.deepEqual(kwargs.config.metadata, metadata)
    assert.containsAllKeys(kwargs, ["input", "config", "context", "stream_mode", "temporary", "subgraphs", "resumable"])
    assert.containsAllKeys(kwargs.config, ["configurable", "metadata", "recursion_limit", "tags"])
  },

  "a failed task tells why as a text that the SDK reads as JSON, in the state and in the history": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create()
    await runs.wait(thread_id, recht, { input: question("fail:400"), raiseError: false })
    const [newest] = await threads.getHistory(thread_id)
    for (const state of [await threads.getState(thread_id), newest]) {
      const error = state?.tasks.at(-1)?.error ?? ""
      assert.isString(error)
      const { message, name } = JSON.parse(error)
      assert.strictEqual(message, "400 told to fail with 400")
      assert.match(name, /Error$/)
    }
  },

  "a message has one id in the stream, in the values and in the state, turn after turn": async (world) => {
    const { threads } = world.client("member")
    const { thread_id } = await threads.create()
    for (const text of ["say:eins zwei", "tool:search_laws:{\"query\":\"Miete\"}", "say:drei"]) {
      const before = idsIn((await threads.getState(thread_id)).values)
      const { streamed, tuples, values } = await turn(world, thread_id, { input: question(text) })
      const [, ...answered] = idsIn(values).slice(before.length)
      assert.deepEqual(streamed, answered, text)
      assert.deepEqual(idsIn((await threads.getState(thread_id)).values), idsIn(values))
      for (const [, metadata] of tuples) {
        assert.containsAllKeys(metadata, ["langgraph_node", "langgraph_step", "langgraph_checkpoint_ns", "run_id"])
        assert.deepInclude(metadata, { thread_id, graph_id: "agent", assistant_id: recht })
      }
    }
  },

  "a chat page submits, goes on, stops, reloads, edits and asks again": async (world) => {
    const { runs, threads } = world.client("member")
    const { thread_id } = await threads.create({ metadata: {} })
    const human = (content: string, id: string) => ({ messages: [{ type: "human", content, id }] })
    /** A checkpoint as the hook sends it: without its thread. */
    const place = (checkpoint: object | null | undefined) => ({ checkpoint: { ...checkpoint, thread_id: undefined } })
    const head = async () => (await threads.getHistory(thread_id, { limit: 10 }))[0]

    const first = await turn(world, thread_id, { input: human("say:eins", "h1"), stream_subgraphs: true })
    assert.match(first.location, new RegExp(`^/threads/${thread_id}/runs/[^/]+$`))
    await turn(world, thread_id, { input: human("say:zwei", "h2"), ...place((await head())?.checkpoint) })
    const whole = ["human: say:eins", "ai: eins", "human: say:zwei", "ai: zwei"]
    assert.deepEqual(said((await head())?.values), whole)

    const { run_id } = await runs.create(thread_id, recht, { input: question("slow:20000:nie") })
    await world.until("the run has begun", async () => said((await head())?.values).length === 5)
    const stop = `/threads/${thread_id}/runs/${run_id}/cancel?wait=0&action=interrupt`
    assert.strictEqual((await world.fetch("member", stop, { method: "POST" })).status, 202)
    await world.until("the run has ended", async () => (await threads.get(thread_id)).status === "idle")
    assert.deepEqual([(await head())?.next, (await head())?.tasks.map(({ interrupts }) => interrupts)], [
      ["model_request"],
      [[]]
    ])

    const history = await threads.getHistory(thread_id)
    const firstWith = (id: string) => history.findLast(({ values }) => idsIn(values).includes(id))
    const answer = idsIn(first.values).at(-1) ?? ""
    const again = await turn(world, thread_id, place(firstWith(answer)?.parent_checkpoint))
    assert.deepEqual(said(again.values), whole.slice(0, 2))
    const edited = await turn(world, thread_id, {
      input: human("say:drei", "h3"),
      ...place(firstWith("h2")?.parent_checkpoint)
    })
    assert.deepEqual(said(edited.values), [...whole.slice(0, 2), "human: say:drei", "ai: drei"])
    const anew = await turn(world, thread_id, {
      input: human("say:vier", "h4"),
      ...place(firstWith("h1")?.parent_checkpoint)
    })
    assert.deepEqual(said(anew.values), ["human: say:vier", "ai: vier"])
    assert.deepEqual(said((await head())?.values), said(anew.values))
  },

  "a search that would look through too many values is refused, not cut short": async (world) => {
    await world.database.query(
      `insert into langgraph_server.threads (id, owner_id, metadata)
       select gen_random_uuid(), $1, '{"many": true}' from generate_series(1, 1001)`,
      [people.member]
    )
    for (const path of ["/threads/search", "/threads/count"]) {
      const response = await world.fetch("member", path, post({ metadata: { many: true }, values: { a: 1 } }))
      assert.strictEqual(response.status, 422)
      assert.include(await response.text(), "1001 threads")
    }
  }
}
