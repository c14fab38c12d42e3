import { isJsonObject, type Json } from "./Json.ts"
import type { RunFailure } from "./Run.ts"

/** What an agent's run came to, for the agent that called it. */
export interface CalledAgent {
  readonly name: string
  readonly thread_id: string
}

const textOf = (content: Json | undefined): string => {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content
    .map((block: Json) => isJsonObject(block) && typeof block["text"] === "string" ? block["text"] : "")
    .join("")
}

const isAnswer = (message: Json): boolean =>
  isJsonObject(message) && (message["type"] === "ai" || message["role"] === "assistant")

/** What was said last in a graph's state; of a graph that does not talk, the state. */
export const lastAnswer = (values: Json): string => {
  const messages = isJsonObject(values) ? values["messages"] : undefined
  const answer = Array.isArray(messages) ? messages.findLast(isAnswer) : undefined
  return isJsonObject(answer) ? textOf(answer["content"]) : JSON.stringify(values)
}

/** It has asked a person something: that is for the person to answer, on the agent's own thread. */
export const waitingAnswer = ({ name, thread_id }: CalledAgent): string =>
  `${name} has stopped to ask a person something and has no answer yet. It waits on thread ${thread_id}: `
  + "whoever answers there gets its result there. Tell the person so; nothing more comes of this call."

export const failedAnswer = ({ name }: CalledAgent, { message }: RunFailure): string => `${name} failed: ${message}`

export const stoppedAnswer = ({ name }: CalledAgent): string => `${name} was stopped before it had an answer.`

export const refusedAnswer = (name: string, problem: string): string => `${name} can't be called: ${problem}.`
