import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { randomUUID } from "node:crypto"
import { type StateClaim, StateClaimLost, type ThreadId } from "../../src/domain/Thread.ts"
import { AgentGraphs, type CheckpointPlace, InvalidStateUpdate, type StateUpdate } from "../../src/ports/AgentGraphs.ts"
import { endOf, newThread, said, signals, stateOf, withOwnTools } from "./graph-world.ts"

/** The right to write a thread's state, as whoever updates it has it. */
const claimOf = Effect.fnUntraced(function*(thread: ThreadId) {
  const sql = yield* PgClient.PgClient
  const claim: StateClaim = { thread_id: thread, token: randomUUID() }
  yield* sql`
    insert into langgraph_server.threads (id, owner_id, metadata, state_claim)
    values (${thread}, 'user-1', '{}', ${claim.token}::uuid)
    on conflict (id) do update set state_claim = excluded.state_claim`
  return claim
})

const nothing: StateUpdate = { values: null, command: null, as_node: null }

const user = (content: string, id?: string) => ({
  messages: [{ role: "user", content, ...(id === undefined ? {} : { id }) }]
})

const update = Effect.fnUntraced(function*(
  thread: ThreadId,
  asked: Partial<StateUpdate>,
  { at = null, graph = "agent" }: { readonly at?: CheckpointPlace | null; readonly graph?: string } = {}
) {
  const graphs = yield* AgentGraphs
  const { checkpoint_id = null, checkpoint_ns = "" } = at ?? {}
  const place = checkpoint_id === null ? null : { checkpoint_id, checkpoint_ns }
  return yield* graphs.update(graph, yield* claimOf(thread), { ...nothing, ...asked }, place)
})

const refusal = (...asked: Parameters<typeof update>) =>
  Effect.map(Effect.flip(update(...asked)), (error) => {
    assert.instanceOf(error, InvalidStateUpdate)
    assert.notInclude(error.message, "node_modules")
    assert.notInclude(error.message, "http")
    return error.message
  })

const placeOf = (checkpoint: object | null): CheckpointPlace => {
  const { checkpoint_id, checkpoint_ns } = Object(checkpoint)
  return { checkpoint_id: String(checkpoint_id), checkpoint_ns: String(checkpoint_ns) }
}

const saidIn = (values: unknown) => said(JSON.stringify(values))

layer(withOwnTools, { excludeTestServices: true })("States that are written", (it) => {
  it.effect("begin a thread, and a run without input goes on from there", () =>
    Effect.gen(function*() {
      const thread = newThread()
      const updated = yield* update(thread, { values: user("say:from update", "m1"), as_node: "__start__" })
      assert.deepStrictEqual(updated.next, ["model_request"])
      assert.containsAllKeys(updated.checkpoint, ["thread_id", "checkpoint_id", "checkpoint_ns"])
      const state = yield* stateOf(thread)
      assert.deepStrictEqual(Object(state.values).messages, [
        { content: "say:from update", id: "m1", additional_kwargs: {}, response_metadata: {}, type: "human" }
      ])
      assert.deepInclude(state.metadata, {
        source: "update",
        step: 0,
        parents: {},
        graph_id: "agent",
        thread_id: thread
      })
      assert.deepStrictEqual(state.checkpoint, updated.checkpoint)
      assert.isNull(state.parent_checkpoint)
      const end = endOf(yield* signals(null, { thread }))
      assert.deepStrictEqual(said(end.values), ["human: say:from update", "ai: from update"])
    }))

  it.effect("follow the graph's reducers: a message with an id that is there takes its place", () =>
    Effect.gen(function*() {
      const thread = newThread()
      yield* signals(null, { thread, request: { input: user("say:first", "h1") } })
      const updated = yield* update(thread, { values: user("patched", "h1") })
      assert.deepStrictEqual(updated.next, [])
      assert.deepStrictEqual(saidIn((yield* stateOf(thread)).values), ["human: patched", "ai: first"])
      const { values } = yield* update(thread, { values: { messages: [{ type: "human", content: "flat" }, "text"] } })
        .pipe(
          Effect.andThen(stateOf(thread))
        )
      assert.deepStrictEqual(saidIn(values), ["human: patched", "ai: first", "human: flat", "human: text"])
    }))

  it.effect("branch off an earlier checkpoint, and the history shows both branches", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      const thread = newThread()
      yield* signals("say:first", { thread })
      const before = placeOf((yield* stateOf(thread)).checkpoint)
      yield* signals("say:second", { thread })
      const last = yield* stateOf(thread)
      const forked = yield* update(thread, { values: user("forked"), as_node: "model_request" }, { at: before })
      const state = yield* stateOf(thread)
      assert.deepStrictEqual(saidIn(state.values), ["human: say:first", "ai: first", "human: forked"])
      assert.deepStrictEqual(state.checkpoint, forked.checkpoint)
      assert.strictEqual(Object(state.parent_checkpoint).checkpoint_id, before.checkpoint_id)
      assert.deepStrictEqual(yield* stateOf(thread, placeOf(last.checkpoint)), last)
      const all = { limit: 20, before: null, metadata: null, checkpoint: null }
      const children = (yield* graphs.history("agent", thread, all)).filter(
        ({ parent_checkpoint }) => Object(parent_checkpoint).checkpoint_id === before.checkpoint_id
      )
      assert.strictEqual(children.length, 2)
    }))

  it.effect("can be copied, and what is pending in them can be cleared", () =>
    Effect.gen(function*() {
      const thread = newThread()
      yield* update(thread, { values: user("say:hi"), as_node: "__start__" })
      const first = yield* stateOf(thread)
      const copied = yield* update(thread, {})
      assert.deepStrictEqual(copied.next, ["model_request"])
      assert.deepStrictEqual((yield* stateOf(thread)).values, first.values)
      assert.deepStrictEqual((yield* update(thread, { as_node: "__end__" })).next, [])
    }))

  it.effect("are refused in words that say what is wrong", () =>
    Effect.gen(function*() {
      const thread = newThread()
      assert.include(yield* refusal(thread, { values: user("hi"), as_node: "nope" }), "\"nope\" does not exist")
      assert.include(yield* refusal(thread, { values: { nope: 1 }, as_node: "__start__" }), "has no \"nope\"")
      assert.include(yield* refusal(thread, { values: { toString: 1 }, as_node: "__start__" }), "has no \"toString\"")
      const nobody = { values: { messages: [{ content: "who?" }] }, as_node: "__start__" }
      assert.include(yield* refusal(thread, nobody), "role")
      const elsewhere = { checkpoint_id: randomUUID(), checkpoint_ns: "sub:nope" }
      assert.include(yield* refusal(thread, { values: user("hi") }, { at: elsewhere }), "\"sub\" not found")
      assert.isNull((yield* stateOf(thread)).checkpoint)
    }))

  it.effect("of a new thread come step by step, as in another one's history", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      const thread = newThread()
      const answer = { messages: [{ role: "assistant", content: "s2" }] }
      const steps: ReadonlyArray<ReadonlyArray<StateUpdate>> = [
        [{ ...nothing, values: user("s1", "u1"), as_node: "__input__" }],
        [{ ...nothing, values: user("s1", "u1"), as_node: "__start__" }],
        [{ ...nothing, values: answer, as_node: "model_request" }]
      ]
      const replayed = yield* graphs.replay("agent", yield* claimOf(thread), steps)
      assert.deepStrictEqual(replayed.next, [])
      assert.deepStrictEqual(saidIn((yield* stateOf(thread)).values), ["human: s1", "ai: s2"])
      const all = { limit: 20, before: null, metadata: null, checkpoint: null }
      const history = yield* graphs.history("agent", thread, all)
      assert.deepStrictEqual(history.map(({ metadata }) => metadata["step"]), [1, 0, -1])
      const both = { messages: [] }
      const unclear = [[{ ...nothing, values: both }, { ...nothing, values: both }]]
      const refused = yield* Effect.flip(graphs.replay("agent", yield* claimOf(newThread()), unclear))
      assert.include(refused.message, "as_node")
    }))

  it.effect("answer in a person's place, or change what is asked", () =>
    Effect.gen(function*() {
      const asking = { graph: "hitl", request: { input: { question: "q?" } } }
      const skipped = newThread()
      yield* signals(null, { ...asking, thread: skipped })
      const answered = yield* update(skipped, { values: { answer: "mine" }, as_node: "ask" }, { graph: "hitl" })
      assert.deepStrictEqual([answered.next, answered.interrupts], [[], {}])
      const changed = newThread()
      yield* signals(null, { ...asking, thread: changed })
      const waiting = yield* update(changed, { values: { question: "other?" }, as_node: "prepare" }, { graph: "hitl" })
      assert.deepStrictEqual(waiting.next, ["ask"])
      const again = endOf(yield* signals(null, { graph: "hitl", thread: changed }))
      assert.deepInclude(Object(Object.values(again.interrupts)[0])[0], { value: { ask: "other?" } })
      const command = { update: { question: "third?" }, goto: "ask" }
      const sent = yield* update(changed, { command, as_node: "prepare" }, { graph: "hitl" })
      assert.deepStrictEqual(sent.next, ["ask"])
    }))

  it.effect("are not written once a run has started on the thread", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      const thread = newThread()
      const stale = yield* claimOf(thread)
      yield* claimOf(thread)
      const asked = { ...nothing, values: user("too late"), as_node: "__start__" }
      const lost = yield* Effect.flip(graphs.update("agent", stale, asked, null))
      assert.instanceOf(lost, StateClaimLost)
      assert.isNull((yield* stateOf(thread)).checkpoint)
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(update(thread, asked))))
    }))

  it.effect("are found by a checkpoint of the thread and by no other", () =>
    Effect.gen(function*() {
      const { hasCheckpoint } = yield* AgentGraphs
      const thread = newThread()
      const other = newThread()
      yield* update(thread, { values: user("hi"), as_node: "__start__" })
      yield* update(other, { values: user("hi"), as_node: "__start__" })
      const at = placeOf((yield* stateOf(thread)).checkpoint)
      const own = { checkpoint_id: String(at.checkpoint_id), checkpoint_ns: "" }
      assert.isTrue(yield* hasCheckpoint(thread, own))
      assert.isFalse(yield* hasCheckpoint(other, own))
      assert.isFalse(yield* hasCheckpoint(thread, { ...own, checkpoint_ns: "sub" }))
      assert.isFalse(yield* hasCheckpoint(thread, { ...own, checkpoint_id: "nope" }))
    }))
})
