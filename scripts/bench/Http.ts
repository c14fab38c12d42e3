import { Schema } from "effect"
import { answer, question, type Timing, type Way } from "./Turn.ts"

export interface Target {
  readonly url: string
  readonly token: string
  readonly agent: string
}

export const post = async ({ token, url }: Omit<Target, "agent">, path: string, body: object): Promise<Response> => {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body)
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return response
}

const decodeThread = Schema.decodeUnknownSync(Schema.Struct({ thread_id: Schema.String }))

export const newThread = async (target: Target): Promise<string> => {
  const response = await post(target, "/threads", {})
  return decodeThread(await response.json()).thread_id
}

/** A frame of `messages-tuple` in which a model says something. */
const token = /event: messages\ndata: \[\{[^\n]*?"content":"[^"]/

/** A turn on a thread over HTTP, read to the end of its response. */
export const turnOn = async (target: Target, thread: string, way: Way): Promise<Timing> => {
  const started = performance.now()
  const response = await post(target, `/threads/${thread}/runs/${way}`, {
    assistant_id: target.agent,
    input: question,
    stream_mode: way === "stream" ? ["values", "messages-tuple"] : ["values"]
  })
  let firstToken: number | null = null
  let text = ""
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    if (way === "stream" && firstToken === null && token.test(text)) firstToken = performance.now() - started
  }
  const completion = performance.now() - started
  if (!text.includes(answer)) throw new Error(`a run came to ${text}`)
  return { firstToken, completion }
}
