import type { StateSnapshot } from "@langchain/langgraph"
import type { Json, JsonObject } from "../../domain/Json.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import type { CheckpointPlace, HistoryQuery, ThreadState } from "../../ports/AgentGraphs.ts"
import { redact } from "./Failures.ts"
import type { Graph } from "./Graph.ts"
import { fieldsOf, toWire, toWireObject, wireText } from "./Serialise.ts"

/** Where LangGraph finds it: by default the thread's latest checkpoint. */
export const addressOf = (threadId: ThreadId, at: CheckpointPlace | null) => {
  const { checkpoint_id = null, ...namespace } = at ?? {}
  return { configurable: { thread_id: threadId, ...namespace, ...(checkpoint_id === null ? {} : { checkpoint_id }) } }
}

/** A checkpoint's address as the API has it, out of a configuration of LangGraph's. */
export const checkpointOf = (configurable: unknown): JsonObject | null => {
  const { checkpoint_id, checkpoint_map, checkpoint_ns, thread_id } = fieldsOf(configurable)
  if (typeof checkpoint_id !== "string") return null
  return {
    thread_id: toWire(thread_id),
    checkpoint_id,
    checkpoint_ns: toWire(checkpoint_ns ?? ""),
    checkpoint_map: toWire(checkpoint_map)
  }
}

/** A text, which the SDK reads as JSON. What a provider says may name a key. */
const errorText = (error: unknown): string | null =>
  error == null ? null : redact(typeof error === "string" ? error : wireText(error), [])

const taskOf = (task: StateSnapshot["tasks"][number]): Json => {
  const { state } = task
  const isSnapshot = state !== undefined && "values" in state
  return {
    id: task.id,
    name: task.name,
    error: errorText(task.error),
    interrupts: toWire(task.interrupts),
    path: toWire(task.path ?? null),
    checkpoint: state === undefined || isSnapshot ? null : toWire(state.configurable ?? null),
    state: isSnapshot ? toWire(threadState(state)) : null,
    result: "result" in task ? toWire(task.result ?? null) : null
  }
}

/** A snapshot of LangGraph's in the API's shape. */
export const threadState = (snapshot: StateSnapshot): ThreadState => ({
  values: toWire(snapshot.values),
  next: snapshot.next,
  tasks: snapshot.tasks.map(taskOf),
  metadata: toWireObject(snapshot.metadata),
  created_at: snapshot.createdAt ?? null,
  checkpoint: checkpointOf(snapshot.config.configurable),
  parent_checkpoint: checkpointOf(snapshot.parentConfig?.configurable)
})

/** Where a thread has been, latest first. */
export const historyOf = async (
  graph: Graph,
  threadId: ThreadId,
  { before, checkpoint, limit, metadata }: HistoryQuery
): Promise<ReadonlyArray<ThreadState>> => {
  const options = {
    limit,
    ...(before === null ? {} : { before: { configurable: { checkpoint_id: before } } }),
    ...(metadata === null ? {} : { filter: metadata })
  }
  const history: Array<ThreadState> = []
  for await (const snapshot of graph.getStateHistory(addressOf(threadId, checkpoint), options)) {
    history.push(threadState(snapshot))
  }
  return history
}

/** What waits for a person, by task; a task that waits at a breakpoint has no question. */
export const interruptsOf = (snapshot: StateSnapshot): JsonObject =>
  Object.fromEntries(snapshot.tasks.map(({ id, interrupts }) => [id, toWire(interrupts)]))
