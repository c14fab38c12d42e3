import { Schema } from "effect"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import { MultitaskStrategy } from "../../domain/Run.ts"
import { listOf, maybe } from "./Schemas.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const Command = Schema.Struct({ id: Count, method: Schema.String, params: maybe(Schema.JsonObject) })
export type Command = typeof Command.Type

export const EventFilter = Schema.Struct({
  channels: Schema.Array(Schema.String),
  namespaces: maybe(Schema.Array(Schema.Array(Schema.String))),
  depth: maybe(Count),
  since: maybe(Count)
})

const ThreadStreamMode = Schema.Literals(["run_modes", "lifecycle", "state_update"])
export type ThreadStreamMode = typeof ThreadStreamMode.Type

const ThreadStreamModes = listOf(ThreadStreamMode)

export const ThreadStreamQuery = { stream_mode: maybe(ThreadStreamModes), stream_modes: maybe(ThreadStreamModes) }

const object = (value: Json | undefined): JsonObject => isJsonObject(value) ? value : {}

const isStrategy = Schema.is(MultitaskStrategy)

/** The run that a command asks for. What has not the form that it should have is as if it were not there. */
export const runAsked = (
  assistant: string,
  params: JsonObject,
  task: { readonly input: Json } | {
    readonly command: JsonObject
  }
): JsonObject => {
  const { configurable, ...config } = object(params["config"])
  const { checkpoint_id, checkpoint_ns, thread_id: _, ...rest } = object(configurable)
  const strategy = params["multitaskStrategy"]
  return {
    assistant_id: assistant,
    ...task,
    config: { ...config, configurable: rest },
    metadata: object(params["metadata"]),
    // Where to go on from, if not from the end of the thread.
    ...(typeof checkpoint_id === "string"
      ? { checkpoint: { checkpoint_id, checkpoint_ns: typeof checkpoint_ns === "string" ? checkpoint_ns : "" } }
      : {}),
    stream_mode: ["values", "updates", "custom", "tasks"],
    stream_subgraphs: true,
    stream_resumable: true,
    if_not_exists: "create",
    multitask_strategy: isStrategy(strategy) ? strategy : "enqueue"
  }
}

/** Answers by the questions they belong to; a text says what is wrong with them. */
export const answersIn = (params: JsonObject): JsonObject | string => {
  const { interrupt_id, response, responses } = params
  if (!Array.isArray(responses)) {
    if (typeof interrupt_id !== "string") return "input.respond requires an interrupt_id."
    return { [interrupt_id]: response ?? null }
  }
  const answers = responses.map((answer: Json) => {
    const { interrupt_id, response } = object(answer)
    return typeof interrupt_id === "string" ? [interrupt_id, response ?? null] as const : undefined
  })
  if (answers.length === 0) return "input.respond requires at least one response."
  const named = answers.filter((answer) => answer !== undefined)
  if (named.length < answers.length) return "input.respond responses entries require an interrupt_id."
  return Object.fromEntries(named)
}

/** What else an answer brings: an update of the state, and where to go on. */
export const besidesAnswer = ({ goto, update }: JsonObject): JsonObject => ({
  ...(typeof update === "object" && update !== null ? { update } : {}),
  ...(typeof goto === "string" || (typeof goto === "object" && goto !== null) ? { goto } : {})
})
