import { isJsonObject, type Json } from "./Json.ts"
import { channelOf, type Namespace, type ProtocolEvent, seqOf } from "./ProtocolEvents.ts"
import { frameOf } from "./ProtocolLog.ts"
import { protocolState } from "./ProtocolState.ts"

/** What a thread's stream has to know of a run, besides what is in its log. */
export interface StreamedRun {
  /** Which of its thread's runs it is, from 1: in the order they were taken up, which is the one they ran in. */
  readonly nth: number
  readonly graph_id: string
  /** In ms. */
  readonly started: number
}

/** Where the log says that it is too large; the run itself goes on. */
const streamLimit = "StreamLimit"

const interrupts = "__interrupt__"

/** A node's update; what LangGraph calls an update without a node is nobody's. */
const updateOf = (data: Json): { readonly node?: string; readonly values: Json } => {
  const [first] = Object.entries(isJsonObject(data) ? data : {})
  if (first === undefined) return { values: {} }
  const [node, values] = first
  return { node, values: typeof values === "object" && values !== null ? values : { value: values } }
}

const isEmpty = (values: Json) => isJsonObject(values) && Object.keys(values).length === 0

/**
 * One run's log as events of the protocol, frame by frame from its beginning: the same frames give the same events,
 * numbers included, wherever and whenever they are read.
 */
export const streamedRun = ({ graph_id, nth, started }: StreamedRun) => {
  const asked = new Set<string>()
  let index = 0
  let timestamp = started
  let state: "ahead" | "running" | "over" = "ahead"
  let showedValues = false

  const told = (method: string, namespace: Namespace, data: string, channel: string, node?: string): ProtocolEvent => ({
    seq: seqOf(nth, ++index),
    method,
    namespace,
    timestamp,
    ...(node === undefined ? {} : { node }),
    channel,
    data
  })

  const event = (method: string, namespace: Namespace, data: Json, node?: string) =>
    told(method, namespace, JSON.stringify(data), channelOf(method, data), node)

  const lifecycle = (status: string, error?: string): ReadonlyArray<ProtocolEvent> => [
    event("lifecycle", [], { event: status, graph_name: graph_id, ...(error === undefined ? {} : { error }) })
  ]

  /** Each question once, however often LangGraph tells it. */
  const questions = (list: Json | undefined, namespace: Namespace): ReadonlyArray<ProtocolEvent> =>
    (Array.isArray(list) ? list : []).flatMap((question: Json) => {
      const id = isJsonObject(question) ? question["id"] : undefined
      if (typeof id !== "string" || !isJsonObject(question) || asked.has(id)) return []
      asked.add(id)
      return [event("input.requested", namespace, { interrupt_id: id, payload: question["value"] ?? null })]
    })

  const values = (data: Json, namespace: Namespace): ReadonlyArray<ProtocolEvent> => {
    const asking = questions(isJsonObject(data) ? data[interrupts] : undefined, namespace)
    const shown = protocolState(data)
    if (isEmpty(shown)) return asking
    if (namespace.length === 0) showedValues = true
    return [...asking, event("values", namespace, shown)]
  }

  const update = (data: Json, namespace: Namespace): ReadonlyArray<ProtocolEvent> => {
    const { node, values } = updateOf(data)
    if (node === interrupts) return questions(values, namespace)
    return [event("updates", namespace, protocolState(values), node)]
  }

  const custom = (data: Json, namespace: Namespace): ProtocolEvent =>
    event("custom", namespace, isJsonObject(data) && "name" in data ? data : { payload: data })

  /** How the run begins and ends is told by its log as a whole, and not by the graph. */
  const failed = (data: Json): ReadonlyArray<ProtocolEvent> => {
    if (state === "over" || (isJsonObject(data) && data["error"] === streamLimit)) return []
    state = "over"
    const message = isJsonObject(data) ? data["message"] : undefined
    return lifecycle("failed", typeof message === "string" ? message : JSON.stringify(data))
  }

  const frame = (name: string, text: string): ReadonlyArray<ProtocolEvent> => {
    const { method, namespace, timestamp: at } = frameOf(name)
    if (at !== undefined) timestamp = at
    // Only the protocol's own runs have these in its shapes.
    const native = at !== undefined
    switch (method) {
      case "values":
        return values(JSON.parse(text), namespace)
      case "updates":
        return update(JSON.parse(text), namespace)
      case "custom":
        return [custom(JSON.parse(text), namespace)]
      case "tasks":
        return [told("tasks", namespace, text, "tasks")]
      case "error":
        return failed(JSON.parse(text))
      case "messages":
      case "tools":
      case "checkpoints":
        return native ? [told(method, namespace, text, method)] : []
      case "lifecycle":
        return native && namespace.length > 0 ? [told(method, namespace, text, method)] : []
    }
    const channel = native && method.startsWith("custom:") ? method.slice("custom:".length) : ""
    return channel === "" ? [] : [event("custom", namespace, { name: channel, payload: JSON.parse(text) })]
  }

  return {
    /** A frame of the log. */
    take: (name: string, text: string): ReadonlyArray<ProtocolEvent> => {
      const begins = state === "ahead"
      if (begins) state = "running"
      return [...begins ? lifecycle("running") : [], ...frame(name, text)]
    },

    /** What the log says the run came to. */
    result: (text: string): ReadonlyArray<ProtocolEvent> => {
      if (state === "over") return []
      const waits = text.includes(interrupts)
      const last = waits || !showedValues ? JSON.parse(text) : {}
      const shown = showedValues ? questions(isJsonObject(last) ? last[interrupts] : undefined, []) : values(last, [])
      state = "over"
      return [...shown, ...lifecycle(asked.size > 0 ? "interrupted" : "completed")]
    },

    /** The log has no more. A run that came to nothing was stopped; of one whose log is gone there is nothing to tell. */
    end: (): ReadonlyArray<ProtocolEvent> => {
      if (state !== "running") return []
      state = "over"
      return lifecycle("interrupted")
    }
  }
}
