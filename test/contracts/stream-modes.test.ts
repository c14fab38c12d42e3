import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Stream } from "effect"
import type { RunRequest, StreamMode } from "../../src/domain/RunRequest.ts"
import { endOf, framesOf, newThread, parse, run, signals, withOwnTools } from "./graph-world.ts"

type Asked = Partial<RunRequest>

const framesOfGraph = (graph: string, request: Asked) =>
  Effect.map(
    signals(null, { graph, request }),
    (all) => framesOf(all).map(({ data, event }) => ({ event, data: parse(data) }))
  )

const inner: ReadonlyArray<StreamMode> = ["tools", "tasks", "checkpoints", "debug", "events"]

/** A nested graph's namespace ends in its task's id, which is another each time. */
const withoutId = (event: string) => event.replace(/:.*/, "")

layer(withOwnTools, { excludeTestServices: true })("What a run streams", (it) => {
  it.effect("of a graph within a graph, under its namespace, if it is asked for", () =>
    Effect.gen(function*() {
      const input = { log: ["in"] }
      const modes = { input, stream_mode: ["values", "updates"] } as const
      const all = yield* framesOfGraph("nested", { ...modes, stream_subgraphs: true })
      assert.deepStrictEqual(all.map(({ data, event }) => [withoutId(event), data]), [
        ["values", { log: ["in"] }],
        ["updates", { p1: { log: ["p1"] } }],
        ["values", { log: ["in", "p1"] }],
        ["values|sub", { log: ["in", "p1"] }],
        ["updates|sub", { c1: { log: ["c1"] } }],
        ["values|sub", { log: ["in", "p1", "c1"] }],
        ["updates|sub", { c2: { log: ["c2"] } }],
        ["values|sub", { log: ["in", "p1", "c1", "c2"] }],
        ["updates", { sub: { log: ["in", "p1", "c1", "c2"] } }],
        ["values", { log: ["in", "p1", "in", "p1", "c1", "c2"] }]
      ])
      assert.match(all[3]?.event ?? "", /^values\|sub:[0-9a-f-]{36}$/)
      const outer = yield* framesOfGraph("nested", modes)
      assert.deepStrictEqual(outer, all.filter(({ event }) => !event.includes("|")))
    }))

  it.effect("tells of steps and tasks as the reference server does, several modes at once", () =>
    Effect.gen(function*() {
      const all = yield* framesOfGraph("echo", {
        input: { input: 1 },
        stream_mode: ["tasks", "checkpoints", "debug", "custom"]
      })
      assert.deepStrictEqual(all.map(({ data, event }) => event === "debug" ? `debug ${data.type}` : event), [
        "checkpoints",
        "debug checkpoint",
        "checkpoints",
        "debug checkpoint",
        "tasks",
        "debug task",
        "tasks",
        "debug task_result",
        "checkpoints",
        "debug checkpoint"
      ])
      const [, , before, debugged, started, , finished] = all.map(({ data }) => data)
      assert.deepInclude(before, {
        values: { input: 1 },
        next: ["echo_node"],
        metadata: { source: "loop", step: 0, parents: {} }
      })
      assert.hasAllKeys(debugged, ["step", "type", "timestamp", "payload"])
      assert.deepStrictEqual(debugged.payload, before)
      assert.hasAllKeys(before.checkpoint, ["thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"])
      assert.strictEqual(before.parent_checkpoint.checkpoint_id, all[0]?.data.checkpoint.checkpoint_id)
      assert.strictEqual(before.config.configurable.checkpoint_id, before.checkpoint.checkpoint_id)
      assert.hasAllKeys(started, ["id", "name", "input", "triggers", "interrupts", "metadata"])
      assert.hasAllKeys(finished, ["id", "name", "result", "interrupts", "error"])
      assert.strictEqual(started.id, finished.id)
    }))

  it.effect("tells where a nested graph's checkpoints are", () =>
    Effect.gen(function*() {
      const all = yield* framesOfGraph("nested", {
        input: { log: ["in"] },
        stream_mode: ["checkpoints"],
        stream_subgraphs: true
      })
      const [task] = all.flatMap(({ data }) => data.tasks).filter(({ name }: { name: string }) => name === "sub")
      const within = all.filter(({ event }) => event.startsWith("checkpoints|sub"))
      assert.strictEqual(task.checkpoint.checkpoint_ns, within[0]?.event.replace("checkpoints|", ""))
      assert.strictEqual(within[0]?.data.checkpoint.checkpoint_ns, task.checkpoint.checkpoint_ns)
      assert.hasAllKeys(within[0]?.data.checkpoint.checkpoint_map, [""])
    }))

  it.effect("tells LangChain's events, and the graph's own frames among them", () =>
    Effect.gen(function*() {
      const all = yield* signals("say:hi there", { request: { stream_mode: ["events", "values", "messages-tuple"] } })
      const frames = framesOf(all).map(({ data, event }) => ({ event, data: parse(data) }))
      const events = frames.filter(({ event }) => event === "events").map(({ data }) => data)
      for (const event of events) assert.containsAllKeys(event, ["event", "name", "run_id", "data", "tags", "metadata"])
      const kinds = new Set(events.map(({ event }) => event))
      for (const kind of ["on_chain_start", "on_chat_model_start", "on_chat_model_stream", "on_chat_model_end"]) {
        assert.isTrue(kinds.has(kind), kind)
      }
      const [{ name, run_id }] = events
      assert.strictEqual(name, "LangGraph")
      assert.isFalse(events.some(({ event, run_id: id }) => event === "on_chain_stream" && id === run_id))
      const said = events.filter(({ event }) => event === "on_chat_model_stream").map(({ data }) => data.chunk.content)
      assert.strictEqual(said.join(""), "hi there")
      assert.deepStrictEqual(new Set(frames.map(({ event }) => event)), new Set(["events", "values", "messages"]))
      assert.strictEqual(endOf(all).values, framesOf(all).findLast(({ event }) => event === "values")?.data)
    }))

  it.effect("tells of tools as they are called", () =>
    Effect.gen(function*() {
      const frames = framesOf(yield* signals("tool:speak:{}", { request: { stream_mode: ["tools"] } }))
      assert.deepStrictEqual(frames.map(({ data }) => parse(data).event), ["on_tool_start", "on_tool_end"])
      assert.strictEqual(parse(frames[1]?.data ?? "").output.content, "spoken")
    }))

  it.effect("holds no secret in any of the modes that show the inside", () =>
    Effect.gen(function*() {
      const secret = { custom_api_key: "sk-canary-000001", apiKeys: { OTHER: "canary-plain-words" } }
      const asked = { token: "canary-token", configurable: { ...secret, system_prompt: "canary-prompt" } }
      const request = { stream_mode: inner, stream_subgraphs: true }
      const texts = [
        ...framesOf(yield* signals("tool:speak:{}", { ...asked, configurable: secret, request })),
        ...framesOf(
          yield* signals(null, { ...asked, graph: "nested", request: { ...request, input: { log: ["in"] } } })
        ),
        // Its node puts all that it sees of its configuration into the state.
        ...framesOf(
          yield* signals(null, {
            ...asked,
            graph: "echo",
            configurable: secret,
            request: { ...request, input: { input: 1 } }
          })
        )
      ]
      assert.deepStrictEqual(
        new Set(texts.map(({ event }) => event.replace(/\|.*/, ""))),
        new Set<string>(inner)
      )
      for (const { data } of texts) assert.notInclude(data, "canary")
    }))

  it.effect("tells a failed task's error in words that are safe to show", () =>
    Effect.gen(function*() {
      const frames: Array<string> = []
      const failing = run("fail:400", {
        configurable: { custom_api_key: "sk-canary-000001" },
        request: { stream_mode: ["tasks", "debug"] }
      })
      const error = yield* Effect.flip(
        Stream.runForEach(failing, (signal) => Effect.sync(() => signal._tag === "Frame" && frames.push(signal.data)))
      )
      assert.include(error.message, "told to fail with 400")
      const failed = frames.map((data) => parse(data)).find(({ error }) => error != null)
      assert.include(failed.error.message, "told to fail with 400")
      for (const data of frames) assert.notInclude(data, "canary")
    }))

  it.effect("asks a person in values and updates, from within a nested graph too", () =>
    Effect.gen(function*() {
      const thread = newThread()
      const modes = { stream_mode: ["values", "updates"], stream_subgraphs: true } as const
      const asking = yield* signals(null, { graph: "nested", thread, request: { ...modes, input: { log: ["ask"] } } })
      const asked = framesOf(asking).filter(({ data }) => data.includes("__interrupt__"))
      assert.deepStrictEqual(asked.map(({ event }) => withoutId(event)), [
        "updates|sub",
        "values|sub",
        "updates",
        "values"
      ])
      const [question] = parse(asked[3]?.data ?? "").__interrupt__
      assert.deepStrictEqual(question.value, { ask: "c2?" })
      const end = endOf(asking)
      assert.deepStrictEqual(Object.values(end.interrupts), [[question]])
      assert.deepStrictEqual(parse(end.values), { log: ["ask", "p1"], __interrupt__: [question] })
      const answer = { ...modes, command: { resume: { [question.id]: "yes" } } }
      const answered = yield* signals(null, { graph: "nested", thread, request: answer })
      assert.deepStrictEqual(parse(endOf(answered).values).log.at(-1), "c2:yes")
      assert.isFalse(endOf(answered).waiting)
    }))
})
