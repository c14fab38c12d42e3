import { type BaseMessage, type BaseMessageLike, coerceMessageLikeToMessage } from "@langchain/core/messages"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"

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

/** Input with its `messages` as LangChain's own, in whatever spelling they came; other keys as they are. */
export const withMessages = (input: Json): unknown => {
  if (!isJsonObject(input) || input["messages"] == null) return input
  const messages = input["messages"]
  const list = Array.isArray(messages) && !isPair(messages) ? messages : [messages]
  return { ...input, messages: list.map(toMessage) }
}
