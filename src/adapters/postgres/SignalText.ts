import { Array, Data, Schema } from "effect"
import { CancelAction, RunId } from "../../domain/Run.ts"

/** What replicas tell each other. Hints: whoever missed one finds out by looking. */
export type Signal = Data.TaggedEnum<{
  /** There may be something to fetch. */
  Wake: {}
  Stop: { readonly runId: RunId; readonly action: CancelAction }
  /** New events in these runs' logs, written by the replica named (empty: by nobody in particular). */
  News: { readonly from: string; readonly runIds: ReadonlyArray<RunId> }
  /** Rows of the consumer's have changed, where its tables tell: said by triggers, never by a replica. */
  AgentsChanged: {}
  /** We are (again) listening: what was told meanwhile is lost. */
  Listening: {}
}>
export const Signal = Data.taggedEnum<Signal>()

export type Told = Exclude<Signal, { readonly _tag: "Listening" | "AgentsChanged" }>

/** What a replica tells itself, to know whether it hears. */
export interface Ping {
  readonly _tag: "Ping"
  readonly replica: string
}

/** What the triggers on the consumer's tables say: nothing of what is in the rows. */
export const agentsChanged = "agents"

/** A payload ends before 8,000 bytes, whatever it says: 200 ids of 36 characters leave room for the rest. */
const runsInOne = 200

const payloadsOf = (signal: Told | Ping): ReadonlyArray<string> => {
  switch (signal._tag) {
    case "Wake":
      return ["wake"]
    case "Stop":
      return [`stop ${signal.action} ${signal.runId}`]
    case "News":
      return Array.chunksOf(signal.runIds, runsInOne).map((runIds) => `news ${signal.from} ${runIds.join(",")}`)
    case "Ping":
      return [`ping ${signal.replica}`]
  }
}

/** Signals as texts that `pg_notify` takes, in their order. */
export const encode = (signals: ReadonlyArray<Told | Ping>): ReadonlyArray<string> => signals.flatMap(payloadsOf)

/** A text with who tells it. */
export const addressed = (from: string, text: string): string => `${from} ${text}`

const address = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (.*)$/s

/** Whose a payload is, and what it says; what others than replicas tell has no sender. */
export const sender = (payload: string): { readonly from: string | undefined; readonly text: string } => {
  const [, from, text] = address.exec(payload) ?? []
  return { from, text: text ?? payload }
}

const isAction = Schema.is(CancelAction)
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const runIdsIn = (text: string): ReadonlyArray<RunId> | undefined => {
  const ids = text.split(",")
  return ids.every((id) => uuid.test(id)) ? ids.map((id) => RunId.make(id)) : undefined
}

type Heard = Told | Ping | Extract<Signal, { readonly _tag: "AgentsChanged" }>

/** What was told, or undefined: another version, which says more than we know, may run beside us. */
export const decode = (payload: string): Heard | undefined => {
  const [kind, first, second, ...more] = payload.split(" ")
  if (more.length > 0) return undefined
  if (kind === "wake") return first === undefined ? Signal.Wake() : undefined
  if (first === undefined) return kind === agentsChanged ? Signal.AgentsChanged() : undefined
  if (kind === "ping") return second === undefined ? { _tag: "Ping", replica: first } : undefined
  const runIds = runIdsIn(second ?? "")
  if (runIds === undefined) return undefined
  if (kind === "news") return Signal.News({ from: first, runIds })
  const [runId, ...others] = runIds
  if (kind !== "stop" || runId === undefined || others.length > 0 || !isAction(first)) return undefined
  return Signal.Stop({ runId, action: first })
}
