import type { Json, JsonObject } from "./Json.ts"
import { isJsonObject } from "./Json.ts"
import { maskedUrl } from "./McpConfig.ts"

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

/** What an entry of `mcp_config` may say in plain text. Whatever else somebody wrote there, a token it may be. */
const plainMembers: ReadonlyArray<string> = ["name", "tools", "type", "transport"]

const shownServers = (value: Json, member = ""): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => shownServers(item, member))
  if (isJsonObject(value)) return mapValues(value, (item, key) => shownServers(item, key))
  if (typeof value !== "string" || plainMembers.includes(member)) return value
  return member === "url" ? maskedUrl(value) : mask
}

/** Keys that say where a run's requests go, in whatever shape. */
const addressKeys: ReadonlyArray<string> = ["base_url", "rag", "rag_config"]

const shownAddresses = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(shownAddresses)
  if (isJsonObject(value)) return mapValues(value, shownAddresses)
  return typeof value === "string" && value.includes("://") ? maskedUrl(value) : value
}

/**
 * A configuration, or one layer of it, to be looked at by whoever it concerns: of every secret only that it is there, in
 * URLs as well. Stricter than `maskSecrets`, which leaves what can be written back.
 */
export const shownConfigurable = (configurable: JsonObject): JsonObject =>
  mapValues(maskSecrets(configurable), (value, key) => {
    if (key === "mcp_config") return shownServers(value)
    return addressKeys.includes(key) ? shownAddresses(value) : value
  })
