import { BaseMessage } from "@langchain/core/messages"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"

const circular = "[circular]"
const unreadable = "[unreadable]"

/** As JSON.stringify would have it, but for the messages: flat, `{…, type}`, a chunk like what it is a piece of. */
const wire = (value: unknown, above: ReadonlyArray<object>): Json | undefined => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : null
    case "bigint":
      return value.toString()
    case "object":
      return value === null ? null : above.includes(value) ? circular : wireObject(value, [...above, value])
    default:
      return undefined
  }
}

const wireObject = (value: object, above: ReadonlyArray<object>): Json | undefined => {
  if (Array.isArray(value)) return value.map((item) => wire(item, above) ?? null)
  if (BaseMessage.isInstance(value)) {
    const { data, type } = value.toDict()
    return { ...members(data, above), type }
  }
  if (value instanceof Error) return { name: value.name, message: value.message }
  if (value instanceof Map) return members(Object.fromEntries(value), above)
  if (value instanceof Set) return [...value].map((item) => wire(item, above) ?? null)
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")
  if ("toJSON" in value && typeof value.toJSON === "function") return wire(value.toJSON(), above)
  return members(value, above)
}

const members = (object: object, above: ReadonlyArray<object>): JsonObject => {
  const result: Record<string, Json> = {}
  for (const [key, member] of Object.entries(object)) {
    const json = wire(member, above)
    if (json === undefined) continue
    if (key !== "__proto__") result[key] = json
    // A key like any other, which an assignment would not make.
    else Object.defineProperty(result, key, { value: json, enumerable: true, configurable: true, writable: true })
  }
  return result
}

/** What an object that we know nothing about has; of anything else nothing. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}

/** Anything a graph may hold, as JSON. The one way from LangChain's objects to the wire. */
export const toWire = (value: unknown): Json => {
  try {
    return wire(value, []) ?? null
  } catch {
    // A getter or toJSON that throws is the graph's own; what else there is to tell must not suffer from it.
    return unreadable
  }
}

export const toWireObject = (value: unknown): JsonObject => {
  const json = toWire(value)
  return isJsonObject(json) ? json : {}
}

export const wireText = (value: unknown): string => JSON.stringify(toWire(value))
