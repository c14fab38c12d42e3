import { Command, Send, type StateSnapshot } from "@langchain/langgraph"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import type { GraphRun, GraphSignal } from "../../ports/AgentGraphs.ts"
import type { Graph } from "./Graph.ts"
import { withMessages } from "./Messages.ts"
import { engineModes, interruptKey, runFrames } from "./RunFrames.ts"
import { wireText } from "./Serialise.ts"
import { interruptsOf } from "./States.ts"
import { takeover } from "./Takeover.ts"

const destination = (value: Json): string | Send =>
  isJsonObject(value) ? new Send(String(value["node"]), withMessages(value["input"] ?? null)) : String(value)

const command = ({ goto = null, resume, update = null }: JsonObject) =>
  new Command({
    ...(resume == null ? {} : { resume }),
    ...(isJsonObject(update) || Array.isArray(update) ? { update: updated(update) } : {}),
    ...(goto === null ? {} : { goto: (Array.isArray(goto) ? goto : [goto]).map(destination) })
  })

type Update = Record<string, unknown> | Array<[string, unknown]>

/** By key, or as pairs of key and value. */
const updated = (update: Json): Update => {
  const pairs = Array.isArray(update)
    ? update.map((pair): [string, Json] => Array.isArray(pair) ? [String(pair[0]), pair[1] ?? null] : ["", null])
    : Object.entries(isJsonObject(update) ? update : {})
  const withKeys = pairs.map(([key, value]): [string, unknown] => {
    const messages = withMessages({ [key]: value })
    return [key, isJsonObject(messages) ? messages[key] : value]
  })
  return Array.isArray(update) ? withKeys : Object.fromEntries(withKeys)
}

const breakpoints = (nodes: "*" | ReadonlyArray<string> | null) => nodes === null || nodes === "*" ? nodes : [...nodes]

/**
 * What LangGraph gets to know. It writes `metadata`, and of `configurable` the ids, into every checkpoint: so no prompt,
 * no token and no key may be in either. The configuration is in the graph itself by now.
 */
const engineConfig = (
  { attempt, configuration, graphId, request, runId, threadId }: GraphRun,
  checkpoint: GraphRun["request"]["checkpoint"],
  signal: AbortSignal
) => {
  const { assistant_id = null, user_id = null } = configuration.configurable
  const ids = { run_id: runId, thread_id: threadId, graph_id: graphId, assistant_id }
  return {
    configurable: { ...ids, user_id, ...checkpoint },
    metadata: { ...configuration.metadata, created_by: "system", run_attempt: attempt, ...ids },
    runId,
    tags: [...configuration.tags],
    context: configuration.context,
    recursionLimit: configuration.recursion_limit,
    interruptBefore: breakpoints(request.interrupt_before) ?? [],
    interruptAfter: breakpoints(request.interrupt_after) ?? [],
    streamMode: engineModes(request.stream_mode),
    subgraphs: request.stream_subgraphs,
    signal
  }
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

/** Starts a run, or goes on with one whose worker was lost; the signal stops it, with its model's and tools' requests. */
export const startRun = async (
  graph: Graph,
  run: GraphRun,
  signal: AbortSignal
): Promise<AsyncGenerator<GraphSignal>> => {
  const { attempt, request, runId, threadId } = run
  const how = attempt === 1
    ? { _tag: "FromBeginning" as const }
    : await takeover(graph, threadId, runId, request)
  if (how._tag === "Waiting") return waiting(how.state)
  const goesOn = how._tag === "FromCheckpoint"
  const input = goesOn ? null : request.command === null ? withMessages(request.input) : command(request.command)
  const chunks = await graph.stream(input, engineConfig(run, goesOn ? null : request.checkpoint, signal))
  return runFrames(
    chunks,
    request,
    async () => interruptsOf(await graph.getState({ configurable: { thread_id: threadId } }))
  )
}
