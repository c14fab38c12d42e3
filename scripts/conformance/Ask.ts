import { Mismatch, told } from "./Expect.ts"

/** Who asks: a user, one of another organisation, an admin of the user's own, or nobody. */
export type Who = "user" | "other" | "admin" | "nobody"

export interface Request {
  readonly method?: string
  /** Anything that is JSON; a text is sent as it is. */
  readonly body?: unknown
  readonly as?: Who
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The text as JSON, or undefined. */
  readonly json: unknown
}

/** A frame of `text/event-stream` as it came over the wire. */
export interface Frame {
  readonly event: string
  readonly data: unknown
  readonly id: string | undefined
}

export interface Events {
  readonly status: number
  readonly headers: Headers
  readonly frames: ReadonlyArray<Frame>
}

export interface Target {
  readonly url: string
  readonly tokens: Readonly<Partial<Record<Who, string>>>
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const send = ({ tokens, url }: Target, path: string, { as = "user", body, headers, method, signal }: Request) => {
  const token = tokens[as]
  return fetch(`${url}${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal: signal ?? null
  })
}

export const ask = async (target: Target, path: string, request: Request = {}): Promise<Answer> => {
  const response = await send(target, path, request)
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

const frameOf = (text: string): Frame | undefined => {
  const fields = new Map<string, string>()
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":")
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart())
  }
  const event = fields.get("event")
  return event === undefined ? undefined : { event, data: parsed(fields.get("data") ?? ""), id: fields.get("id") }
}

/** Opens a stream; its frames come one by one, and end with it. */
export const open = async (target: Target, path: string, request: Request = {}) => {
  const response = await send(target, path, request)
  const frames = async function*(): AsyncGenerator<Frame> {
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
  return { status: response.status, headers: response.headers, frames: frames() }
}

/** A stream read to its end. */
export const events = async (target: Target, path: string, request: Request = {}): Promise<Events> => {
  const { frames, headers, status } = await open(target, path, request)
  const all: Array<Frame> = []
  for await (const frame of frames) all.push(frame)
  return { status, headers, frames: all }
}

/** Fails unless an answer has this status. */
export const answered = (answer: Answer, status: number): Answer => {
  if (answer.status === status) return answer
  throw new Mismatch(`answers ${answer.status} ${told(answer.text)}, not ${status}`)
}
