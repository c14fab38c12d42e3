import type { Namespace } from "./ProtocolEvents.ts"

/** What a frame of a run's log is about. */
export interface LoggedFrame {
  readonly method: string
  readonly namespace: Namespace
  /** When it happened, in ms; a frame of an ordinary run does not say. */
  readonly timestamp: number | undefined
}

/** How an event of the protocol is called in a run's log: an ordinary frame's name, behind when it happened. */
export const loggedName = (method: string, namespace: Namespace, timestamp: number): string =>
  `v2@${timestamp}/${[method, ...namespace].join("|")}`

const logged = /^v2@(\d+)\/(.*)$/s

export const frameOf = (event: string): LoggedFrame => {
  const [, timestamp, name = event] = logged.exec(event) ?? []
  const [method = "", ...namespace] = name.split("|")
  return { method, namespace, timestamp: timestamp === undefined ? undefined : Number(timestamp) }
}

/** What the protocol's own frames have in common with those of an ordinary run. */
const shared: ReadonlySet<string> = new Set(["values", "updates", "tasks", "custom"])

/** The frame's name for those who read the run and not the protocol; nothing where only the protocol has a word for it. */
export const runFrameName = (event: string): string | undefined => {
  const [, , name] = logged.exec(event) ?? []
  if (name === undefined) return event
  return shared.has(name.split("|")[0] ?? "") ? name : undefined
}
