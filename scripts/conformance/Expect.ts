import { isDeepStrictEqual } from "node:util"

/** What a server did instead of what was expected of it, in few words: they end up in a table. */
export class Mismatch extends Error {
  override readonly name = "Mismatch"
}

/** Ids and times differ from run to run, and what is said of a server should not. */
const steady = (text: string) =>
  text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "{id}")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "{time}")
    .replaceAll(/\s+/g, " ")
    .trim()

/** Short enough for a cell of a table. */
export const told = (value: unknown): string => {
  const text = steady(typeof value === "string" ? value : JSON.stringify(value) ?? "nothing")
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

/** Equal in every part; what is undefined on the one side and missing on the other is equal. */
const alike = (left: unknown, right: unknown) =>
  isDeepStrictEqual(left, right) || (typeof left === "object" && JSON.stringify(left) === JSON.stringify(right))

export const same = (what: string, found: unknown, expected: unknown): void => {
  if (!alike(found, expected)) throw new Mismatch(`${what}: ${told(found)}, not ${told(expected)}`)
}

/** Whoever reads the message knows from `what` what did not hold. */
export const holds = (what: string, holding: boolean, found?: unknown): void => {
  if (!holding) throw new Mismatch(found === undefined ? `not so: ${what}` : `not so: ${what} (${told(found)})`)
}

/** A value in a value, or undefined if there is none. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) => Object(inner)[typeof key === "number" && key < 0 ? lastOf(inner, key) : key],
    value
  )

const lastOf = (value: unknown, key: number) => (Array.isArray(value) ? value.length : 0) + key

/** Every key of `expected` with that value, whatever else there is. */
export const has = (what: string, found: unknown, expected: object): void => {
  for (const [key, value] of Object.entries(expected)) same(`${what}.${key}`, at(found, key), value)
}

export const keys = (what: string, found: unknown, expected: ReadonlyArray<string>): void => {
  for (const key of expected) {
    if (!(key in Object(found))) throw new Mismatch(`${what} has no ${key}`)
  }
}

export const listOf = (what: string, found: unknown): ReadonlyArray<unknown> => {
  if (!Array.isArray(found)) throw new Mismatch(`${what} is no list: ${told(found)}`)
  return found
}

export const textOf = (what: string, found: unknown): string => {
  if (typeof found !== "string") throw new Mismatch(`${what} is no text: ${told(found)}`)
  return found
}

const statusOf = (error: unknown) => at(error, "status")

/** What the SDK's caller is told when the server refuses. */
export const refused = async (answer: Promise<unknown>, status: number): Promise<string> => {
  const outcome = await answer.then(
    (value) => ({ refusal: undefined, text: told(value) }),
    (error: unknown) => ({ refusal: error, text: told(error instanceof Error ? error.message : String(error)) })
  )
  if (statusOf(outcome.refusal) !== status) throw new Mismatch(`${outcome.text}, not a refusal with ${status}`)
  return outcome.text
}
