import { assert } from "@effect/vitest"
import { tool } from "@langchain/core/tools"
import { InMemoryStore, interrupt, type LangGraphRunnableConfig } from "@langchain/langgraph"
import { Context, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { resolve } from "node:path"
import { z } from "zod"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import { GraphStores } from "../../src/adapters/langgraph/GraphStores.ts"
import { layer as graphsLayer } from "../../src/adapters/langgraph/LangGraphs.ts"
import { Models } from "../../src/adapters/langgraph/Models.ts"
import { layer as mcpLayer } from "../../src/adapters/mcp/McpToolSource.ts"
import { layer as outboundLayer } from "../../src/adapters/outbound/GuardedFetch.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { RunId } from "../../src/domain/Run.ts"
import type { RunRequest } from "../../src/domain/RunRequest.ts"
import { ThreadId } from "../../src/domain/Thread.ts"
import { type AgentCalls, noAgents } from "../../src/ports/AgentCalls.ts"
import { AgentGraphs, type CheckpointPlace, GraphFailed, type GraphSignal } from "../../src/ports/AgentGraphs.ts"
import { type RunSteps, unwatched } from "../../src/ports/RunSteps.ts"
import { ToolSource } from "../../src/ports/ToolSource.ts"
import { plainRequest } from "../support/PlainRuns.ts"
import { type ScriptedModel, scriptedModel } from "../support/ScriptedModel.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { claimed, migrated } from "./checkpointed-runs.ts"

export const serverKey = "sk-server-key-0123456789"

export class World
  extends Context.Service<World, { readonly url: Redacted.Redacted<string>; readonly model: ScriptedModel }>()(
    "test/AgentGraphsWorld"
  )
{}

const world = Layer.effect(
  World,
  Effect.gen(function*() {
    return World.of({ url: yield* freshDatabase, model: yield* scriptedModel })
  })
)

export const outbound = outboundLayer({ allow: [] })

const none = { apiKey: Option.none<Redacted.Redacted<string>>(), baseUrl: Option.none<string>() }

export const models = Layer.unwrap(Effect.gen(function*() {
  const { model } = yield* World
  const openai = { apiKey: Option.some(Redacted.make(serverKey)), baseUrl: Option.some(model.url) }
  return Models.layer({ openai, anthropic: none, google: none })
})).pipe(Layer.provide(outbound))

const checkpointer = Layer.unwrap(Effect.gen(function*() {
  const { url } = yield* World
  return Checkpointer.layer().pipe(Layer.provideMerge(migrated(url)))
}))

/** Tools that no MCP server can offer: one asks a person, one speaks to the stream. */
export const ownTools = Layer.succeed(ToolSource, {
  load: () =>
    Effect.succeed({
      tools: [
        tool(async ({ question }) => `answer: ${String(interrupt({ question }))}`, {
          name: "ask",
          description: "Asks a person",
          schema: z.object({ question: z.string() })
        }),
        tool(async (_: object, config: LangGraphRunnableConfig) => {
          config.writer?.({ progress: 50 })
          return "spoken"
        }, { name: "speak", description: "Speaks", schema: z.object({}) })
      ],
      report: { servers: [] }
    })
})

const project = resolve(import.meta.dirname, "../fixtures/graphs")

/** Graphs as an operator has them: one that echoes, one that asks, one within another. */
const fixtures = ["echo", "hitl", "nested"].map((name) => ({
  name,
  file: resolve(project, `${name}.ts`),
  project,
  exported: "graph"
}))

/** A store for each run, which nobody else sees. */
export const stores = Layer.succeed(GraphStores, { forRun: () => Effect.sync(() => new InMemoryStore()) })

const parts = (tools: Layer.Layer<ToolSource>) =>
  graphsLayer(fixtures).pipe(
    Layer.provide(stores),
    Layer.provideMerge(Layer.mergeAll(models, checkpointer, tools)),
    Layer.provideMerge(world)
  )

export const withMcp = parts(mcpLayer({ connectTimeout: "5 seconds" }).pipe(Layer.provide(outbound)))
export const withOwnTools = parts(ownTools)

interface Asked {
  readonly graph?: string
  readonly thread?: ThreadId
  readonly runId?: RunId
  /** Of the run's row: another worker's, if it is not the first. */
  readonly claim?: number
  readonly attempt?: number
  readonly configurable?: JsonObject
  readonly metadata?: JsonObject
  readonly recursion_limit?: number
  readonly trusted?: boolean
  readonly token?: string
  readonly steps?: RunSteps
  readonly agents?: AgentCalls
  readonly request?: Partial<RunRequest>
}

export const newThread = () => ThreadId.make(randomUUID())

export const run = (text: string | null, asked: Asked = {}) =>
  Stream.unwrap(Effect.gen(function*() {
    const graphs = yield* AgentGraphs
    const runId = asked.runId ?? RunId.make(randomUUID()), threadId = asked.thread ?? newThread()
    yield* claimed({ thread: threadId, run: runId, attempt: asked.claim ?? asked.attempt ?? 1 })
    return graphs.run({
      graphId: asked.graph ?? "agent",
      runId,
      threadId,
      attempt: asked.attempt ?? 1,
      trusted: asked.trusted ?? true,
      token: asked.token === undefined ? null : Redacted.make(asked.token),
      steps: asked.steps ?? unwatched,
      agents: asked.agents ?? noAgents,
      configuration: {
        configurable: {
          ...graphs.defaults(asked.graph ?? "agent"),
          assistant_id: "assistant-1",
          user_id: "user-1",
          ...asked.configurable
        },
        origins: {},
        dropped: [],
        recursion_limit: asked.recursion_limit ?? 25,
        tags: ["blue"],
        metadata: asked.metadata ?? {},
        context: {}
      },
      request: {
        ...plainRequest,
        input: text === null ? null : { messages: [{ role: "user", content: text }] },
        ...asked.request
      }
    })
  }))

export const signals = (text: string | null, asked?: Asked) => run(text, asked).pipe(Stream.runCollect)

const Message = Schema.Struct({
  type: Schema.String,
  content: Schema.Unknown,
  id: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.String)
})
const State = Schema.Struct({
  messages: Schema.Array(Message),
  __interrupt__: Schema.optionalKey(Schema.Array(Schema.Unknown))
})
export const readState = Schema.decodeUnknownSync(Schema.fromJsonString(State))
export const parse = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Any))

export const framesOf = (all: ReadonlyArray<GraphSignal>) => all.filter((signal) => signal._tag === "Frame")

export const endOf = (all: ReadonlyArray<GraphSignal>) => {
  const last = all.at(-1)
  if (last?._tag !== "Ended") throw new Error("the run did not end")
  return last
}

export const said = (json: string) => readState(json).messages.map(({ content, type }) => `${type}: ${String(content)}`)

export const failureOf = (text: string, asked?: Asked) =>
  signals(text, asked).pipe(
    Effect.flip,
    Effect.map((error) => {
      assert.instanceOf(error, GraphFailed)
      return error
    })
  )

export const call = "tool:search_laws:{\"query\":\"BGB\"}"

export const legal = (url: string): JsonObject => ({ mcp_config: { servers: [{ name: "legal", url }] } })

/** A thread's state, of the graph `agent`. */
export const stateOf = (thread: ThreadId, at: CheckpointPlace | null = null) =>
  Effect.flatMap(AgentGraphs, (graphs) => graphs.state("agent", thread, at, { subgraphs: false }))
