import { Schema } from "effect"

/** A frame of `text/event-stream` as it came over the wire. */
export interface Frame {
  readonly event: string
  readonly data: unknown
  readonly id: string
}

const parse = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))

const frameOf = (text: string): Frame | undefined => {
  const fields = new Map<string, string>()
  for (const line of text.split("\n")) {
    const colon = line.indexOf(": ")
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2))
  }
  const event = fields.get("event")
  if (event === undefined) return undefined
  return { event, data: parse(fields.get("data") ?? "null"), id: fields.get("id") ?? "" }
}

/** The frames of a response, one by one as they come; ends with the response. */
export async function* framesOf(response: Response): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const parts = text.split("\n\n")
    text = parts.pop() ?? ""
    for (const part of parts) {
      const frame = frameOf(part)
      if (frame !== undefined) yield frame
    }
  }
}

export const allFrames = async (response: Response): Promise<ReadonlyArray<Frame>> => {
  const frames: Array<Frame> = []
  for await (const frame of framesOf(response)) frames.push(frame)
  return frames
}

/** Reads on until a frame of that name. */
export const nextFrame = async (frames: AsyncIterator<Frame>, event: string): Promise<Frame> => {
  for (;;) {
    const { done, value } = await frames.next()
    if (done === true) throw new Error(`the stream ended without a frame ${event}`)
    if (value.event === event) return value
  }
}
