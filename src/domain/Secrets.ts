import type { Json, JsonObject } from "./Json.ts"
import { isJsonObject } from "./Json.ts"

/** What stands for a secret wherever it is shown; written back, it keeps what was there (contract 4). */
export const mask = "***"

/** Keys of `configurable` whose value is a secret, whole or in each of its members. */
const secretKeys: ReadonlyArray<string> = ["custom_api_key", "apiKeys"]

type Replace = (value: Json, path: string) => Json

/** A member's path, escaped as in a JSON pointer: whatever keys are called, no two places share a path. */
const within = (path: string, key: string | number): string =>
  `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`

const eachLeaf = (value: Json, path: string, replace: Replace): Json => {
  if (value === null) return null
  if (Array.isArray(value)) return value.map((item, index) => eachLeaf(item, within(path, index), replace))
  if (!isJsonObject(value)) return replace(value, path)
  return mapValues(value, (item, key) => eachLeaf(item, within(path, key), replace))
}

const mapValues = (object: JsonObject, f: (value: Json, key: string) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value, key)]))

/** Servers are told apart by their names, so that reordering them does not swap their headers; namesakes by order. */
const eachServerHeader = (config: Json, replace: Replace): Json => {
  if (!isJsonObject(config) || !Array.isArray(config["servers"])) return config
  const namesakes = new Map<string, number>()
  return {
    ...config,
    servers: config["servers"].map((server: Json) => {
      const headers = isJsonObject(server) ? server["headers"] : undefined
      if (!isJsonObject(server) || headers === undefined) return server
      const name = String(server["name"])
      const nth = namesakes.get(name) ?? 0
      namesakes.set(name, nth + 1)
      return { ...server, headers: eachLeaf(headers, within(within("mcp", name), nth), replace) }
    })
  }
}

/** The one place that knows where in a configuration secrets are. */
export const mapSecrets = (configurable: JsonObject, replace: Replace): JsonObject =>
  mapValues(configurable, (value, key) => {
    if (secretKeys.includes(key)) return eachLeaf(value, key, replace)
    return key === "mcp_config" ? eachServerHeader(value, replace) : value
  })

export const maskSecrets = (configurable: JsonObject): JsonObject => mapSecrets(configurable, () => mask)

/** Secrets by their place, to put back later what `maskSecrets` took out. */
export const secretsOf = (configurable: JsonObject): ReadonlyMap<string, Json> => {
  const found = new Map<string, Json>()
  mapSecrets(configurable, (value, path) => {
    found.set(path, value)
    return value
  })
  return found
}

/** Puts back each secret that is masked and known. A mask with nothing behind it becomes null: it is no key. */
export const restoreSecrets = (configurable: JsonObject, secrets: ReadonlyMap<string, Json>): JsonObject =>
  mapSecrets(configurable, (value, path) => value === mask ? secrets.get(path) ?? null : value)

/** The key of `configurable` that a place is in. */
export const keyOfPlace = (place: string): string => {
  const [key = ""] = place.split("/")
  return key === "mcp" ? "mcp_config" : key
}
