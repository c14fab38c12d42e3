import type { Latch } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { NumberedRunEvent } from "../../ports/RunEvents.ts"

/** How many rows wait for a slow reader, and how many letters; what comes then is read again when there is room. */
const roomRows = 64
const roomLetters = 262_144

/** Where a reader of a log is. */
export interface EventCursor {
  readonly runId: RunId
  /** It waits for the end alone: other news is none. */
  readonly endOnly: boolean
  /** Open when there is something to take: rows, the end, or the need to look. */
  readonly wake: Latch.Latch
  /** The last id it has, in its hands or waiting. */
  at: number
  readonly rows: Array<ReadonlyArray<NumberedRunEvent>>
  letters: number
  /** There may be more in the database than what waits here. */
  behind: boolean
  ended: boolean
  /** When it was last told anything, in ms. */
  heardAt: number
}

const lettersOf = (events: ReadonlyArray<NumberedRunEvent>) => events.reduce((sum, { data }) => sum + data.length, 0)

export const hasRoom = ({ letters, rows }: EventCursor): boolean => rows.length < roomRows && letters < roomLetters

const push = (cursor: EventCursor, events: ReadonlyArray<NumberedRunEvent>): void => {
  const fresh = events.filter(({ id }) => id > cursor.at)
  const last = fresh.at(-1)
  if (last === undefined) return
  cursor.at = last.id
  cursor.rows.push(fresh)
  cursor.letters += lettersOf(fresh)
  cursor.wake.openUnsafe()
}

/** A row that has just been written. Answers whether the reader has to look for it, or for what came before it. */
export const offerRow = (cursor: EventCursor, events: ReadonlyArray<NumberedRunEvent>): boolean => {
  const first = events[0], last = events.at(-1)
  if (first === undefined || last === undefined || last.id <= cursor.at) return false
  if (first.id > cursor.at + 1 || !hasRoom(cursor)) return true
  push(cursor, events)
  return false
}

/** What a look at the log has found after the cursor. */
export interface LogView {
  readonly rows: ReadonlyArray<ReadonlyArray<NumberedRunEvent>>
  /** The last id of the log, -1 without one. */
  readonly lastId: number
  /** No more will come. */
  readonly over: boolean
}

export const acceptView = (cursor: EventCursor, { lastId, over, rows }: LogView): void => {
  for (const events of rows) {
    const first = events[0]
    // Its beginning is gone: the log is being removed, and what is left makes no sense.
    if (first !== undefined && first.id > cursor.at + 1) return endCursor(cursor)
    push(cursor, events)
  }
  if (cursor.at < lastId) cursor.behind = true
  else if (over) endCursor(cursor)
}

export const endCursor = (cursor: EventCursor): void => {
  cursor.ended = true
  cursor.wake.openUnsafe()
}

/** What waits, in one piece. */
export const takeRows = (cursor: EventCursor): ReadonlyArray<NumberedRunEvent> => {
  cursor.letters = 0
  return cursor.rows.splice(0).flat()
}
