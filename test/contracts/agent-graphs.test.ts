import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Redacted, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { Client } from "pg"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import { layer as graphsLayer } from "../../src/adapters/langgraph/LangGraphs.ts"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { UnknownGraph } from "../../src/domain/Assistant.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { RunId } from "../../src/domain/Run.ts"
import { AgentGraphs } from "../../src/ports/AgentGraphs.ts"
import { StorageUnavailable } from "../../src/ports/StorageUnavailable.ts"
import { deadUrl, mcpServer } from "../support/McpServers.ts"
import { until } from "../support/Throughline.ts"
import {
  call,
  endOf,
  failureOf,
  framesOf,
  legal,
  models,
  newThread,
  ownTools,
  parse,
  readState,
  run,
  said,
  serverKey,
  signals,
  stateOf,
  stores,
  withMcp,
  withOwnTools,
  World
} from "./graph-world.ts"

layer(withMcp, { excludeTestServices: true })("AgentGraphs", (it) => {
  it.effect("runs a turn with a tool call, in frames as the reference server's", () =>
    Effect.gen(function*() {
      const { url } = yield* mcpServer()
      const all = yield* signals(call, {
        configurable: legal(url),
        request: { stream_mode: ["values", "updates", "messages-tuple"] }
      })
      const frames = framesOf(all)
      const told = all[0]?._tag === "Tools" ? all[0].report.servers : []
      assert.deepInclude(told[0], { name: "legal", url, tools: ["search_laws"], error: null })
      assert.lengthOf(told, 1)
      const order = frames.map(({ event }) => event).filter((event, index, events) => event !== events[index - 1])
      assert.deepStrictEqual(order, [
        "values",
        "messages",
        "updates",
        "values",
        "messages",
        "updates",
        "values",
        "messages",
        "updates",
        "values"
      ])
      const updates = frames.filter(({ event }) => event === "updates").map(({ data }) => Object.keys(parse(data)))
      assert.deepStrictEqual(updates, [["model_request"], ["tools"], ["model_request"]])
      assert.deepStrictEqual(said(endOf(all).values), [
        `human: ${call}`,
        "ai: ",
        "tool: result for BGB",
        "ai: tool said: result for BGB"
      ])
      assert.strictEqual(endOf(all).values, frames.findLast(({ event }) => event === "values")?.data)
      assert.isFalse(endOf(all).waiting)
      const [message, metadata] = parse(frames.find(({ event }) => event === "messages")?.data ?? "")
      assert.strictEqual(message.type, "ai")
      assert.strictEqual(metadata.langgraph_node, "model_request")
      assert.strictEqual(metadata.graph_id, "agent")
      assert.strictEqual(metadata.assistant_id, "assistant-1")
      assert.isString(metadata.run_id)
      assert.isString(metadata.thread_id)
    }))

  it.effect("sends only what was asked for", () =>
    Effect.gen(function*() {
      const all = yield* signals("say:hi", { request: { stream_mode: ["updates"] } })
      assert.deepStrictEqual(framesOf(all).map(({ event }) => event), ["updates"])
      assert.deepStrictEqual(said(endOf(all).values), ["human: say:hi", "ai: hi"])
    }))

  it.effect("streams growing messages, announced once and complete at the end", () =>
    Effect.gen(function*() {
      const frames = framesOf(yield* signals("say:one two three", { request: { stream_mode: ["messages"] } }))
      assert.deepStrictEqual(
        frames.map(({ event }) => event).filter((event, index, events) => event !== events[index - 1]),
        ["messages/complete", "messages/metadata", "messages/partial", "messages/complete"]
      )
      const partials = frames.filter(({ event }) => event === "messages/partial").map(({ data }) =>
        parse(data)[0].content
      )
      assert.includeMembers(partials, ["one ", "one two ", "one two three"])
      const announced = parse(frames[1]?.data ?? "")
      const [id = ""] = Object.keys(announced)
      assert.strictEqual(announced[id].metadata.langgraph_node, "model_request")
      assert.deepInclude(parse(frames.at(-1)?.data ?? "")[0], { id, content: "one two three", type: "ai" })
    }))

  it.effect("shows the whole conversation from the first frame of the second message on", () =>
    Effect.gen(function*() {
      const thread = newThread()
      yield* signals("say:first", { thread })
      const second = yield* signals("say:second", { thread })
      const [first] = framesOf(second)
      assert.deepStrictEqual(said(first?.data ?? ""), ["human: say:first", "ai: first", "human: say:second"])
      const ids = readState(endOf(second).values).messages.map(({ id }) => id)
      assert.strictEqual(new Set(ids).size, 4)
    }))

  it.effect("gives the model the agent's words, every sampling parameter, and no tool that is not there", () =>
    Effect.gen(function*() {
      const { model } = yield* World
      const sampling = {
        temperature: 0.1,
        top_p: 0.9,
        top_k: 5,
        max_tokens: 77,
        frequency_penalty: 0.2,
        presence_penalty: 0.3,
        repetition_penalty: 1.1,
        stop: ["STOP"],
        seed: 42
      }
      yield* signals("say:hi", {
        configurable: { ...sampling, model_name: "openai:gpt-4o-mini", system_prompt: "Du bist Jurist." }
      })
      const body = model.requests.at(-1)?.body
      assert.deepInclude(body, { ...sampling, model: "gpt-4o-mini" })
      assert.deepInclude(Object(body).messages[0], { role: "system", content: "Du bist Jurist." })
      assert.notProperty(body, "tools")
      yield* signals("say:hi", { configurable: { ...sampling, model_name: "openai:o3-mini" } })
      const reasoning = model.requests.at(-1)?.body
      assert.notProperty(reasoning, "temperature")
      assert.strictEqual(Object(reasoning).max_completion_tokens, 77)
    }))

  it.effect("tells the model which servers are missing, and goes on without them", () =>
    Effect.gen(function*() {
      const { model } = yield* World
      const good = yield* mcpServer()
      const locked = yield* mcpServer({ token: "t", tools: ["counter"] })
      const silent = yield* mcpServer({ silent: true })
      const servers = [
        { name: "dead", url: yield* Effect.promise(deadUrl) },
        { name: "good", url: good.url },
        { name: "locked", url: locked.url, auth_required: true },
        { name: "silent", url: silent.url }
      ]
      const configurable = { system_prompt: "Du bist Jurist.", mcp_config: { servers } }
      const all = yield* signals(call, { configurable, token: "t" })
      const last = model.requests.at(-1)?.body
      assert.strictEqual(
        Object(last).messages[0].content,
        "Du bist Jurist.\n\nNot available in this run: the tools of dead, silent."
      )
      assert.deepStrictEqual(Object(last).tools.map((tool: { function: { name: string } }) => tool.function.name), [
        "search_laws",
        "counter"
      ])
      assert.include(said(endOf(all).values), "tool: result for BGB")
      assert.isTrue(locked.seen.requests.every(({ headers }) => headers.authorization === "Bearer t"))
    }))

  it.effect("hands a failed tool call to the model as an error", () =>
    Effect.gen(function*() {
      const { url } = yield* mcpServer({ tools: ["fails"] })
      for (const text of ["tool:fails:{}", "tool:no_such_tool:{}"]) {
        const state = readState(endOf(yield* signals(text, { configurable: legal(url) })).values)
        const failed = state.messages.find(({ type }) => type === "tool")
        assert.strictEqual(failed?.status, "error")
        assert.notInclude(String(failed?.content), "node_modules")
        assert.strictEqual(state.messages.at(-1)?.type, "ai")
      }
    }))

  it.effect("stops before a node, says what waits, and goes on", () =>
    Effect.gen(function*() {
      const { url } = yield* mcpServer()
      const thread = newThread()
      const first = yield* signals(call, {
        thread,
        configurable: legal(url),
        request: { interrupt_before: ["tools"], stream_mode: ["values", "updates"] }
      })
      const end = endOf(first)
      assert.isTrue(end.waiting)
      assert.deepStrictEqual(readState(end.values).__interrupt__, [])
      assert.strictEqual(readState(end.values).messages.length, 2)
      assert.deepStrictEqual(parse(framesOf(first).at(-1)?.data ?? ""), { __interrupt__: [] })
      const state = yield* stateOf(thread)
      assert.deepStrictEqual(state.next, ["tools"])
      assert.deepStrictEqual(Object.keys(end.interrupts), state.tasks.map((task) => Object(task).id))
      const second = endOf(yield* signals(null, { thread, configurable: legal(url) }))
      assert.isFalse(second.waiting)
      assert.include(said(second.values), "ai: tool said: result for BGB")
      const star = endOf(yield* signals("say:hi", { thread, request: { interrupt_before: "*" } }))
      assert.isTrue(star.waiting)
    }))

  it.effect("forks from an earlier checkpoint", () =>
    Effect.gen(function*() {
      const thread = newThread()
      yield* signals("say:first", { thread })
      const state = yield* stateOf(thread)
      yield* signals("say:second", { thread })
      const checkpoint = { checkpoint_id: String(state.checkpoint?.["checkpoint_id"]), checkpoint_ns: "" }
      const forked = yield* signals("say:other", { thread, request: { checkpoint } })
      assert.deepStrictEqual(said(endOf(forked).values), [
        "human: say:first",
        "ai: first",
        "human: say:other",
        "ai: other"
      ])
      const before = yield* stateOf(thread, checkpoint)
      assert.deepStrictEqual(said(JSON.stringify(before.values)), ["human: say:first", "ai: first"])
    }))

  it.effect("tells a thread's state and history in the API's shape", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      const thread = newThread()
      assert.deepStrictEqual(yield* stateOf(thread), {
        values: {},
        next: [],
        tasks: [],
        metadata: {},
        created_at: null,
        checkpoint: null,
        parent_checkpoint: null
      })
      const all = { limit: 10, before: null, metadata: null, checkpoint: null }
      assert.deepStrictEqual(yield* graphs.history("agent", thread, all), [])
      const runId = RunId.make(randomUUID())
      yield* signals("say:hi", { thread, runId, metadata: { team: "blue" } })
      const state = yield* stateOf(thread)
      assert.deepStrictEqual(said(JSON.stringify(state.values)), ["human: say:hi", "ai: hi"])
      assert.deepInclude(state.metadata, {
        team: "blue",
        run_id: runId,
        thread_id: thread,
        graph_id: "agent",
        source: "loop"
      })
      assert.hasAllKeys(state.checkpoint, ["thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"])
      const history = yield* graphs.history("agent", thread, all)
      assert.deepStrictEqual(history[0], state)
      assert.deepStrictEqual(history.map(({ next }) => next), [[], ["model_request"], ["__start__"]])
      const task = Object(history[1]?.tasks[0])
      assert.strictEqual(task.result.messages[0].content, "hi")
      const before = String(history[0]?.checkpoint?.["checkpoint_id"])
      assert.deepStrictEqual(yield* graphs.history("agent", thread, { ...all, limit: 1, before }), [history[1]!])
      assert.strictEqual((yield* graphs.history("agent", thread, { ...all, metadata: { run_id: runId } })).length, 3)
      assert.strictEqual((yield* graphs.history("agent", thread, { ...all, metadata: { run_id: "other" } })).length, 0)
    }))

  it.effect("describes itself", () =>
    Effect.gen(function*() {
      const graphs = yield* AgentGraphs
      assert.strictEqual(graphs.names[0], "agent")
      assert.strictEqual(graphs.defaults("agent")["model_name"], "openai:gpt-4o")
      const { edges, nodes } = Object(yield* graphs.drawing("agent", true))
      assert.deepStrictEqual(nodes.map(({ id }: { id: string }) => id), [
        "__start__",
        "model_request",
        "tools",
        "__end__"
      ])
      assert.strictEqual(edges.length, 4)
      const schemas = Object(yield* graphs.schemas("agent"))
      assert.deepStrictEqual(schemas.input_schema.properties.messages, { langgraph_type: "messages" })
      assert.containsAllKeys(schemas.config_schema.properties, ["model_name", "temperature", "seed", "mcp_config"])
      assert.instanceOf(yield* Effect.flip(graphs.state("nope", newThread(), null, { subgraphs: false })), UnknownGraph)
    }))

  it.effect("fails with the kind and a text that is safe to show", () =>
    Effect.gen(function*() {
      const failed = yield* failureOf("fail:400")
      assert.include(failed.detail, "told to fail with 400")
      const { url } = yield* mcpServer()
      const endless = yield* failureOf(call, { configurable: legal(url), recursion_limit: 1 })
      assert.strictEqual(endless.error, "GraphRecursionError")
      const configured = (configurable: JsonObject) =>
        Effect.map(failureOf("say:hi", { configurable }), ({ detail }) => detail)
      assert.include(yield* configured({ temperature: "hot" }), "configurable.temperature")
      assert.include(yield* configured({ model_name: "llama3:8b" }), "llama3:8b")
      assert.include(yield* configured({ model_name: "anthropic:claude-sonnet-4-5" }), "ANTHROPIC_API_KEY")
      assert.notInclude(yield* configured({ custom_api_key: { secret: "sk-oops" } }), "sk-oops")
      assert.include(yield* configured({ mcp_config: { servers: "x" } }), "configurable.mcp_config.servers")
      const input = { messages: [{ content: "who am I?" }] }
      const error = yield* Effect.flip(signals(null, { request: { input } }))
      assert.include(error.message, "role")
    }))

  it.effect("never sends the server's key to an endpoint that a caller names", () =>
    Effect.gen(function*() {
      const { model } = yield* World
      const asked = model.requests.length
      const callers = { base_url: "http://models.example.com/v1" }
      assert.include((yield* failureOf("say:hi", { configurable: callers })).detail, "custom_api_key")
      const own = { base_url: model.url, custom_api_key: "sk-callers-own-key" }
      const refused = yield* failureOf("say:hi", { configurable: own })
      assert.strictEqual(refused.error, "OutboundRefused")
      assert.notInclude(refused.detail, "sk-callers-own-key")
      assert.strictEqual(model.requests.length, asked)
      yield* signals("say:hi", { configurable: { apiKeys: { OPENAI_API_KEY: "sk-from-api-keys" } } })
      assert.strictEqual(model.requests.at(-1)?.headers.authorization, "Bearer sk-from-api-keys")
      yield* signals("say:hi")
      assert.strictEqual(model.requests.at(-1)?.headers.authorization, `Bearer ${serverKey}`)
    }))

  it.effect("aborts the model's request and the tool's when its reader goes away", () =>
    Effect.gen(function*() {
      const { model } = yield* World
      const { seen, url } = yield* mcpServer({ tools: ["slow"] })
      for (const text of ["slow:60000", "tool:slow:{\"ms\":60000}"]) {
        const thread = newThread()
        const fiber = yield* Effect.forkChild(signals(text, { thread, configurable: legal(url) }))
        const asked = () =>
          text.startsWith("tool")
            ? seen.calls[0]
            : model.requests.findLast(({ body }) => JSON.stringify(body).includes(text))
        const waiting = yield* Effect.promise(() => until("it waits", asked))
        // By then its first checkpoint is written.
        yield* Effect.promise(() => sleep(400))
        const exit = yield* Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))
        assert.isTrue(Exit.isFailure(exit))
        yield* Effect.promise(() => until("it is aborted", () => waiting.aborted, 5_000))
        const state = yield* stateOf(thread)
        assert.strictEqual(said(JSON.stringify(state.values))[0], `human: ${text}`)
      }
    }))

  it.effect("writes no prompt, key, header or token into any row", () =>
    Effect.gen(function*() {
      const { url } = yield* World
      const mcp = yield* mcpServer({ token: "canary-token" })
      const configurable = {
        system_prompt: "canary-prompt",
        custom_api_key: "canary-key",
        langgraph_auth_user: { name: "canary-user" },
        mcp_config: {
          servers: [{ name: "legal", url: mcp.url, auth_required: true, headers: { "x-a": "canary-header" } }]
        }
      }
      const all = yield* signals(call, { configurable, token: "canary-token" })
      assert.include(said(endOf(all).values), "tool: result for BGB")
      const rows = yield* Effect.promise(async () => {
        const client = new Client({ connectionString: Redacted.value(url) })
        await client.connect()
        const texts: Array<string> = []
        for (const table of ["checkpoints", "checkpoint_blobs", "checkpoint_writes"]) {
          const { rows } = await client.query(
            `select row_to_json(t)::text || ${
              table === "checkpoints" ? "''" : "encode(coalesce(blob, ''), 'escape')"
            } as text from langgraph_server.${table} t`
          )
          texts.push(...rows.map(({ text }) => String(text)))
        }
        await client.end()
        return texts
      })
      assert.isAbove(rows.length, 5)
      for (const row of rows) assert.notInclude(row, "canary")
    }))

  it.effect("says that the database is away, and comes back with it", () =>
    Effect.gen(function*() {
      const { url } = yield* World
      const killAll = Effect.promise(async () => {
        const client = new Client({ connectionString: Redacted.value(url) })
        await client.connect()
        await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name like 'throughline%'`
        )
        await client.end()
      })
      const { model } = yield* World
      const running = yield* Effect.forkChild(Effect.exit(signals("slow:600")))
      yield* Effect.promise(() =>
        until("it is asked", () => model.requests.some(({ body }) => JSON.stringify(body).includes("slow:600")))
      )
      yield* killAll
      yield* Fiber.join(running)
      assert.include(said(endOf(yield* signals("say:again")).values), "ai: again")
      const nowhere = Checkpointer.layer({ patience: "500 millis" }).pipe(
        Layer.provide(databaseLayer({ url: Redacted.make("postgres://127.0.0.1:9/none"), poolSize: 1 }))
      )
      const elsewhere = graphsLayer().pipe(Layer.provide([nowhere, models, ownTools, stores]))
      const failed = yield* Effect.flip(signals("say:hi")).pipe(Effect.provide(elsewhere, { local: true }))
      assert.instanceOf(failed, StorageUnavailable)
    }))
})

layer(withOwnTools, { excludeTestServices: true })("AgentGraphs with tools of its own", (it) => {
  it.effect("waits for a person's answer and goes on with it", () =>
    Effect.gen(function*() {
      const thread = newThread()
      const modes = { stream_mode: ["values", "updates"] } as const
      const asked = yield* signals("tool:ask:{\"question\":\"ok?\"}", { thread, request: modes })
      const updates = framesOf(asked).filter(({ event }) => event === "updates")
      const [question] = parse(updates.at(-1)?.data ?? "").__interrupt__
      assert.deepStrictEqual(question.value, { question: "ok?" })
      const end = endOf(asked)
      assert.isTrue(end.waiting)
      assert.deepStrictEqual(Object.values(end.interrupts), [[question]])
      assert.deepStrictEqual(readState(end.values).__interrupt__, [question])
      const state = yield* stateOf(thread)
      assert.deepStrictEqual(Object(state.tasks[0]).interrupts, [question])
      const resumed = yield* signals(null, { thread, request: { ...modes, command: { resume: "yes" } } })
      assert.include(said(endOf(resumed).values), "tool: answer: yes")
      assert.isFalse(endOf(resumed).waiting)
    }))

  it.effect("takes a command that updates and goes somewhere", () =>
    Effect.gen(function*() {
      const thread = newThread()
      yield* signals("say:first", { thread })
      const command = { update: { messages: [{ role: "user", content: "say:updated" }] }, goto: "model_request" }
      const all = yield* signals(null, { thread, request: { command } })
      assert.deepStrictEqual(said(endOf(all).values).slice(-2), ["human: say:updated", "ai: updated"])
    }))

  it.effect("calls no tool for a run that another worker has taken over, and writes nothing", () =>
    Effect.gen(function*() {
      for (const durability of ["async", "exit"] as const) {
        const thread = newThread()
        const frames: Array<string> = []
        const request = { stream_mode: ["updates", "custom"], durability } as const
        const error = yield* run("tool:speak:{}", { thread, claim: 2, request }).pipe(
          Stream.runForEach((signal) =>
            Effect.sync(() => {
              if (signal._tag === "Frame") frames.push(signal.data)
            })
          ),
          Effect.flip
        )
        assert.include(error.message, "has been taken over by another worker")
        assert.isFalse(frames.some((data) => data.includes("progress")), frames.join("\n"))
        assert.deepStrictEqual((yield* stateOf(thread)).checkpoint, null)
      }
    }))

  it.effect("passes on what a tool tells the stream", () =>
    Effect.gen(function*() {
      const frames = framesOf(yield* signals("tool:speak:{}", { request: { stream_mode: ["custom"] } }))
      assert.deepStrictEqual(frames, [{ _tag: "Frame", event: "custom", data: "{\"progress\":50}" }])
    }))
})
