import type { RunClaim } from "../../domain/Run.ts"
import type { RunEvent } from "../../ports/RunEvents.ts"
import { bytesOf, eventBytes, rowBytes, sized, type SizedEvent } from "./EventText.ts"

/** Where a log ends by now. */
export interface LogEnd {
  readonly nextId: number
  readonly bytes: number
}

/** What becomes one row. It stays what it is until it is known to be written, or void: it may be without our knowing. */
export interface EventBatch {
  readonly firstId: number
  readonly events: ReadonlyArray<SizedEvent>
  /** What the log holds with it. */
  readonly logBytes: number
  /** How many published events it stands for. */
  readonly settles: number
}

/** What a claim has published and is not written yet. */
export interface Outbox {
  readonly claim: RunClaim
  readonly waiting: Array<SizedEvent>
  /** Unknown until it has been asked for. */
  end: LogEnd | undefined
  batch: EventBatch | undefined
  /** How much is not written, in bytes. */
  unwritten: number
  published: number
  /** How many of those are written or void. */
  settled: number
  /** Nothing more is written: the claim was overtaken, or the log is full. */
  closed: "full" | "overtaken" | undefined
  /** Whether its batch was refused for what it says, and replaced. */
  replaced: boolean
}

export const emptyOutbox = (claim: RunClaim): Outbox => ({
  claim,
  waiting: [],
  // Whoever takes a run up first finds nothing in its log; if that is wrong, the first row is refused and it is asked.
  end: claim.attempt === 1 ? { nextId: 0, bytes: 0 } : undefined,
  batch: undefined,
  unwritten: 0,
  published: 0,
  settled: 0,
  closed: undefined,
  replaced: false
})

const streamLimit = (maxBytes: number): RunEvent => ({
  event: "error",
  data: JSON.stringify({
    error: "StreamLimit",
    message: `The stream of this run ends here: it has more than ${maxBytes} bytes, or an event of more than `
      + `${eventBytes}. The run goes on; join it to wait for its result, and read the thread's state for its values.`
  })
})

const refusedBatch: RunEvent = {
  event: "error",
  data: JSON.stringify({
    error: "EventRefused",
    message: "The database refused some events of this run's stream. The run goes on; join it to wait for its result."
  })
}

export const publishTo = (outbox: Outbox, events: ReadonlyArray<RunEvent>): void => {
  outbox.published += events.length
  if (outbox.closed !== undefined) {
    outbox.settled += events.length
    return
  }
  for (const event of events.map(sized)) {
    outbox.waiting.push(event)
    outbox.unwritten += event.bytes
  }
}

/** Nothing of it is written any more; answers how many events that are. */
export const closeOutbox = (outbox: Outbox, why: "full" | "overtaken"): number => {
  const lost = outbox.published - outbox.settled
  outbox.closed = why
  outbox.waiting.length = 0
  outbox.batch = undefined
  outbox.unwritten = 0
  outbox.settled = outbox.published
  return lost
}

/** The next row, if there is anything to write. What exceeds the log's limit is told in place of the events. */
export const batchOf = (outbox: Outbox, end: LogEnd, maxBytes: number): EventBatch | undefined => {
  if (outbox.batch !== undefined) return outbox.batch = { ...outbox.batch, firstId: end.nextId }
  if (outbox.waiting.length === 0) return undefined
  let count = 0, bytes = 0
  for (const event of outbox.waiting) {
    if (event.bytes > eventBytes || end.bytes + bytes + event.bytes > maxBytes) {
      const events = [...outbox.waiting.slice(0, count), sized(streamLimit(maxBytes))]
      const settles = outbox.waiting.length
      outbox.waiting.length = 0
      // More than the limit, whatever is in it: whoever takes the run over knows by this that it has been told.
      return outbox.batch = { firstId: end.nextId, events, logBytes: maxBytes + 1, settles }
    }
    if (count > 0 && bytes + event.bytes > rowBytes) break
    count++
    bytes += event.bytes
  }
  return outbox.batch = {
    firstId: end.nextId,
    events: outbox.waiting.splice(0, count),
    logBytes: end.bytes + bytes,
    settles: count
  }
}

/** In place of a batch that the database refuses: readers learn that something is missing. */
export const replaceBatch = (outbox: Outbox, batch: EventBatch): void => {
  outbox.replaced = true
  outbox.batch = { ...batch, events: [sized(refusedBatch)] }
}

/** The batch has been written. */
export const settleBatch = (outbox: Outbox, batch: EventBatch, maxBytes: number): void => {
  outbox.end = { nextId: batch.firstId + batch.events.length, bytes: batch.logBytes }
  outbox.batch = undefined
  outbox.replaced = false
  outbox.settled += batch.settles
  outbox.unwritten = bytesOf(outbox.waiting)
  if (batch.logBytes > maxBytes) closeOutbox(outbox, "full")
}
