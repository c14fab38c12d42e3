import { Command, Send } from "@langchain/langgraph"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import { withMessages } from "./Messages.ts"

const destination = (value: Json, conversation: boolean): string | Send =>
  isJsonObject(value)
    ? new Send(String(value["node"]), withMessages(value["input"] ?? null, conversation))
    : String(value)

/** What a client asks of a graph besides an input: a person's answer, an update of its state, where to go on. */
export const command = ({ goto = null, resume, update = null }: JsonObject, conversation: boolean) =>
  new Command({
    ...(resume == null ? {} : { resume }),
    ...(isJsonObject(update) || Array.isArray(update) ? { update: updated(update, conversation) } : {}),
    ...(goto === null ? {} : { goto: (Array.isArray(goto) ? goto : [goto]).map((to) => destination(to, conversation)) })
  })

type Update = Record<string, unknown> | Array<[string, unknown]>

/** By key, or as pairs of key and value. */
const updated = (update: Json, conversation: boolean): Update => {
  const pairs = Array.isArray(update)
    ? update.map((pair): [string, Json] => Array.isArray(pair) ? [String(pair[0]), pair[1] ?? null] : ["", null])
    : Object.entries(isJsonObject(update) ? update : {})
  const withKeys = pairs.map(([key, value]): [string, unknown] => {
    const messages = withMessages({ [key]: value }, conversation)
    return [key, isJsonObject(messages) ? messages[key] : value]
  })
  return Array.isArray(update) ? withKeys : Object.fromEntries(withKeys)
}
