import { Schema } from "effect"

export type Json = Schema.Json
export type JsonObject = Schema.JsonObject

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Whether a value has everything that another has, as Postgres's `@>` means it: of objects the keys, of lists the members
 * in whatever order.
 */
export const containsJson = (value: Json, wanted: Json): boolean => {
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && wanted.every((item) => value.some((member) => containsJson(member, item)))
  }
  if (!isJsonObject(wanted)) return value === wanted
  return isJsonObject(value)
    && Object.entries(wanted).every(([key, item]) => {
      const own = Object.hasOwn(value, key) ? value[key] : undefined
      return own !== undefined && containsJson(own, item)
    })
}

/** JSON with its keys in order: equal values give equal text, however their keys were written down. */
export const canonicalJson = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`)
  return `{${members.join(",")}}`
}
