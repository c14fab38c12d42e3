import type { JsonObject } from "../../domain/Json.ts"
import { loggedName } from "../../domain/ProtocolLog.ts"
import type { GraphSignal } from "../../ports/AgentGraphs.ts"
import type { EventStream } from "./Graph.ts"
import { isInner, type Tell, toldText } from "./InnerFrames.ts"
import { interruptKey } from "./RunFrames.ts"
import { wireText } from "./Serialise.ts"
import { letGo } from "./UnheardPromises.ts"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

interface Event {
  readonly method: string
  readonly namespace: ReadonlyArray<string>
  readonly timestamp: number
  readonly data: unknown
}

const readEvent = (event: unknown): Event => {
  const { method, params } = isRecord(event) ? event : {}
  const { data, namespace, timestamp } = isRecord(params) ? params : {}
  return {
    method: String(method),
    namespace: Array.isArray(namespace) ? namespace.map(String) : [],
    timestamp: Number(timestamp),
    data
  }
}

/** As an ordinary run's frame of that mode has it, so that there is one shape of each in the logs. */
const asInFrames = ({ data, method }: Event): unknown => {
  if (!isRecord(data)) return data
  if (method === "updates" && typeof data["node"] === "string") return { [data["node"]]: data["values"] }
  if (method === "custom" && !("name" in data)) return data["payload"]
  return data
}

/** Errors are told as they were thrown; a provider's may name a key. */
const tellsOfFailure = ({ data, method }: Event) =>
  ["lifecycle", "messages"].includes(method) && isRecord(data) && data["error"] != null

/** What LangGraph streams as events of the protocol, as frames of the run's log, and what it comes to at last. */
export async function* protocolFrames(
  events: EventStream,
  { tell, waiting }: { readonly tell: Tell; readonly waiting: () => Promise<JsonObject> }
): AsyncGenerator<GraphSignal, void, void> {
  let values: unknown = {}
  let interrupts: ReadonlyArray<unknown> | undefined
  letGo(events)
  try {
    for await (const one of events) {
      const event = readEvent(one)
      const { data, method, namespace, timestamp } = event
      if (method === "values" && namespace.length === 0) {
        const asked = isRecord(data) ? data[interruptKey] : undefined
        if (Array.isArray(asked)) interrupts = [...interrupts ?? [], ...asked]
        else values = data
      }
      const name = loggedName(method, namespace, timestamp)
      const shown = asInFrames(event)
      const discreet = isInner(method) || tellsOfFailure(event)
      yield { _tag: "Frame", event: name, data: discreet ? toldText(shown, tell) : wireText(shown) }
    }
  } finally {
    // One that is stopped gets to finish what it was writing; how it ended has been told above.
    await events.output.then(() => {}, () => {})
  }
  const paused = interrupts !== undefined
  yield {
    _tag: "Ended",
    values: wireText(paused ? { ...isRecord(values) ? values : {}, [interruptKey]: interrupts } : values),
    waiting: paused,
    interrupts: paused ? await waiting() : {}
  }
}
