import { Schema } from "effect"
import type { Json, JsonObject } from "./Json.ts"

/** Where an item is, in its reader's words: labels from the general to the particular. */
export type Namespace = ReadonlyArray<string>

export interface StoreItem {
  readonly namespace: Namespace
  readonly key: string
  readonly value: JsonObject
  readonly created_at: Date
  readonly updated_at: Date
}

/** What no item can be, or be asked for by. It names no value. */
export class InvalidStoreItem extends Schema.TaggedError<InvalidStoreItem>()("InvalidStoreItem", {
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

export const maxLabels = 32
/** Of a namespace with its key, in bytes: both are in one entry of an index, which holds no more than 2,704. */
export const maxNamespaceBytes = 1024
export const maxKeyBytes = 512
export const maxValueBytes = 1_048_576

const bytes = (text: string): number => new TextEncoder().encode(text).length

const unstorable = (text: string): boolean => text.includes("\0") || !text.isWellFormed()

/** What is wrong with labels, if anything: a graph's words are checked by the same rule as a request's. */
export const wrongWithLabels = (labels: Namespace): string | undefined => {
  if (labels.some((label) => label === "" || /[.:]/.test(label))) {
    return "Namespace labels cannot be empty or contain periods or colons"
  }
  if (labels.some(unstorable)) return "A namespace label holds a NUL or half a surrogate pair"
  if (labels.length > maxLabels) return `A namespace has at most ${maxLabels} labels`
  const length = labels.reduce((sum, label) => sum + bytes(label), 0)
  return length > maxNamespaceBytes ? `A namespace has at most ${maxNamespaceBytes} bytes` : undefined
}

export const wrongWithNamespace = (namespace: Namespace): string | undefined =>
  namespace.length === 0 ? "A namespace is required" : wrongWithLabels(namespace)

export const wrongWithKey = (key: string): string | undefined => {
  if (key === "") return "A key is required"
  if (unstorable(key)) return "The key holds a NUL or half a surrogate pair"
  return bytes(key) > maxKeyBytes ? `A key has at most ${maxKeyBytes} bytes` : undefined
}

export const wrongWithValue = (value: JsonObject): string | undefined =>
  bytes(JSON.stringify(value)) > maxValueBytes ? `A value has at most ${maxValueBytes} bytes as JSON` : undefined

type Steps = ReadonlyArray<string>

const stepsOf = (path: string): Steps => path.split(/\.|(?=\[)/).filter((step) => step !== "" && step !== "$")

const children = (value: Json, step: string): ReadonlyArray<Json> => {
  const index = /^\[(\*|-?\d+)\]$/.exec(step)?.[1]
  if (index !== undefined) {
    if (!Array.isArray(value)) return []
    return index === "*" ? value : value.slice(Number(index)).slice(0, 1)
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return []
  return Object.entries(value).filter(([key]) => key === step).map(([, child]) => child)
}

/** The texts of a value at a path such as `title`, `meta.lang`, `chapters[*].content`, `list[-1]`; `$` is all of it. */
export const textsAt = (value: Json, path: string): ReadonlyArray<string> =>
  stepsOf(path)
    .reduce<ReadonlyArray<Json>>((found, step) => found.flatMap((each) => children(each, step)), [value])
    .filter((found) => found !== null && found !== "")
    .map((found) => typeof found === "string" ? found : JSON.stringify(found))

/** What a value is about: each of its texts at these paths once. */
export const textsOf = (value: Json, paths: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(paths.flatMap((path) => textsAt(value, path)))
]
