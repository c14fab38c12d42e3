import type { AssistantConfig, AssistantContent } from "./Assistant.ts"
import { isJsonObject, type Json } from "./Json.ts"
import { maskSecrets } from "./Secrets.ts"

/** What became of one place in an assistant's content. An absent value: there was, or is, nothing there. */
export interface VersionChange {
  /** `config.configurable.model_name`, `config.configurable.mcp_config.servers[0].url`, `metadata["odd key"]`. */
  readonly path: string
  readonly before?: Json
  readonly after?: Json
}

/** Written by every sync, whatever it changed. */
const stamps: ReadonlyArray<string> = ["metadata.synced_at"]

const plainKey = /^[A-Za-z_$][\w$-]*$/

const within = (path: string, key: string): string =>
  plainKey.test(key) ? (path === "" ? key : `${path}.${key}`) : `${path}[${JSON.stringify(key)}]`

/** A value as it is, which decides what has changed, and as it may be shown. Both have the same shape. */
interface Side {
  readonly real: Json
  readonly shown: Json
}

const child = (side: Side | undefined, key: string | number): Side | undefined => {
  if (side === undefined) return undefined
  const part = (value: Json): Json | undefined => {
    if (Array.isArray(value)) return value[Number(key)]
    return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  const real = part(side.real)
  return real === undefined ? undefined : { real, shown: part(side.shown) ?? null }
}

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** Where two values are to be compared part by part: objects by their keys, lists of the same length by position. */
const partsOf = (before: Json, after: Json): ReadonlyArray<string> | number | undefined => {
  if (isArray(before) && isArray(after)) return before.length === after.length ? before.length : undefined
  if (!isJsonObject(before) || !isJsonObject(after)) return undefined
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
}

const difference = (path: string, before: Side | undefined, after: Side | undefined): ReadonlyArray<VersionChange> => {
  if (stamps.includes(path)) return []
  const parts = before === undefined || after === undefined ? undefined : partsOf(before.real, after.real)
  if (typeof parts === "number") {
    return Array.from({ length: parts }, (_, at) => difference(`${path}[${at}]`, child(before, at), child(after, at)))
      .flat()
  }
  if (parts !== undefined) {
    return parts.flatMap((key) => difference(within(path, key), child(before, key), child(after, key)))
  }
  if (JSON.stringify(before?.real) === JSON.stringify(after?.real)) return []
  return [{
    path,
    ...(before === undefined ? {} : { before: before.shown }),
    ...(after === undefined ? {} : { after: after.shown })
  }]
}

const present = (config: AssistantConfig): Json =>
  Object.fromEntries(Object.entries(config).flatMap(([key, value]) => value === undefined ? [] : [[key, value]]))

const sideOf = (content: AssistantContent): Side => {
  const { config: { configurable, ...rest }, context, description, graph_id, metadata, name } = content
  const whole = (shown: typeof configurable): Json => ({
    graph_id,
    name,
    description,
    config: present(shown === undefined ? rest : { ...rest, configurable: shown }),
    context,
    metadata
  })
  return {
    real: whole(configurable),
    shown: whole(configurable === undefined ? undefined : maskSecrets(configurable))
  }
}

/**
 * What a version says otherwise than the one before it, for a person to read: the smallest places that differ, in the
 * order in which they stand. Secrets are masked; that one was written anew is shown, by a mask before and after it.
 */
export const versionChanges = (before: AssistantContent, after: AssistantContent): ReadonlyArray<VersionChange> =>
  difference("", sideOf(before), sideOf(after))
