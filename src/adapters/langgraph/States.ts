import type { StateSnapshot } from "@langchain/langgraph"
import type { Json, JsonObject } from "../../domain/Json.ts"
import type { ThreadState } from "../../ports/AgentGraphs.ts"
import { redact } from "./Failures.ts"
import { toWire, toWireObject, wireText } from "./Serialise.ts"

type Config = NonNullable<StateSnapshot["parentConfig"]>

const checkpointOf = (config: Config | undefined): JsonObject | null => {
  const { checkpoint_id, checkpoint_map, checkpoint_ns, thread_id } = config?.configurable ?? {}
  if (typeof checkpoint_id !== "string") return null
  return toWireObject({
    thread_id,
    checkpoint_id,
    checkpoint_ns: checkpoint_ns ?? "",
    checkpoint_map: checkpoint_map ?? null
  })
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
  checkpoint: checkpointOf(snapshot.config),
  parent_checkpoint: checkpointOf(snapshot.parentConfig)
})

/** What waits for a person, by task; a task that waits at a breakpoint has no question. */
export const interruptsOf = (snapshot: StateSnapshot): JsonObject =>
  Object.fromEntries(snapshot.tasks.map(({ id, interrupts }) => [id, toWire(interrupts)]))
