import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import { fieldsOf, toWire } from "./Serialise.ts"
import { checkpointOf } from "./States.ts"

/** A text as it may be told: without what is secret in it. */
export type Tell = (text: string) => string

const withoutSecrets = (json: Json, tell: Tell): Json => {
  if (typeof json === "string") return tell(json)
  if (Array.isArray(json)) return json.map((item) => withoutSecrets(item, tell))
  if (!isJsonObject(json)) return json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withoutSecrets(value, tell)]))
}

const shownIds: ReadonlySet<string> = new Set([
  "thread_id",
  "checkpoint_id",
  "checkpoint_ns",
  "checkpoint_map",
  "run_id",
  "graph_id",
  "assistant_id"
])

/** Of a configuration the ids: the rest of it is what the run's nodes got, and may hold keys. */
const idsOf = (config: unknown): JsonObject | null => {
  const { configurable } = fieldsOf(config)
  if (configurable === undefined) return null
  const ids = Object.entries(fieldsOf(configurable)).filter(([key]) => shownIds.has(key))
  return { configurable: Object.fromEntries(ids.map(([key, value]) => [key, toWire(value)])) }
}

/** A task of a graph within the graph tells where that one's checkpoints are. */
const task = (payload: unknown): Readonly<Record<string, unknown>> => {
  const { state, ...rest } = fieldsOf(payload)
  const { configurable } = fieldsOf(state)
  if (configurable === undefined) return state === undefined ? rest : { ...rest, state }
  const { checkpoint_id = null, checkpoint_map = null, checkpoint_ns = "", thread_id } = fieldsOf(configurable)
  return { ...rest, checkpoint: { thread_id, checkpoint_id, checkpoint_ns, checkpoint_map } }
}

/** A step's state, addressed as the API addresses it. */
const checkpoint = (payload: unknown): Readonly<Record<string, unknown>> => {
  const { config, parentConfig, tasks, ...rest } = fieldsOf(payload)
  return {
    ...rest,
    config: idsOf(config),
    parent_config: idsOf(parentConfig),
    tasks: Array.isArray(tasks) ? tasks.map(task) : [],
    checkpoint: checkpointOf(fieldsOf(config)["configurable"]),
    parent_checkpoint: checkpointOf(fieldsOf(parentConfig)["configurable"])
  }
}

const debug = (payload: unknown): Readonly<Record<string, unknown>> => {
  const chunk = fieldsOf(payload)
  return { ...chunk, payload: chunk["type"] === "checkpoint" ? checkpoint(chunk["payload"]) : task(chunk["payload"]) }
}

const shapes: Readonly<Record<string, (payload: unknown) => unknown>> = {
  checkpoints: checkpoint,
  tasks: task,
  debug,
  tools: (call) => call,
  events: (event) => event
}

/** The modes that show a graph from inside, with its configuration and whatever went through its nodes. */
export const isInner = (mode: string): boolean => Object.hasOwn(shapes, mode)

/** Whatever of a graph's insides, as JSON with nothing secret in it. */
export const toldText = (payload: unknown, tell: Tell): string => JSON.stringify(withoutSecrets(toWire(payload), tell))

/** A frame of such a mode: addresses as the API has them, and nothing secret. */
export const innerText = (mode: string, payload: unknown, tell: Tell): string =>
  toldText(shapes[mode]?.(payload) ?? payload, tell)
