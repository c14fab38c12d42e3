import { AIMessageChunk, BaseMessage } from "@langchain/core/messages"
import type { JsonObject } from "../../domain/Json.ts"
import type { RunRequest, StreamMode } from "../../domain/RunRequest.ts"
import type { GraphSignal } from "../../ports/AgentGraphs.ts"
import { innerText, isInner, type Tell } from "./InnerFrames.ts"
import { fieldsOf, wireText } from "./Serialise.ts"

/** LangGraph's modes for what was asked. The values are needed in any case: they are what the run ends with. */
export const engineModes = (requested: ReadonlyArray<StreamMode>): ReadonlyArray<string> => {
  const modes = requested.filter((mode) => mode !== "events")
  return [...new Set(["values", ...modes.map((mode) => mode === "messages-tuple" ? "messages" : mode)])]
}

/** Where values have the questions that wait for a person. */
export const interruptKey = "__interrupt__"

interface Chunk {
  readonly namespace: ReadonlyArray<string>
  readonly mode: string
  readonly payload: unknown
}

/** `[mode, payload]`, or with subgraphs `[namespace, mode, payload]`. */
const readChunk = (chunk: unknown): Chunk => {
  const parts: ReadonlyArray<unknown> = Array.isArray(chunk) ? chunk : []
  const [namespace, mode, payload] = parts.length === 3 ? parts : [[], ...parts]
  return { namespace: Array.isArray(namespace) ? namespace.map(String) : [], mode: String(mode), payload }
}

const frame = (event: string, data: string): GraphSignal => ({ _tag: "Frame", event, data })

/** The mode `messages`: each message as it grows, announced with its metadata, and whole when it is part of the state. */
const growingMessages = () => {
  const growing = new Map<string, AIMessageChunk>()
  const complete = new Set<string>()
  return {
    grown: (message: unknown, metadata: unknown): ReadonlyArray<GraphSignal> => {
      if (!AIMessageChunk.isInstance(message) || message.id === undefined) return []
      const before = growing.get(message.id)
      const now = before === undefined ? message : before.concat(message)
      growing.set(message.id, now)
      const partial = frame("messages/partial", wireText([now]))
      if (before !== undefined) return [partial]
      const { name: _, tags: __, ...about } = fieldsOf(metadata)
      return [frame("messages/metadata", wireText({ [message.id]: { metadata: about } })), partial]
    },
    inState: (values: unknown): ReadonlyArray<GraphSignal> => {
      const { messages } = fieldsOf(values)
      if (!Array.isArray(messages)) return []
      const fresh: Array<BaseMessage> = []
      for (const message of messages) {
        if (!BaseMessage.isInstance(message) || message.id === undefined || complete.has(message.id)) continue
        complete.add(message.id)
        growing.delete(message.id)
        fresh.push(message)
      }
      return fresh.length === 0 ? [] : [frame("messages/complete", wireText(fresh))]
    }
  }
}

/** `[message, metadata]`; all tokens of an answer share their metadata, which is the larger part by far. */
const tuples = () => {
  let last: unknown
  let text = ""
  return (message: unknown, metadata: unknown): string => {
    if (metadata !== last) {
      last = metadata
      text = wireText(metadata)
    }
    return `[${wireText(message)},${text}]`
  }
}

/** LangChain's events, and among them what the graph streams, in the form it has without them. */
export async function* withEvents(events: AsyncIterable<unknown>, runId: string): AsyncGenerator<unknown, void, void> {
  for await (const event of events) {
    const { data, event: kind, run_id, tags } = fieldsOf(event)
    if (Array.isArray(tags) && tags.includes("langsmith:hidden")) continue
    yield kind === "on_chain_stream" && run_id === runId ? fieldsOf(data)["chunk"] : ["events", event]
  }
}

/** What LangGraph streams, as the frames that were asked for and no others, and what it comes to at last. */
export async function* runFrames(
  chunks: AsyncIterable<unknown>,
  request: Pick<RunRequest, "stream_mode">,
  { tell, waiting }: { readonly tell: Tell; readonly waiting: () => Promise<JsonObject> }
): AsyncGenerator<GraphSignal, void, void> {
  const requested = new Set<string>(request.stream_mode)
  const messages = growingMessages()
  const tuple = tuples()
  let values: unknown = {}
  let valuesText: string | undefined
  let interrupts: Array<unknown> | undefined

  for await (const chunk of chunks) {
    const { mode, namespace, payload } = readChunk(chunk)
    const named = (event: string) => [event, ...namespace].join("|")
    if (mode === "messages") {
      const [message, metadata] = Array.isArray(payload) ? payload : []
      if (requested.has("messages-tuple")) yield frame(named("messages"), tuple(message, metadata))
      if (requested.has("messages")) yield* messages.grown(message, metadata)
      continue
    }
    const text = !requested.has(mode)
      ? undefined
      : isInner(mode)
      ? innerText(mode, payload, tell)
      : wireText(payload)
    if (mode === "values" && namespace.length === 0) {
      const asked = fieldsOf(payload)[interruptKey]
      if (Array.isArray(asked)) interrupts = [...interrupts ?? [], ...asked]
      else {
        values = payload
        valuesText = text
      }
      if (requested.has("messages")) yield* messages.inState(payload)
    }
    if (text !== undefined) yield frame(named(mode), text)
  }

  const paused = interrupts !== undefined
  yield {
    _tag: "Ended",
    values: paused
      ? wireText({ ...fieldsOf(values), [interruptKey]: interrupts })
      : valuesText ?? wireText(values),
    waiting: paused,
    interrupts: paused ? await waiting() : {}
  }
}
