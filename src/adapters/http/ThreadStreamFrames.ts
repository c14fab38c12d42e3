import type { FramePlace, ThreadFrame } from "../../app/usecases/JoinThread.ts"
import type { ThreadStreamMode } from "./ProtocolRequests.ts"

/** Of a frame of a thread's stream: which run it is of, and which of the run's; the last one has no number. */
export const idOf = ({ id, nth }: ThreadFrame): string => `${nth}-${id ?? "done"}`

const beginning: FramePlace = { nth: 1, after: -1 }

/** The place that a reader names by what it saw last; `-` and `-1` are the beginning, without a name it is the end. */
export const framePlace = (lastEventId: string | undefined): FramePlace | null => {
  if (lastEventId === undefined || lastEventId === "") return null
  const [, nth, after] = /^(\d{1,9})-(\d{1,9}|done)$/.exec(lastEventId) ?? []
  if (nth === undefined || after === undefined) return beginning
  return after === "done" ? { nth: Number(nth) + 1, after: -1 } : { nth: Number(nth), after: Number(after) }
}

/** Updates of the state are made by runs, or answered at once: there is nothing to be told of that kind. */
export const ofThreadModes = (modes: ReadonlyArray<ThreadStreamMode>) => ({ event }: ThreadFrame): boolean =>
  modes.includes("run_modes") || (modes.includes("lifecycle") && event === "metadata")
