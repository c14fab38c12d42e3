import { Data, Option, Schema } from "effect"
import type { JsonObject } from "./Json.ts"

/**
 * What may be served without a look at the agents' tables, by when it was last seen to agree with them: as it was then,
 * and with that said, or not at all.
 */
export type Unread = Data.TaggedEnum<{
  Stale: { readonly since: Date }
  /** Too long ago, or nobody knows when. */
  Refused: { readonly since: Date | null }
}>
export const Unread = Data.taggedEnum<Unread>()

/** Clocks of several machines: what was seen in the future was seen now. */
export const servedUnread = (lastSeen: Option.Option<Date>, now: Date, allowedSeconds: number): Unread => {
  if (Option.isNone(lastSeen)) return Unread.Refused({ since: null })
  const since = new Date(Math.min(lastSeen.value.getTime(), now.getTime()))
  return now.getTime() - since.getTime() <= allowedSeconds * 1000 ? Unread.Stale({ since }) : Unread.Refused({ since })
}

/** Of several sightings the last one counts. */
export const latestOf = (sightings: ReadonlyArray<Date | null>): Option.Option<Date> => {
  const known = sightings.filter((at) => at !== null).map((at) => at.getTime())
  return known.length === 0 ? Option.none() : Option.some(new Date(Math.max(...known)))
}

/** Of several stale things in one answer the oldest is what the answer is: it can't be newer than any part of it. */
export const oldestOf = (one: Date | null, other: Date): Date => one === null || other < one ? other : one

/** A run's metadata as they say whether it began without a look at its agent's row. That is for the server to say. */
export const markedStale = (metadata: JsonObject, since: Date | null): JsonObject => ({
  ...Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== "stale_since")),
  ...(since === null ? {} : { stale_since: since.toISOString() })
})

/** The agents' tables can't be read, and what they said last is too old to go on with, or would not do. */
export class AgentsUnreadable extends Schema.TaggedError<AgentsUnreadable>()("AgentsUnreadable", {
  why: Schema.String,
  /** Set where it is a matter of age. */
  tooOld: Schema.NullOr(Schema.Struct({ since: Schema.NullOr(Schema.Date), allowedSeconds: Schema.Number }))
}) {
  override get message() {
    return `${this.why}${this.age} Everything goes on when they can be read again.`
  }
  private get age() {
    if (this.tooOld === null) return "."
    const { allowedSeconds, since } = this.tooOld
    return since === null
      ? ", and when they last could is not known."
      : `. What is known of them is of ${since.toISOString()}; it serves for ${allowedSeconds} s (AGENT_STALE_SECONDS).`
  }
}
