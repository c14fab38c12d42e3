import type { Json, JsonObject } from "./Json.ts"
import { isJsonObject } from "./Json.ts"
import { maskedUrl, printableUrl } from "./McpConfig.ts"
import { mapUrlSecrets, textsOf, type UrlPart } from "./UrlSecrets.ts"

/** What stands for a secret wherever it is shown; written back, it keeps what was there (contract 4). */
export const mask = "***"

/** Keys of `configurable` whose value is a secret, whole or in each of its members. */
const secretKeys: ReadonlyArray<string> = ["custom_api_key", "apiKeys"]

/** Keys that say where a run's requests go, in whatever shape. */
const addressKeys: ReadonlyArray<string> = ["base_url", "rag", "rag_config"]

/** Told of a part of a URL which it is; otherwise the value is the whole secret. */
type Replace = (value: Json, path: string, part?: UrlPart) => Json

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

/**
 * What a URL hides belongs to the place that it leads to: put back behind a mask, it can't be sent anywhere else. What is
 * no URL is secret as a whole.
 */
const eachUrlSecret = (url: string, path: string, replace: Replace): Json => {
  const place = within(path, printableUrl(url))
  const inUrl = mapUrlSecrets(url, (secret, part) => {
    const replaced = replace(secret, within(place, part), part)
    return typeof replaced === "string" ? replaced : null
  })
  return inUrl ?? replace(url, path)
}

const eachAddressSecret = (value: Json, key: string, replace: Replace): Json =>
  eachLeaf(
    value,
    key,
    (leaf, path) => typeof leaf === "string" && leaf.includes("://") ? eachUrlSecret(leaf, path, replace) : leaf
  )

/** Servers are told apart by their names, so that reordering them does not swap their secrets; namesakes by order. */
const eachServerSecret = (config: Json, replace: Replace): Json => {
  if (!isJsonObject(config) || !Array.isArray(config["servers"])) return config
  const namesakes = new Map<string, number>()
  return {
    ...config,
    servers: config["servers"].map((server: Json) => {
      if (!isJsonObject(server)) return server
      const name = String(server["name"])
      const nth = namesakes.get(name) ?? 0
      namesakes.set(name, nth + 1)
      const place = within(within("mcp", name), nth)
      return mapValues(server, (value, key) => {
        const path = within(place, key)
        if (key === "headers") return eachLeaf(value, path, replace)
        return key === "url" && typeof value === "string" && value !== "" ? eachUrlSecret(value, path, replace) : value
      })
    })
  }
}

/** The one place that knows where in a configuration secrets are. */
export const mapSecrets = (configurable: JsonObject, replace: Replace): JsonObject =>
  mapValues(configurable, (value, key) => {
    if (secretKeys.includes(key)) return eachLeaf(value, key, replace)
    if (key === "mcp_config") return eachServerSecret(value, replace)
    return addressKeys.includes(key) ? eachAddressSecret(value, key, replace) : value
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

/** Every secret text in a configuration, in whatever form somebody may repeat it. */
export const secretTexts = (configurable: JsonObject): ReadonlyArray<string> => {
  const texts: Array<string> = []
  mapSecrets(configurable, (value, _, part) => {
    if (typeof value === "string") texts.push(...part === undefined ? [value] : textsOf(value, part))
    return value
  })
  return texts
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

/**
 * A configuration, or one layer of it, to be looked at by whoever it concerns: of every secret only that it is there.
 * Stricter than `maskSecrets`, which leaves what can be written back.
 */
export const shownConfigurable = (configurable: JsonObject): JsonObject =>
  mapValues(maskSecrets(configurable), (value, key) => key === "mcp_config" ? shownServers(value) : value)
