import { Schema } from "effect"
import { randomUUID } from "node:crypto"
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { listen, readBody } from "./Loopback.ts"

/** Text, or blocks of which some are text. */
const Content = Schema.Union([
  Schema.String,
  Schema.Array(Schema.Struct({ type: Schema.String, text: Schema.optionalKey(Schema.String) }))
])

const Message = Schema.Struct({ role: Schema.String, content: Schema.optionalKey(Schema.NullOr(Content)) })

const Tool = Schema.Struct({
  function: Schema.Struct({
    name: Schema.String,
    description: Schema.optionalKey(Schema.String),
    parameters: Schema.optionalKey(Schema.JsonObject)
  })
})

/** What of a request to /chat/completions decides its answer. */
export const ChatRequest = Schema.Struct({
  model: Schema.String,
  messages: Schema.Array(Message),
  tools: Schema.optionalKey(Schema.Array(Tool)),
  stream: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  stream_options: Schema.optionalKey(
    Schema.NullOr(Schema.Struct({ include_usage: Schema.optionalKey(Schema.Boolean) }))
  )
})
export type ChatRequest = typeof ChatRequest.Type
export type ChatMessage = typeof Message.Type
export type ChatTool = typeof Tool.Type["function"]

export const textOf = ({ content }: ChatMessage) =>
  typeof content === "string" ? content : (content ?? []).map((block) => block.text ?? "").join("")

export interface ToolCall {
  readonly name: string
  /** JSON text, as a model writes it. */
  readonly arguments: string
}

export interface Reply {
  readonly text?: string
  readonly calls?: ReadonlyArray<ToolCall>
  /** How long the whole answer takes: spread over its words when they are streamed. */
  readonly takesMs?: number
  /** An HTTP status instead of an answer. */
  readonly failure?: number
}

/** One request as it came in. */
export interface Exchange {
  readonly body: Schema.JsonObject
  readonly headers: IncomingHttpHeaders
  /** The caller went away before the answer was complete. */
  aborted: boolean
}

export interface ChatServer {
  /** The base URL that OpenAI's clients want: up to and including `/v1`. */
  readonly url: string
  readonly close: () => Promise<void>
}

const parse = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.JsonObject))
const decode = Schema.decodeUnknownSync(ChatRequest)

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

const fail = (response: ServerResponse, status: number, message: string) =>
  response.writeHead(status, { "content-type": "application/json" })
    .end(JSON.stringify({ error: { message, type: "invalid_request_error", code: null } }))

const answer = async (request: ChatRequest, reply: Reply, response: ServerResponse, signal: AbortSignal) => {
  // LangGraph merges messages of equal id: two answers must never share one.
  const base = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: request.model }
  const calls = reply.calls?.map((call) => ({ id: `call_${randomUUID()}`, type: "function", function: call }))
  const text = reply.text ?? null
  const finish = calls ? "tool_calls" : "stop"

  if (!request.stream) {
    await sleep(reply.takesMs ?? 0, undefined, { signal })
    const message = { role: "assistant", content: text, ...(calls && { tool_calls: calls }) }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
      ...base,
      object: "chat.completion",
      usage,
      choices: [{ index: 0, finish_reason: finish, message }]
    }))
    return
  }

  const send = (fields: object) =>
    response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...fields })}\n\n`)
  const delta = (delta: object, finish_reason: string | null = null) =>
    send({ choices: [{ index: 0, delta, finish_reason }] })

  response.writeHead(200, { "content-type": "text/event-stream" })
  delta({ role: "assistant", content: "" })
  if (calls) delta({ tool_calls: calls.map((call, index) => ({ index, ...call })) })
  const words = text?.split(/(?<=\s)(?=\S)/) ?? []
  for (const content of words) {
    if (reply.takesMs) await sleep(reply.takesMs / words.length, undefined, { signal })
    delta({ content })
  }
  delta({}, finish)
  if (request.stream_options?.include_usage) send({ choices: [], usage })
  response.end("data: [DONE]\n\n")
}

/** Speaks OpenAI's /v1/chat/completions on loopback, streaming and not; `reply` decides what is said. */
export const serveChat = async (options: {
  readonly reply: (request: ChatRequest) => Reply
  readonly onRequest?: (exchange: Exchange) => void
}): Promise<ChatServer> => {
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.url !== "/v1/chat/completions") return fail(response, 404, `nothing at ${incoming.url}`)
    const body = parse(await readBody(incoming))
    const exchange = { body, headers: incoming.headers, aborted: false }
    options.onRequest?.(exchange)
    const gone = new AbortController()
    response.once("close", () => {
      exchange.aborted = !response.writableFinished
      gone.abort()
    })
    const request = decode(body)
    const reply = options.reply(request)
    if (reply.failure !== undefined) return fail(response, reply.failure, `told to fail with ${reply.failure}`)
    await answer(request, reply, response, gone.signal)
  }
  const { close, origin } = await listen((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      // Somebody who went away is not answered; whoever is still there learns what was wrong with the request.
      if (response.headersSent || response.destroyed) response.destroy()
      else fail(response, 400, error instanceof Error ? error.message : String(error))
    })
  })
  return { url: `${origin}/v1`, close }
}
