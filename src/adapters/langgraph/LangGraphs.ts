import { Effect, Layer, Redacted, type Scope, Stream } from "effect"
import { UnknownGraph } from "../../domain/Assistant.ts"
import type { JsonObject } from "../../domain/Json.ts"
import type { CheckpointRef, ToolReport } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { AgentGraphs, type GraphRun, type GraphSignal, type ThreadState } from "../../ports/AgentGraphs.ts"
import { ToolSource } from "../../ports/ToolSource.ts"
import { agentSettings, defaults } from "./AgentSettings.ts"
import { Checkpointer, stored } from "./Checkpointer.ts"
import { agentSchemas } from "./Descriptions.ts"
import { failure, redact, secretTexts } from "./Failures.ts"
import { Models } from "./Models.ts"

const agent = "agent"
const names = [agent]

const known = (graphId: string) =>
  graphId === agent ? Effect.void : Effect.fail(new UnknownGraph({ graph: graphId, known: names }))

const logInvoked = (configurable: JsonObject) => {
  const keys = Object.keys(configurable).sort()
  return Effect.logInfo(`graph() invoked; configurable_keys=[${keys.join(", ")}]`).pipe(
    Effect.annotateLogs({ configurable_keys: keys })
  )
}

const logParsed = (modelName: string) =>
  Effect.logInfo(`graph() parsed_config; model_name=${modelName}`).pipe(Effect.annotateLogs({ model_name: modelName }))

/** The agent's own words first. What we add is one line, and only for what is missing: else the model makes tools up. */
const systemPrompt = (words: string, { servers }: ToolReport): string => {
  const missing = servers.filter(({ error }) => error !== null).map(({ name }) => name)
  return missing.length === 0 ? words : `${words}\n\nNot available in this run: the tools of ${missing.join(", ")}.`
}

const addressOf = (threadId: ThreadId, at: CheckpointRef | null) => ({ configurable: { thread_id: threadId, ...at } })

export const layer = Layer.effect(
  AgentGraphs,
  Effect.gen(function*() {
    const checkpointer = yield* Checkpointer
    const models = yield* Models
    const toolSource = yield* ToolSource

    const secretsIn = ({ configuration, token }: GraphRun): ReadonlyArray<string> => [
      ...secretTexts(configuration.configurable),
      ...(token === null ? [] : [Redacted.value(token)]),
      ...models.keys
    ]

    /** The graph of one run, made for it: that costs a fifth of a millisecond, and nothing of one run is in the next. */
    const build = Effect.fnUntraced(function*(run: GraphRun) {
      const { configuration: { configurable }, token, trusted } = run
      yield* logInvoked(configurable)
      const settings = yield* agentSettings(configurable)
      yield* logParsed(settings.model_name ?? defaults.model_name)
      const [{ agentGraph }, { model }, saver, { report, tools }] = yield* Effect.all([
        Effect.promise(() => import("./AgentGraph.ts")),
        models.make(settings),
        checkpointer.saver,
        toolSource.load({ servers: settings.mcp_config?.servers ?? [], trusted, token })
      ], { concurrency: "unbounded" })
      const prompt = systemPrompt(settings.system_prompt ?? defaults.system_prompt, report)
      const secrets = secretsIn(run)
      const memory = saver.telling((text) => redact(text, secrets)).forRun(run)
      const beforeTools = () => memory.settled()
      return { graph: agentGraph({ model, tools, systemPrompt: prompt, checkpointer: memory, beforeTools }), report }
    })

    /** Started in the scope and stopped with it: first the signal, then LangGraph gets to finish what it was writing. */
    const start = Effect.fnUntraced(function*(run: GraphRun): Effect.fn.Return<
      { readonly signals: AsyncIterable<GraphSignal>; readonly report: ToolReport },
      unknown,
      Scope.Scope
    > {
      const { graph, report } = yield* build(run)
      const { startRun } = yield* Effect.promise(() => import("./AgentRun.ts"))
      const stop = yield* Effect.acquireRelease(
        Effect.sync(() => new AbortController()),
        (stop) => Effect.sync(() => stop.abort())
      )
      const signals = yield* Effect.acquireRelease(
        Effect.tryPromise({ try: () => startRun(graph, run, stop.signal), catch: (error) => error }),
        (signals) => {
          stop.abort()
          // That it was aborted is no news.
          const finished = Effect.promise(() => signals.return(undefined).then(() => {}, () => {}))
          return Effect.timeoutOption(finished, "5 seconds")
        },
        { interruptible: true }
      )
      return { report, signals: { [Symbol.asyncIterator]: () => ({ next: () => signals.next() }) } }
    })

    const run = (request: GraphRun) => {
      const secrets = secretsIn(request)
      const failed = (error: unknown) => failure(error, secrets)
      return Stream.unwrap(
        start(request).pipe(
          Effect.map(({ report, signals }) => {
            const frames = Stream.fromAsyncIterable(signals, failed)
            const tools: GraphSignal = { _tag: "Tools", report }
            return report.servers.length === 0 ? frames : Stream.concat(Stream.make(tools), frames)
          }),
          Effect.mapError(failed)
        )
      )
    }

    /** For looking at threads: the same nodes as every run has, nothing behind them. */
    const skeleton = yield* Effect.cached(
      Effect.gen(function*() {
        const [{ agentGraph }, saver] = yield* Effect.all([
          Effect.promise(() => import("./AgentGraph.ts")),
          checkpointer.saver
        ])
        return agentGraph({ model: defaults.model_name, tools: [], systemPrompt: "", checkpointer: saver })
      })
    )
    const states = Effect.promise(() => import("./States.ts"))

    return AgentGraphs.of({
      names,
      defaults: (graphId) => graphId === agent ? defaults : {},
      run: (request) => Stream.unwrap(Effect.as(known(request.graphId), run(request))),
      state: Effect.fn("AgentGraphs.state")(function*(graphId, threadId, at) {
        yield* known(graphId)
        const graph = yield* skeleton
        const { threadState } = yield* states
        return threadState(yield* stored(() => graph.getState(addressOf(threadId, at))))
      }),
      history: Effect.fn("AgentGraphs.history")(function*(graphId, threadId, { before, checkpoint, limit, metadata }) {
        yield* known(graphId)
        const graph = yield* skeleton
        const { threadState } = yield* states
        const options = {
          limit,
          ...(before === null ? {} : { before: { configurable: { checkpoint_id: before } } }),
          ...(metadata === null ? {} : { filter: metadata })
        }
        return yield* stored(async () => {
          const history: Array<ThreadState> = []
          for await (const snapshot of graph.getStateHistory(addressOf(threadId, checkpoint), options)) {
            history.push(threadState(snapshot))
          }
          return history
        })
      }),
      schemas: (graphId) => Effect.as(known(graphId), agentSchemas()),
      drawing: Effect.fn("AgentGraphs.drawing")(function*(graphId, xray) {
        yield* known(graphId)
        const graph = yield* skeleton
        const { toWireObject } = yield* Effect.promise(() => import("./Serialise.ts"))
        const drawn = yield* Effect.promise(() => graph.getGraphAsync({ xray }))
        return toWireObject(drawn.toJSON())
      })
    })
  })
)
