import { isJsonObject, type Json, type JsonObject } from "./Json.ts"

/** Kinds of messages by the names they go by in states. */
const kinds: ReadonlyMap<unknown, string> = new Map([
  ...["human", "ai", "system", "tool", "function", "remove"].map((kind) => [kind, kind] as const),
  ["user", "human"],
  ["assistant", "ai"]
])

const blocks: ReadonlySet<unknown> = new Set([
  "text",
  "reasoning",
  "tool_call",
  "tool_call_chunk",
  "invalid_tool_call",
  "server_tool_call",
  "server_tool_call_chunk",
  "server_tool_call_result",
  "image",
  "audio",
  "video",
  "file",
  "non_standard"
])

const kept = (object: JsonObject, keep: (key: string, value: Json) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key, value]) => keep(key, value)))

/** `{"image_url": "…"}` or `{"image_url": {"url": "…"}}`, as OpenAI has it. */
const imageOf = ({ image_url }: JsonObject): ReadonlyArray<Json> => {
  const url = isJsonObject(image_url) ? image_url["url"] : image_url
  return typeof url === "string" ? [{ type: "image", url }] : []
}

const audioOf = ({ input_audio }: JsonObject): ReadonlyArray<Json> =>
  isJsonObject(input_audio)
    ? [{ type: "audio", ...kept(input_audio, (key) => key === "data" || key === "mimeType") }]
    : []

/** A part of a message's content in the protocol's words; what it has none for is kept as it is, in a box. */
const block = (value: Json): ReadonlyArray<Json> => {
  if (typeof value === "string") return [{ type: "text", text: value }]
  if (!isJsonObject(value) || typeof value["type"] !== "string") return []
  if (value["type"] === "image_url") return imageOf(value)
  if (value["type"] === "input_audio") return audioOf(value)
  if (!blocks.has(value["type"])) return [{ type: "non_standard", value }]
  const { mimeType, ...rest } = value
  return [typeof mimeType === "string" ? { mime_type: mimeType, ...rest } : value]
}

const contentOf = (content: Json | undefined): Json => {
  if (!Array.isArray(content)) return content ?? ""
  const parts = content.flatMap(block)
  return parts.length > 0 ? parts : content
}

const parsed = (text: string): Json | undefined => {
  try {
    return text === "" ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A call of a tool, as providers and LangChain write it; what can't be called is told apart from what can. */
const toolCall = (call: Json): { readonly valid: boolean; readonly call: JsonObject } | undefined => {
  if (!isJsonObject(call)) return undefined
  const inner = isJsonObject(call["function"]) ? call["function"] : {}
  const name = call["name"] ?? inner["name"]
  const written = call["args"] ?? inner["arguments"] ?? {}
  const args = typeof written === "string" ? parsed(written) : written
  const id = typeof call["id"] === "string" ? { id: call["id"] } : {}
  const given = typeof written === "string" ? { args: written } : {}
  if (typeof name !== "string") {
    return { valid: false, call: { ...id, ...given, error: "Incomplete tool call.", type: "invalid_tool_call" } }
  }
  return args === undefined
    ? { valid: false, call: { ...id, name, ...given, error: "Malformed args.", type: "invalid_tool_call" } }
    : { valid: true, call: { ...id, name, args, type: "tool_call" } }
}

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value : []

const callsOf = (message: JsonObject): JsonObject => {
  const raw = isJsonObject(message["additional_kwargs"]) ? message["additional_kwargs"]["tool_calls"] : undefined
  const calls = list(message["tool_calls"]).length > 0 ? list(message["tool_calls"]) : list(raw)
  const read = calls.map(toolCall).filter((call) => call !== undefined)
  const valid = read.filter((call) => call.valid).map(({ call }) => call)
  const told = list(message["invalid_tool_calls"])
    .filter(isJsonObject)
    .map((call) => ({ error: "Malformed args.", ...call, type: "invalid_tool_call" }))
  const invalid = told.length > 0 ? told : read.filter((call) => !call.valid).map(({ call }) => call)
  return {
    ...(valid.length === 0 ? {} : { tool_calls: valid }),
    ...(invalid.length === 0 ? {} : { invalid_tool_calls: invalid })
  }
}

/** What a message keeps besides its content: who has what. */
const details = (type: string) => (key: string, value: Json): boolean => {
  if (key === "id" || key === "name") return typeof value === "string"
  if (key === "response_metadata") return isJsonObject(value) && Object.keys(value).length > 0
  if (key === "example") return typeof value === "boolean" && (type === "ai" || type === "human")
  if (type !== "tool") return false
  return (key === "tool_call_id" && typeof value === "string")
    || (key === "status" && (value === "success" || value === "error"))
    || key === "artifact"
}

/** A message of a state as the protocol shows it: without what is empty, and what only its provider understands. */
const message = (value: JsonObject, type: string): JsonObject => ({
  type,
  content: contentOf(value["content"]),
  ...kept(value, details(type)),
  ...(type === "ai" ? callsOf(value) : {})
})

/** A state, or what a node adds to it, as the protocol shows it. Questions that wait are events of their own. */
export const protocolState = (value: Json): Json => {
  if (Array.isArray(value)) {
    return value.map((item) => {
      const type = isJsonObject(item) ? kinds.get(item["type"]) : undefined
      return isJsonObject(item) && type !== undefined ? message(item, type) : protocolState(item)
    })
  }
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__interrupt__")
      .map(([key, item]) => [key, protocolState(item)])
  )
}
