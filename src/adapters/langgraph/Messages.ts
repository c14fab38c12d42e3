import { type BaseMessage, type BaseMessageLike, coerceMessageLikeToMessage } from "@langchain/core/messages"
import { messagesStateReducer } from "@langchain/langgraph"
import { Predicate } from "effect"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import type { Graph } from "./Graph.ts"

export class InvalidMessage extends Error {
  override readonly name = "InvalidMessage"
}

/** Some clients leave the content of a message out that only calls tools; LangChain wants one. */
const withContent = (message: JsonObject): JsonObject =>
  message["content"] == null ? { ...message, content: "" } : message

const isPair = (value: Json): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string")

const toMessage = (value: Json): BaseMessage => {
  // LangChain's own serialised form holds its content further down.
  const message = isJsonObject(value) && value["lc"] === undefined ? withContent(value) : value
  if (typeof message !== "string" && !isJsonObject(message) && !isPair(message)) {
    throw new InvalidMessage(`A message must be a text or an object with a role: ${JSON.stringify(message)}`)
  }
  try {
    // JSON of the right outline; LangChain looks at the rest itself and throws at what it does not know.
    return coerceMessageLikeToMessage(message as BaseMessageLike)
  } catch {
    throw new InvalidMessage(
      `A message needs a role (or type) of user, assistant, system, developer or tool (with tool_call_id): ${
        JSON.stringify(message)
      }`
    )
  }
}

/** Whether a channel holds a conversation: whatever comes for it is a message, or a mistake. */
export const isConversation = (channel: unknown): boolean =>
  Predicate.hasProperty(channel, "operator") && channel.operator === messagesStateReducer

/** Whether what a graph calls `messages` is one; to a graph of somebody's own it may be anything. */
export const converses = ({ channels }: Pick<Graph, "channels">): boolean =>
  Predicate.hasProperty(channels, "messages") && isConversation(channels.messages)

/** The message that an object is, if it is one. */
const ifMessage = (value: Json): unknown => {
  if (!isJsonObject(value) || !("content" in value || value["lc"] === 1)) return value
  try {
    return toMessage(value)
  } catch {
    return value
  }
}

/**
 * Input with its `messages` as LangChain's own, in whatever spelling they came; other keys as they are. Where they need
 * not be messages, only those that are become such.
 */
export const withMessages = (input: Json, conversation = true): unknown => {
  if (!isJsonObject(input) || input["messages"] == null) return input
  const messages = input["messages"]
  if (!conversation) return { ...input, messages: Array.isArray(messages) ? messages.map(ifMessage) : messages }
  const list = Array.isArray(messages) && !isPair(messages) ? messages : [messages]
  return { ...input, messages: list.map(toMessage) }
}
