import type { BaseCallbackHandler } from "@langchain/core/callbacks/base"
import type { StateSnapshot } from "@langchain/langgraph"
import { defaultRecursionLimit } from "../../domain/EffectiveConfig.ts"
import type { JsonObject } from "../../domain/Json.ts"
import type { CheckpointRef, Durability } from "../../domain/RunRequest.ts"
import { shownConfigurable } from "../../domain/Secrets.ts"
import type { GraphRun, GraphSignal } from "../../ports/AgentGraphs.ts"
import { command } from "./Commands.ts"
import type { Graph } from "./Graph.ts"
import type { Tell } from "./InnerFrames.ts"
import { converses, withMessages } from "./Messages.ts"
import { protocolFrames } from "./ProtocolFrames.ts"
import { engineModes, interruptKey, runFrames, withEvents } from "./RunFrames.ts"
import { wireText } from "./Serialise.ts"
import { interruptsOf } from "./States.ts"
import { stopsOf, takeover } from "./Takeover.ts"

const breakpoints = (nodes: "*" | ReadonlyArray<string> | null) => nodes === "*" ? nodes : [...nodes ?? []]

/** Of a run that is to stop after nodes every step is kept: only the one before tells whether it has stopped. */
const withSteps = (durability: Durability): Durability => durability === "exit" ? "async" : durability

/** As many steps as the run or its assistant says; where nobody does, as the graph's maker meant it. */
const recursionLimit = (graph: Graph, { recursion_limit }: GraphRun["configuration"]): number =>
  recursion_limit === defaultRecursionLimit ? graph.config?.recursionLimit ?? recursion_limit : recursion_limit

/** What one run is given besides its request. */
export interface Terms {
  readonly signal: AbortSignal
  readonly tell: Tell
  /** Who hears of its calls. */
  readonly callbacks: ReadonlyArray<BaseCallbackHandler>
  /** What its nodes may see of the configuration. */
  readonly configurable: JsonObject
}

/** Of a configuration what is not LangGraph's own: where to begin and how to run is not for it to say. */
const ordinary = (configurable: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(configurable).filter(([key]) => !/^(__|checkpoint_)/.test(key)))

/** What LangChain's tracers would send of `configurable` as it stands, if `metadata` did not say otherwise. */
const untraced = (configurable: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(shownConfigurable(configurable)).filter(([key, shown]) =>
      typeof shown === "string" && shown !== configurable[key]
    )
  )

/**
 * What LangGraph gets to know. It writes `metadata`, and of `configurable` the ids, into every checkpoint: so no prompt,
 * no token and no key may be in `metadata`.
 */
const engineConfig = (
  graph: Graph,
  { attempt, configuration, graphId, request, runId, threadId }: GraphRun,
  { callbacks, configurable, signal }: Terms,
  start: object
) => {
  const { assistant_id = null, user_id = null } = configuration.configurable
  const { after, before } = stopsOf(graph, request)
  const ids = { run_id: runId, thread_id: threadId, graph_id: graphId, assistant_id }
  return {
    configurable: { ...ordinary(configurable), ...ids, user_id, ...start },
    metadata: {
      ...configuration.metadata,
      ...untraced(configurable),
      created_by: "system",
      run_attempt: attempt,
      ...ids
    },
    runId,
    tags: [...configuration.tags],
    context: configuration.context,
    recursionLimit: recursionLimit(graph, configuration),
    interruptBefore: breakpoints(before),
    interruptAfter: breakpoints(after),
    streamMode: engineModes(request.stream_mode),
    subgraphs: request.stream_subgraphs,
    callbacks: [...callbacks],
    durability: breakpoints(after).length === 0 ? request.durability : withSteps(request.durability),
    signal
  }
}

/** Where LangGraph is to begin: to what is within a nested graph it comes by the checkpoints of the graphs around it. */
const startAt = async (graph: Graph, threadId: string, checkpoint: CheckpointRef | null): Promise<object> => {
  if (checkpoint === null || checkpoint.checkpoint_ns === "") return checkpoint ?? {}
  const { config } = await graph.getState({ configurable: { thread_id: threadId, ...checkpoint } })
  return { ...checkpoint, ...config.configurable }
}

/** A run that was lost while it waited for a person says so now. */
async function* waiting(state: StateSnapshot): AsyncGenerator<GraphSignal, void, void> {
  const asked = state.tasks.flatMap((task) => task.interrupts)
  yield {
    _tag: "Ended",
    values: wireText({ ...state.values, [interruptKey]: asked }),
    waiting: true,
    interrupts: interruptsOf(state)
  }
}

const inputOf = ({ command: asked, input }: GraphRun["request"], conversation: boolean) =>
  asked === null ? withMessages(input, conversation) : command(asked, conversation)

/** Starts a run, or goes on with one whose worker was lost; the signal stops it, with its model's and tools' requests. */
export const startRun = async (graph: Graph, run: GraphRun, terms: Terms): Promise<AsyncGenerator<GraphSignal>> => {
  const { attempt, request, runId, threadId } = run
  const how = attempt === 1
    ? { _tag: "FromBeginning" as const }
    : await takeover(graph, threadId, runId, request)
  if (how._tag === "Waiting") return waiting(how.state)
  const goesOn = how._tag === "FromCheckpoint"
  const input = goesOn ? null : inputOf(request, converses(graph))
  const config = engineConfig(graph, run, terms, await startAt(graph, threadId, goesOn ? null : request.checkpoint))
  const endings = {
    tell: terms.tell,
    waiting: async () => interruptsOf(await graph.getState({ configurable: { thread_id: threadId } }))
  }
  if (request.protocol === true) {
    return protocolFrames(await graph.streamEvents(input, { ...config, version: "v3" }), endings)
  }
  const chunks = request.stream_mode.includes("events")
    ? withEvents(graph.streamEvents(input, { ...config, version: "v2" }), runId)
    : await graph.stream(input, config)
  return runFrames(chunks, request, endings)
}
