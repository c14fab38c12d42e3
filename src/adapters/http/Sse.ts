import { Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import type { Run } from "../../domain/Run.ts"
import { StreamMode } from "../../domain/RunRequest.ts"
import type { NumberedRunEvent } from "../../ports/RunEvents.ts"

/** Proxies and browsers give up on a connection that says nothing. */
const heartbeat = "15 seconds"

/**
 * A comment line, without the blank line that would end an event: the SDK takes that for an event without a name once
 * it has seen an id.
 */
const comment = ": heartbeat\n"

export const frame = (
  { data, event, id }: { readonly event: string; readonly data: string; readonly id: number | string }
): string => `event: ${event}\ndata: ${data}\nid: ${id}\n\n`

/**
 * The beat first, so that the headers go out before anything has happened, and again every 15 s; ends with the text.
 * What is at hand together goes out as one write.
 */
const beating = <E, R>(text: Stream.Stream<string, E, R>, beat: string): Stream.Stream<Uint8Array, E, R> => {
  const encoder = new TextEncoder()
  return Stream.tick(heartbeat).pipe(
    Stream.map(() => beat),
    Stream.merge(text, { haltStrategy: "right" }),
    Stream.map((text) => encoder.encode(text))
  )
}

const runUrl = (run: Run) => `/threads/${run.thread_id}/runs/${run.run_id}`

/** Where a run is to be found: the SDK reads its ids from the one, and reconnects to the other. */
export const locations = (run: Run) => ({ "content-location": runUrl(run), location: `${runUrl(run)}/stream` })

/** Buffers on the way would hold events back. */
const unbuffered = { "cache-control": "no-cache", "x-accel-buffering": "no" }

/** Frames as they are written, with a sign of life before them and between them. */
export const frameStream = (
  frames: Stream.Stream<string>,
  headers: Record<string, string> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(beating(frames, comment), {
    contentType: "text/event-stream",
    headers: { ...unbuffered, ...headers }
  })

export const eventStream = (run: Run, events: Stream.Stream<NumberedRunEvent>): HttpServerResponse.HttpServerResponse =>
  frameStream(Stream.mapArray(events, (batch) => [batch.map(frame).join("")]), locations(run))

/** JSON that takes as long as the run; white space before it keeps the connection open and means nothing. */
export const awaitedJson = (run: Run, json: Stream.Stream<string>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(beating(json, "\n"), {
    contentType: "application/json",
    headers: { ...unbuffered, "content-location": runUrl(run) }
  })

const modeOf = (event: string): string => {
  const [name = ""] = event.split("|")
  return name.startsWith("messages/") ? "messages" : name === "messages" ? "messages-tuple" : name
}

const modal: ReadonlySet<string> = new Set(StreamMode.literals)

/** Only some of the modes that a run streams in; what is of no mode (metadata, errors) always. */
export const ofModes = (modes: ReadonlyArray<StreamMode>) => ({ event }: NumberedRunEvent): boolean => {
  const mode = modeOf(event)
  return !modal.has(mode) || modes.some((wanted) => wanted === mode)
}
