import { assert, layer } from "@effect/vitest"
import { Annotation, type LangGraphRunnableConfig, START, StateGraph } from "@langchain/langgraph"
import { Effect, Exit } from "effect"
import { randomUUID } from "node:crypto"
import { startRun } from "../../src/adapters/langgraph/AgentRun.ts"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import { RunId } from "../../src/domain/Run.ts"
import type { RunRequest } from "../../src/domain/RunRequest.ts"
import type { ThreadId } from "../../src/domain/Thread.ts"
import { noAgents } from "../../src/ports/AgentCalls.ts"
import { AgentGraphs, type GraphRun, type GraphSignal } from "../../src/ports/AgentGraphs.ts"
import { unwatched } from "../../src/ports/RunSteps.ts"
import { plainConfiguration, plainRequest } from "../support/PlainRuns.ts"
import { claimed } from "./checkpointed-runs.ts"
import {
  endOf,
  failureOf,
  framesOf,
  newThread,
  parse,
  said,
  signals,
  stateOf,
  withOwnTools,
  World
} from "./graph-world.ts"

const input = (log: ReadonlyArray<string>): Partial<RunRequest> => ({ input: { log } })

const nested = (thread: ThreadId, request: Partial<RunRequest>) => signals(null, { graph: "nested", thread, request })

const logOf = (all: Parameters<typeof endOf>[0]) => parse(endOf(all).values).log

/** Where on the thread a state is, as a client has it from there. */
const refOf = (checkpoint: unknown) => {
  const { checkpoint_id, checkpoint_ns } = Object(checkpoint)
  return { checkpoint_id: String(checkpoint_id), checkpoint_ns: String(checkpoint_ns) }
}

const all = { limit: 50, before: null, metadata: null, checkpoint: null }

layer(withOwnTools, { excludeTestServices: true })("Going on with threads", (it) => {
  it.effect("regenerates an answer, and edits a question, from before they were there", () =>
    Effect.gen(function*() {
      const { history } = yield* AgentGraphs
      const thread = newThread()
      yield* signals("say:first", { thread })
      yield* signals("say:second", { thread })
      const states = yield* history("agent", thread, all)
      const asked = states.find(({ next, values }) =>
        next[0] === "model_request" && said(JSON.stringify(values)).length === 3
      )
      const again = yield* signals(null, { thread, request: { checkpoint: refOf(asked?.checkpoint) } })
      assert.deepStrictEqual(said(endOf(again).values).slice(2), ["human: say:second", "ai: second"])
      const unasked = states.find(({ next, values }) => next.length === 0 && said(JSON.stringify(values)).length === 2)
      const edited = yield* signals("say:other", { thread, request: { checkpoint: refOf(unasked?.checkpoint) } })
      assert.deepStrictEqual(said(endOf(edited).values).slice(2), ["human: say:other", "ai: other"])
      const first = states.at(-1)
      assert.deepStrictEqual(first?.next, ["__start__"])
      const latest = yield* history("agent", thread, all)
      assert.isAbove(latest.length, states.length)
      const parents = latest.map(({ parent_checkpoint }) => Object(parent_checkpoint).checkpoint_id)
      assert.strictEqual(parents.filter((id) => id === refOf(unasked?.checkpoint).checkpoint_id).length, 2)
      assert.deepStrictEqual(latest.slice(-states.length), states)
    }))

  it.effect("resumes a thread that failed half-way from its last checkpoint, without asking again what was done", () =>
    Effect.gen(function*() {
      const { model } = yield* World
      const thread = newThread()
      const before = model.requests.length
      yield* failureOf("fail:400", { thread })
      const failed = yield* stateOf(thread)
      assert.deepStrictEqual(failed.next, ["model_request"])
      assert.include(Object(failed.tasks[0]).error, "told to fail with 400")
      assert.strictEqual(model.requests.length, before + 1)
      const command = { update: { messages: [{ role: "user", content: "say:better" }] }, goto: "model_request" }
      const better = endOf(yield* signals(null, { thread, request: { command } }))
      assert.strictEqual(said(better.values).at(-1), "ai: better")
    }))

  it.effect("shows the state of a nested graph that waits, in its task and by its namespace", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      const thread = newThread()
      yield* nested(thread, input(["ask"]))
      const state = (subgraphs: boolean) => graphs.state("nested", thread, null, { subgraphs })
      const [task] = (yield* state(false)).tasks
      const { checkpoint, state: unasked } = Object(task)
      assert.isNull(unasked)
      assert.match(checkpoint.checkpoint_ns, /^sub:/)
      const within = Object((yield* state(true)).tasks[0]).state
      assert.deepStrictEqual([within.values, within.next], [{ log: ["ask", "p1", "c1"] }, ["c2"]])
      const place = { checkpoint_ns: checkpoint.checkpoint_ns, checkpoint_id: null }
      assert.deepStrictEqual(yield* graphs.state("nested", thread, place, { subgraphs: false }), within)
      const at = { ...place, checkpoint_id: within.checkpoint.checkpoint_id }
      assert.deepStrictEqual((yield* graphs.state("nested", thread, at, { subgraphs: false })).values, within.values)
      const past = yield* graphs.history("nested", thread, { ...all, checkpoint: place })
      assert.deepStrictEqual(past.map(({ next }) => next), [["c2"], ["c1"], ["__start__"]])
    }))

  it.effect("goes back to a checkpoint within a nested graph", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      const thread = newThread()
      yield* nested(thread, input(["ask"]))
      const waiting = yield* graphs.state("nested", thread, null, { subgraphs: true })
      const within = Object(waiting.tasks[0]).state
      assert.strictEqual(logOf(yield* nested(thread, { command: { resume: "one" } })).at(-1), "c2:one")
      const back = yield* nested(thread, { checkpoint: refOf(within.checkpoint) })
      assert.isTrue(endOf(back).waiting)
      assert.strictEqual(logOf(yield* nested(thread, { command: { resume: "two" } })).at(-1), "c2:two")
    }))

  it.effect("stops before and after nodes, and goes on without input", () =>
    Effect.gen(function*() {
      const thread = newThread()
      const before = yield* nested(thread, { ...input(["in"]), interrupt_before: ["sub"] })
      assert.deepStrictEqual([endOf(before).waiting, logOf(before)], [true, ["in", "p1"]])
      const after = yield* nested(thread, { interrupt_after: "*" })
      assert.strictEqual(logOf(after).at(-1), "c2")
      const other = newThread()
      const stopped = yield* nested(other, { ...input(["in"]), interrupt_after: ["p1"] })
      assert.deepStrictEqual([endOf(stopped).waiting, logOf(stopped)], [true, ["in", "p1"]])
      assert.isFalse(endOf(yield* nested(other, {})).waiting)
    }))

  it.effect("writes each step's checkpoint, or, with durability exit, the last one only", () =>
    Effect.gen(function*() {
      const { history } = yield* AgentGraphs
      for (const durability of ["sync", "async", "exit"] as const) {
        const thread = newThread()
        yield* nested(thread, { ...input(["in"]), durability })
        const states = yield* history("nested", thread, all)
        assert.strictEqual(states.length, durability === "exit" ? 1 : 4, durability)
        assert.deepStrictEqual(states[0]?.next, [])
      }
      const waits = newThread()
      yield* nested(waits, { ...input(["ask"]), durability: "exit" })
      assert.strictEqual(logOf(yield* nested(waits, { command: { resume: "yes" } })).at(-1), "c2:yes")
    }))

  it.effect("takes a run with nested graphs up again where it was lost, in whatever mode", () =>
    Effect.gen(function*() {
      const thread = newThread()
      const runId = RunId.make(randomUUID())
      const request = { ...input(["in"]), stream_subgraphs: true, stream_mode: ["values", "events", "debug"] } as const
      yield* signals(null, { graph: "nested", thread, runId, request: { ...request, interrupt_before: ["sub"] } })
      const again = yield* signals(null, { graph: "nested", thread, runId, attempt: 2, request })
      assert.deepStrictEqual(logOf(again), ["in", "p1", "in", "p1", "c1", "c2"])
      const nodes = framesOf(again).filter(({ event }) => event === "events").map(({ data }) => parse(data).name)
      assert.notInclude(nodes, "p1")
      assert.include(nodes, "c2")
    }))

  it.effect("takes a run up again within the nested graph that its worker was lost in", () =>
    Effect.gen(function*() {
      const saver = yield* (yield* Checkpointer).saver
      const thread = newThread()
      const runId = RunId.make(randomUUID())
      const calls: Array<string> = []
      const called = (name: string) => () => {
        calls.push(name)
        return { log: [name] }
      }
      /** The first time it is called its worker is lost. */
      const last = (_: unknown, { signal }: LangGraphRunnableConfig) => {
        const answer = called("c2")()
        if (calls.filter((name) => name === "c2").length > 1) return answer
        lost.abort()
        return new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(new Error("lost"))))
      }
      const lost = new AbortController()
      const State = Annotation.Root({
        log: Annotation<Array<string>>({ default: () => [], reducer: (before, now) => [...before, ...now] })
      })
      const child = new StateGraph(State).addNode("c1", called("c1")).addNode("c2", last)
        .addEdge(START, "c1").addEdge("c1", "c2").compile()
      const parent = new StateGraph(State).addNode("p", called("p")).addNode("sub", child)
        .addEdge(START, "p").addEdge("p", "sub")
      const work = Effect.fnUntraced(function*(attempt: number, signal: AbortSignal) {
        yield* claimed({ thread, run: runId, attempt })
        const graph = parent.compile({ checkpointer: saver.forRun({ attempt, runId }) })
        const request: RunRequest = {
          ...plainRequest,
          ...input(["in"]),
          durability: "sync",
          stream_subgraphs: true,
          stream_mode: ["updates"]
        }
        const run: GraphRun = {
          graphId: "nested",
          runId,
          threadId: thread,
          attempt,
          request,
          configuration: plainConfiguration,
          trusted: false,
          token: null,
          steps: unwatched,
          agents: noAgents
        }
        return yield* Effect.tryPromise(async () => {
          const signals: Array<GraphSignal> = []
          const terms = { signal, tell: (text: string) => text, callbacks: [], configurable: {} }
          for await (const one of await startRun(graph, run, terms)) signals.push(one)
          return signals
        })
      })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(work(1, lost.signal))))
      const again = yield* work(2, new AbortController().signal)
      assert.deepStrictEqual(calls, ["p", "c1", "c2", "c2"])
      assert.deepStrictEqual(logOf(again), ["in", "p", "in", "p", "c1", "c2"])
      assert.deepStrictEqual(framesOf(again).map(({ event }) => event.replace(/:.*/, "")), ["updates|sub", "updates"])
    }))

  it.effect("begins a lost run anew that keeps no checkpoints, and does not ask twice where it waited", () =>
    Effect.gen(function*() {
      const thread = newThread()
      yield* nested(thread, input(["before"]))
      const runId = RunId.make(randomUUID())
      const request = { ...input(["in"]), durability: "exit" } as const
      const anew = yield* signals(null, { graph: "nested", thread, runId, attempt: 2, request })
      assert.deepStrictEqual(logOf(anew).slice(6, 8), ["in", "p1"])
      const asked = newThread()
      const asking = { ...input(["ask"]), durability: "exit" } as const
      yield* signals(null, { graph: "nested", thread: asked, runId, request: asking })
      const waits = yield* signals(null, { graph: "nested", thread: asked, runId, attempt: 2, request: asking })
      assert.isTrue(endOf(waits).waiting)
      assert.deepStrictEqual(framesOf(waits), [])
      for (const stops of [{ interrupt_after: ["p1"] }, { interrupt_before: ["sub"] }]) {
        const stopped = newThread()
        const request = { ...input(["in"]), durability: "exit", ...stops } as const
        yield* signals(null, { graph: "nested", thread: stopped, runId, request })
        const still = yield* signals(null, { graph: "nested", thread: stopped, runId, attempt: 2, request })
        assert.deepStrictEqual([endOf(still).waiting, logOf(still)], [true, ["in", "p1"]], JSON.stringify(stops))
      }
    }))
})
