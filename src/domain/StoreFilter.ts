import { Result } from "effect"
import type { Json, JsonObject } from "./Json.ts"
import { isJsonObject } from "./Json.ts"
import { InvalidStoreItem } from "./StoreItem.ts"

const comparisons = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"] as const
export type Comparison = typeof comparisons[number]

/** One thing that must hold of a value: at a path of keys. */
export interface StoreCondition {
  readonly path: ReadonlyArray<string>
  readonly is: Comparison
  readonly operand: Json
}

const comparisonOf = (key: string): Comparison | undefined => comparisons.find((comparison) => comparison === key)

const refuse = (reason: string) => Result.fail(new InvalidStoreItem({ reason }))

/** Deeper than any value is asked for, and not so deep that walking it is a risk. */
const deepest = 50

type Conditions = Result.Result<ReadonlyArray<StoreCondition>, InvalidStoreItem>

const compared = (path: ReadonlyArray<string>, key: string, operand: Json): Conditions => {
  const is = comparisonOf(key)
  if (is === undefined) {
    return refuse(`A filter compares with ${comparisons.join(", ")}, or names keys of the value`)
  }
  if ((is === "$in" || is === "$nin") && !Array.isArray(operand)) return refuse(`${is} compares with a list`)
  return Result.succeed([{ path, is, operand }])
}

const conditions = (path: ReadonlyArray<string>, wanted: Json): Conditions => {
  if (!isJsonObject(wanted)) return Result.succeed([{ path, is: "$eq", operand: wanted }])
  if (path.length > deepest) return refuse(`A filter is at most ${deepest} keys deep`)
  const parts = Object.entries(wanted).map(([key, value]) =>
    key.startsWith("$") ? compared(path, key, value) : conditions([...path, key], value)
  )
  return Result.map(Result.all(parts), (found) => found.flat())
}

/**
 * What a filter asks for, all of which must hold: `{ "a": 1 }`, `{ "a": { "$gt": 1 } }` as LangGraph's stores know it,
 * and `{ "a": { "b": 1 } }` for what is further down.
 */
export const conditionsOf = (filter: JsonObject): Conditions => conditions([], filter)
