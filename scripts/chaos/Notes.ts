import { crc32 } from "node:zlib"
import type { Task } from "./Script.ts"

/** What a client knows of a run of its own. */
export interface RunNote {
  readonly task: Task
  readonly threadId: string
  /** Null until the server has said so: a create whose answer was lost may have been accepted. */
  runId: string | null
  /** What the client saw, by event id: a digest of each. */
  readonly seen: Array<number>
  /** The client read to an end, and the run had ended. */
  complete: boolean
  /** Its tool server was out of reach at a time: it went on without, or the model was told of a failure. */
  toolsFailed: boolean
  /** What the log held when it had ended; null until that was looked at. */
  log: LogNote | null
}

export interface LogNote {
  /** How often the run was taken up. */
  readonly taken: number
  readonly events: number
  /** Those that wrote something, and when first. */
  readonly attempts: ReadonlyArray<{ readonly attempt: number; readonly at: number }>
  readonly endedAt: number
}

/** A conversation, and whose. */
export interface ThreadNote {
  readonly threadId: string
  readonly agent: string
  readonly token: string
  /** In the order in which they were created. */
  readonly runs: Array<RunNote>
}

/** Equal for what a client is shown and for what the log holds. */
export const digestOf = (event: string, data: unknown): number => crc32(`${event}\n${JSON.stringify(data)}`)

export interface SeenEvent {
  readonly id?: string | undefined
  readonly event: string
  readonly data: unknown
}

/** Notes an event. Answers what is wrong with its number, if anything is. */
export const noteEvent = ({ seen }: RunNote, { data, event, id }: SeenEvent): string | undefined => {
  if (id !== String(seen.length)) return `event ${id} (${event}) came where ${seen.length} was due`
  seen.push(digestOf(event, data))
  return undefined
}
