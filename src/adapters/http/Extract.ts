import { isJsonObject, type Json } from "../../domain/Json.ts"

/** `values.messages[-1].content`, `metadata.title`: from the thread downwards, from the end where the index is negative. */
const path = /^(values|metadata|interrupts|config|status)(\.[^.[\]]+|\[-?\d{1,6}\])*$/

const mostPaths = 10

/** What is wrong with the paths of a search's `extract`, if anything. */
export const extractProblem = (paths: Readonly<Record<string, string>>): string | null => {
  const all = Object.values(paths)
  if (all.length > mostPaths) return `at most ${mostPaths} paths`
  const wrong = all.find((text) => !path.test(text))
  return wrong === undefined ? null : `${JSON.stringify(wrong)} is no path like values.messages[-1].content`
}

const step = (value: Json, part: string): Json => {
  if (part.startsWith("[")) return Array.isArray(value) ? value.at(Number(part.slice(1, -1))) ?? null : null
  return isJsonObject(value) && Object.hasOwn(value, part) ? value[part] ?? null : null
}

/** What stands at a path; null where there is nothing. */
const at = (thread: Json, path: string): Json => (path.match(/\[-?\d+\]|[^.[\]]+/g) ?? []).reduce(step, thread)

/** Each path's value by the name that it was asked for under. */
export const extracted = (thread: Json, paths: Readonly<Record<string, string>>): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, at(thread, path)]))
