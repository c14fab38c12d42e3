import { isJsonObject } from "./Json.ts"

/** Where in the tree of graphs: `[]` is the run's own graph, `["tools:<task>"]` one within its node `tools`. */
export type Namespace = ReadonlyArray<string>

/** An event of the streaming protocol. */
export interface ProtocolEvent {
  /** Grows along a thread, and is the same whoever reads it, whenever, on whichever replica. */
  readonly seq: number
  readonly method: string
  readonly namespace: Namespace
  /** In ms. */
  readonly timestamp: number
  /** Of an update: which node made it. */
  readonly node?: string
  /** What subscriptions call it. */
  readonly channel: string
  /** JSON text. */
  readonly data: string
}

/** More events than a run's log can hold. */
const perRun = 2 ** 26

/**
 * Numbers are not counted over a thread's runs, whose logs go at some time: each run has its own range of them. `nth` is
 * which of its thread's runs it is, from 1; `index` which of the run's events, from 1.
 */
export const seqOf = (nth: number, index: number): number => (nth - 1) * perRun + index

/** The run of its thread that has an event of this number; the first one for 0, which is before all. */
export const runOfSeq = (seq: number): number => Math.floor(Math.max(0, seq - 1) / perRun) + 1

/** An event as it goes out: to JSON text, whose `data` is JSON already. */
export const protocolText = ({ data, method, namespace, node, seq, timestamp }: ProtocolEvent): string => {
  const by = node === undefined ? "" : `"node":${JSON.stringify(node)},`
  const params = `{"namespace":${JSON.stringify(namespace)},"timestamp":${timestamp},${by}"data":${data}}`
  return `{"type":"event","event_id":"${seq}","seq":${seq},"method":${JSON.stringify(method)},"params":${params}}`
}

/** `custom` events may have a name, which makes them a channel of their own. */
export const channelOf = (method: string, data: unknown): string => {
  if (method === "input.requested") return "input"
  const name = method === "custom" && isJsonObject(data) ? data["name"] : undefined
  return typeof name === "string" ? `custom:${name}` : method
}

/** What a reader wants to see of a thread. */
export interface Subscription {
  readonly channels: ReadonlyArray<string>
  /** Those at or below one of them; all if there is none. */
  readonly namespaces: ReadonlyArray<Namespace>
  /** How far below, at most. */
  readonly depth: number | null
}

/** `tools` stands for every `tools:<task>`. */
const isAt = (segment: string | undefined, wanted: string) =>
  segment === wanted || (segment !== undefined && !wanted.includes(":") && segment.split(":")[0] === wanted)

const isBelow = (namespace: Namespace, above: Namespace) =>
  above.every((wanted, index) => isAt(namespace[index], wanted))

export const wants =
  ({ channels, depth, namespaces }: Subscription) => ({ channel, namespace }: ProtocolEvent): boolean =>
    (channels.includes(channel) || (channel.startsWith("custom:") && channels.includes("custom")))
    && (namespaces.length === 0
      || namespaces.some((above) =>
        isBelow(namespace, above) && (depth === null || namespace.length - above.length <= depth)
      ))
