import { Effect, Layer, Redacted, type Scope, Stream } from "effect"
import { AsyncLocalStorage } from "node:async_hooks"
import { UnknownGraph } from "../../domain/Assistant.ts"
import type { ToolReport } from "../../domain/ToolReport.ts"
import { AgentGraphs, type GraphRun, type GraphSignal } from "../../ports/AgentGraphs.ts"
import { ToolSource } from "../../ports/ToolSource.ts"
import { builtInAgent } from "./BuiltInAgent.ts"
import { Checkpointer } from "./Checkpointer.ts"
import { failure, redact, secretTexts } from "./Failures.ts"
import { gathered } from "./Gathered.ts"
import type { GraphFile } from "./GraphFile.ts"
import { graphStates } from "./GraphStates.ts"
import { GraphStores } from "./GraphStores.ts"
import { Models } from "./Models.ts"
import { ownGraphs } from "./OwnGraphs.ts"
import type { Saver } from "./Saver.ts"
import type { ServedGraph } from "./ServedGraph.ts"

/** The built-in graph, and the operator's own. */
export const layer = (own: ReadonlyArray<GraphFile> = []) =>
  Layer.effect(
    AgentGraphs,
    Effect.gen(function*() {
      const checkpointer = yield* Checkpointer
      const models = yield* Models
      const stores = yield* GraphStores
      const parts = { models, toolSource: yield* ToolSource }
      const graphs = new Map<string, ServedGraph>([["agent", builtInAgent(parts)], ...yield* ownGraphs(own, parts)])
      const names = [...graphs.keys()]
      // LangGraph takes a graph that is run in the course of another's work for a nested one: none of ours is.
      const outside = AsyncLocalStorage.snapshot()

      const served = Effect.fnUntraced(function*(graphId: string) {
        const graph = graphs.get(graphId)
        return graph ?? (yield* new UnknownGraph({ graph: graphId, known: names }))
      })

      /** Something of a graph that does not need a run; an operator's own may fail to be made. */
      const of = <A>(graphId: string, ask: (graph: ServedGraph) => Effect.Effect<A, unknown>) =>
        Effect.flatMap(served(graphId), (graph) =>
          ask(graph).pipe(
            Effect.tapError((error) => Effect.logWarning(`Graph ${graphId} can't be had`, error)),
            Effect.mapError(() => new UnknownGraph({ graph: graphId, known: names, unloadable: true }))
          ))

      const secretsIn = ({ configuration, token }: GraphRun): ReadonlyArray<string> => [
        ...secretTexts(configuration.configurable),
        ...(token === null ? [] : [Redacted.value(token)]),
        ...models.keys
      ]

      /** Started in the scope and stopped with it: first the signal, then LangGraph gets to finish what it was writing. */
      const start = Effect.fnUntraced(function*(run: GraphRun): Effect.fn.Return<
        { readonly signals: AsyncIterable<GraphSignal>; readonly report: ToolReport },
        unknown,
        Scope.Scope
      > {
        const secrets = secretsIn(run)
        const tell = (text: string) => redact(text, secrets)
        const saver = (yield* checkpointer.saver).telling(tell).timing(run.steps.writing).forRun(run)
        const { configurable, graph, report } = yield* (yield* served(run.graphId)).forRun(run, {
          saver,
          store: stores.forRun(run)
        })
        const { startRun } = yield* Effect.promise(() => import("./AgentRun.ts"))
        const { StepCallbacks } = yield* Effect.promise(() => import("./StepCallbacks.ts"))
        const callbacks = [new StepCallbacks(run.steps, tell)]
        const stop = yield* Effect.acquireRelease(
          Effect.sync(() => new AbortController()),
          (stop) => Effect.sync(() => stop.abort())
        )
        const signals = yield* Effect.acquireRelease(
          Effect.tryPromise({
            try: () => outside(() => startRun(graph, run, { signal: stop.signal, tell, callbacks, configurable })),
            catch: (error) => error
          }),
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
              const frames = gathered(signals, failed)
              const tools: GraphSignal = { _tag: "Tools", report }
              return report.servers.length === 0 && report.agents === undefined
                ? frames
                : Stream.concat(Stream.make(tools), frames)
            }),
            Effect.mapError(failed)
          )
        )
      }

      const forThreads = (graphId: string, memory?: Saver) =>
        of(graphId, (graph) =>
          Effect.flatMap(memory === undefined ? checkpointer.saver : Effect.succeed(memory), graph.forThreads))

      const check = (graphId: string) =>
        of(graphId, ({ ready }) => ready)

      return AgentGraphs.of({
        names,
        check,
        defaults: (graphId) => graphs.get(graphId)?.defaults ?? {},
        equipment: (request) => Effect.flatMap(served(request.graphId), (graph) => graph.equipment(request)),
        run: (request) => Stream.unwrap(Effect.as(check(request.graphId), run(request))),
        ...graphStates({ graphOf: forThreads, saver: checkpointer.saver }),
        schemas: (graphId) => of(graphId, ({ schemas }) => schemas),
        subgraphs: (graphId, namespace, recurse) => of(graphId, ({ subgraphs }) => subgraphs(namespace, recurse)),
        drawing: Effect.fn("AgentGraphs.drawing")(function*(graphId, xray) {
          const graph = yield* forThreads(graphId)
          const { toWireObject } = yield* Effect.promise(() => import("./Serialise.ts"))
          const drawn = yield* Effect.promise(() => graph.getGraphAsync({ xray }))
          return toWireObject(drawn.toJSON())
        })
      })
    })
  )
