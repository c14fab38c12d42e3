import { type ChatRequest, serveChat, textOf } from "../../src/adapters/demo/OpenAiProtocol.ts"
import { post, type Target } from "./Http.ts"
import type { Way } from "./Turn.ts"

/** In ms. After the model's: from the moment at which the model sends its first token until the client has it. */
export interface AskedTiming {
  readonly firstToken: number | null
  readonly afterModel: number | null
  readonly completion: number
}

const answer = "Der Vermieter zahlt sie: Er hat die Wohnung in einem Zustand zu erhalten, der sich zum vertragsgemäßen "
  + "Gebrauch eignet."

/**
 * A model that answers at once, and knows when it answered what: it lives in the client's process, since two moments are
 * only comparable by one clock.
 */
export const timedModel = async () => {
  const answered = new Map<string, number>()
  const server = await serveChat({
    reply: ({ messages }: ChatRequest) => {
      const asked = messages.findLast(({ role }) => role === "user")
      if (asked !== undefined) answered.set(textOf(asked), performance.now())
      return { text: answer }
    }
  })
  return { ...server, answered }
}

export type TimedModel = Awaited<ReturnType<typeof timedModel>>

/** A frame of `messages-tuple` in which a model says something. */
const token = /event: messages\ndata: \[\{[^\n]*?"content":"[^"]/

/** A question that nobody else asks, on a thread, read to the end of its answer. */
export const ask = async (target: Target, model: TimedModel, thread: string, way: Way): Promise<AskedTiming> => {
  const question = crypto.randomUUID()
  const started = performance.now()
  const response = await post(target, `/threads/${thread}/runs/${way}`, {
    assistant_id: target.agent,
    input: { messages: [{ role: "user", content: question }] },
    stream_mode: way === "stream" ? ["values", "messages-tuple"] : ["values"]
  })
  let first: number | null = null
  let text = ""
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    if (way === "stream" && first === null && token.test(text)) first = performance.now()
  }
  const completion = performance.now() - started
  if (!text.includes(answer)) throw new Error(`a run came to ${text}`)
  const sent = model.answered.get(question)
  return {
    firstToken: first === null ? null : first - started,
    afterModel: first === null || sent === undefined ? null : first - sent,
    completion
  }
}
