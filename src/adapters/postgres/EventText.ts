import type { NumberedRunEvent, RunEvent } from "../../ports/RunEvents.ts"
import { withoutNul } from "./Values.ts"

/** What a row of a log holds at most, in bytes, unless one event alone is larger. */
export const rowBytes = 262_144

/** An event that is larger than this could not be read again: the driver's messages end at 16 MiB. */
export const eventBytes = 8_388_608

export interface SizedEvent extends RunEvent {
  readonly bytes: number
}

/** JSON text has line breaks only between its tokens, where a blank is as good, and no NUL at all. */
const inOneLine = (text: string): string => withoutNul(text.replaceAll(/[\r\n]/g, " ")).toWellFormed()

/** As it is kept, and as readers get it, whichever way it comes to them. */
export const sized = ({ data, event }: RunEvent): SizedEvent => {
  const kept = { event: inOneLine(event), data: inOneLine(data) }
  return { ...kept, bytes: Buffer.byteLength(kept.event) + Buffer.byteLength(kept.data) + 2 }
}

export const bytesOf = (events: ReadonlyArray<SizedEvent>): number => events.reduce((sum, { bytes }) => sum + bytes, 0)

/** Alternating lines: names and data, neither of which has a line break. */
export const encodeEvents = (events: ReadonlyArray<RunEvent>): string =>
  events.map(({ data, event }) => `${event}\n${data}`).join("\n")

export const decodeEvents = (firstId: number, text: string): ReadonlyArray<NumberedRunEvent> => {
  if (text === "") return []
  const lines = text.split("\n")
  return Array.from({ length: lines.length / 2 }, (_, index) => ({
    id: firstId + index,
    event: lines[index * 2] ?? "",
    data: lines[index * 2 + 1] ?? ""
  }))
}
