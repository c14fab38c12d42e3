import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js"
import { isJsonObject } from "../../domain/Json.ts"
import { connectionLost } from "./Failures.ts"

type RequestId = string | number

/** What a request is answered with whose answer can't come any more. */
const lost = (id: RequestId): JSONRPCMessage => ({
  jsonrpc: "2.0",
  id,
  error: { code: connectionLost, message: "The connection was closed before the answer came" }
})

/** The id of the protocol's request in a body of the transport's making; its notifications and answers wait for nothing. */
const requestIn = (init: RequestInit | undefined): RequestId | undefined => {
  if (init?.method !== "POST" || typeof init.body !== "string") return undefined
  const message: unknown = JSON.parse(init.body)
  if (!isJsonObject(message) || !("method" in message)) return undefined
  const { id } = message
  return typeof id === "string" || typeof id === "number" ? id : undefined
}

/** Longer than any event's id: of a line as long as an answer only the beginning is kept. */
const longestId = 1024

/** Finds the id of the last event in a stream that comes in pieces: of those that are complete, and say something. */
const eventIds = () => {
  const decoder = new TextDecoder()
  let line = "", id = "", says = false
  let last: string | undefined
  return (piece: Uint8Array): string | undefined => {
    // What is a return at the end of a piece may be half of a line's end.
    const lines = (line + decoder.decode(piece, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    line = (lines.pop() ?? "").slice(0, longestId)
    for (const text of lines) {
      if (text === "") {
        if (says && id !== "") last = id
        id = ""
        says = false
      } else if (text.startsWith("id:")) id = text.slice("id:".length).trim()
      else if (text.startsWith("data:")) says = true
    }
    return last
  }
}

/** The protocol's transport asks twice for the rest of an answer. */
const mostTries = 2

/**
 * fetch for the streamable transport, which knows of no answer that is lost: it lets its caller wait until the timeout. A
 * stream that ends, however it ends, has said all it had to say, so behind its last event stands that the answer is lost;
 * where it came before, nobody minds. A stream whose events have ids is gone on with, by the transport, by a GET that
 * names the last of them: until the server refuses, or has failed at it twice.
 */
export const answeredFetch = (
  fetch: typeof globalThis.fetch,
  deliver: (message: JSONRPCMessage) => void
): typeof globalThis.fetch => {
  /** By the last event's id: whose answer is to come over another connection, and how often that was tried. */
  const interrupted = new Map<string, { readonly id: RequestId; readonly tries: number }>()

  const answered = (body: ReadableStream<Uint8Array>, id: RequestId, resumed: string | undefined) => {
    const reader = body.getReader()
    const idsIn = eventIds()
    let last = resumed
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }))
        if (!done && value !== undefined) {
          last = idsIn(value) ?? last
          return controller.enqueue(value)
        }
        if (last !== undefined) interrupted.set(last, { id, tries: 0 })
        else controller.enqueue(new TextEncoder().encode(`\n\ndata: ${JSON.stringify(lost(id))}\n\n`))
        controller.close()
      },
      cancel: (reason) => reader.cancel(reason)
    })
  }

  const withAnswer = (response: Response, id: RequestId, resumed?: string): Response =>
    response.ok && response.body !== null && response.headers.get("content-type")?.startsWith("text/event-stream")
      ? new Response(answered(response.body, id, resumed), response)
      : response

  const resume = async (event: string, ...request: Parameters<typeof fetch>): Promise<Response> => {
    const waiting = interrupted.get(event)
    interrupted.delete(event)
    if (waiting === undefined) return fetch(...request)
    const { id, tries } = waiting
    const failed = () => {
      if (tries + 1 < mostTries) interrupted.set(event, { id, tries: tries + 1 })
      else deliver(lost(id))
    }
    try {
      const response = await fetch(...request)
      if (response.status >= 500) failed()
      else if (!response.ok) deliver(lost(id))
      return withAnswer(response, id, event)
    } catch (error) {
      failed()
      throw error
    }
  }

  return async (input, init) => {
    const id = requestIn(init)
    if (id !== undefined) return withAnswer(await fetch(input, init), id)
    const event = new Headers(init?.headers).get("last-event-id")
    return event === null ? fetch(input, init) : resume(event, input, init)
  }
}
