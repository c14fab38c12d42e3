import type { Client } from "@langchain/langgraph-sdk"
import { Schema } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { noteEvent, type RunNote, type SeenEvent } from "./Notes.ts"
import type { Timeline } from "./Timeline.ts"

export interface Reading {
  readonly client: Client
  readonly timeline: Timeline
  /** Aborted when nothing more is waited for. */
  readonly signal: AbortSignal
}

const hasStatus = Schema.is(Schema.Struct({ status: Schema.Number }))

/** The status of a refusal; undefined: there was no answer. */
export const statusOf = (error: unknown): number | undefined => hasStatus(error) ? error.status : undefined

/** An answer that asking again won't change. */
export const isRefusal = (status: number): boolean => status < 500 && status !== 429

const wordOf = (error: unknown) =>
  statusOf(error) ?? (error instanceof Error ? `${error.name}: ${error.message.slice(0, 80)}` : String(error))

/** A server that is frozen answers when it thaws, if it does. */
const patienceMs = 5_000

/** Asks until somebody answers. What must not be asked twice is not asked this way. */
export const insist = async <A>(
  { signal, timeline }: Reading,
  what: string,
  ask: (signal: AbortSignal) => Promise<A>
): Promise<A> => {
  for (;;) {
    try {
      return await ask(AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))
    } catch (error) {
      signal.throwIfAborted()
      const status = statusOf(error)
      if (status !== undefined && isRefusal(status)) throw error
      timeline.count(`${what}: asked again`)
      await sleep(300, undefined, { signal })
    }
  }
}

/** A server that is frozen keeps its connections and says nothing: then it is asked elsewhere. Any other must speak. */
const silenceMs = 40_000

const frozenSince = ({ timeline }: Reading, at: number): boolean =>
  timeline.blows.some(({ kind, until = Infinity }) => kind === "freeze" && until >= at)

/** Notes what a stream brings. True: it came to its end; false: it broke off. */
export const take = async (
  reading: Reading,
  note: RunNote,
  open: (signal: AbortSignal) => AsyncIterable<SeenEvent>
): Promise<boolean> => {
  const { signal, timeline } = reading
  const silence = new AbortController()
  let heardAt = Date.now()
  const giveUp = () => {
    // Whoever has no run yet must wait: the request may be accepted when the server thaws.
    if (note.runId !== null && frozenSince(reading, heardAt)) silence.abort(new Error("silence"))
    else watch.refresh()
  }
  const watch = setTimeout(giveUp, silenceMs)
  try {
    for await (const event of open(AbortSignal.any([signal, silence.signal]))) {
      watch.refresh()
      heardAt = Date.now()
      const wrong = noteEvent(note, event)
      if (wrong === undefined) continue
      timeline.violated("streams are gapless", `a client saw: ${wrong}`, note.task.marker)
      return true
    }
    signal.throwIfAborted()
    // The SDK ends a stream that is given up as if it had come to its end.
    return !silence.signal.aborted
  } catch (error) {
    signal.throwIfAborted()
    const status = statusOf(error)
    if (status !== undefined && isRefusal(status)) throw error
    timeline.count(`stream broke off: ${silence.signal.aborted ? "silence" : wordOf(error)}`)
    return false
  } finally {
    clearTimeout(watch)
  }
}

/** Reads on from what was seen last, wherever that leads. */
export const join = ({ client }: Reading, { runId, seen, threadId }: RunNote) => (signal: AbortSignal) =>
  client.runs.joinStream(threadId, runId ?? "", {
    signal,
    ...(seen.length === 0 ? {} : { lastEventId: String(seen.length - 1) })
  })

const isActive = (status: string) => status === "pending" || status === "running"

/** Reads a run to its end, through whatever happens to the servers. */
export const readToTheEnd = async (reading: Reading, note: RunNote, first: Promise<boolean> | undefined) => {
  let whole = first === undefined ? false : await first
  for (;;) {
    const { runId, threadId } = note
    if (runId === null) throw new Error(`${note.task.marker} was never accepted`)
    const { status } = await insist(reading, "status", (signal) => reading.client.runs.get(threadId, runId, { signal }))
    if (!isActive(status) && whole) break
    // A client that is told so has no reason to come back.
    if (whole) {
      reading.timeline.violated("streams end with their run", `run ${runId} was ${status} yet`, note.task.marker)
    }
    await sleep(100, undefined, { signal: reading.signal })
    whole = await take(reading, note, join(reading, note))
  }
  note.complete = true
}
