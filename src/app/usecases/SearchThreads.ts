import { Effect, Option, Schema } from "effect"
import { containsJson, type Json, type JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { Thread } from "../../domain/Thread.ts"
import type { Page } from "../../ports/Assistants.ts"
import type { ThreadFilter, ThreadSearch } from "../../ports/Threads.ts"
import { Threads } from "../../ports/Threads.ts"
import { withValues } from "./ManageThreads.ts"

/** Values are in the checkpointer, as bytes: to search them is to read the state of each thread. */
const mostLookedThrough = 1000
const atATime = 100

export class TooManyToLookThrough extends Schema.TaggedError<TooManyToLookThrough>()("TooManyToLookThrough", {
  threads: Schema.Int
}) {
  override get message() {
    return `${this.threads} threads match; their values are looked through where it is ${mostLookedThrough} at most.`
      + " Narrow the search by metadata, status or ids."
  }
}

export interface ThreadShown {
  readonly thread: Thread
  readonly values: Option.Option<Json>
}

type ByValues = Omit<ThreadSearch, "limit" | "offset">

/** Every thread that a filter lets through whose values contain the given ones, in their order. */
const lookThrough = Effect.fnUntraced(function*(query: ByValues, wanted: JsonObject, principal: Principal) {
  const threads = yield* Threads
  const total = yield* threads.count(query, principal)
  if (total > mostLookedThrough) return yield* new TooManyToLookThrough({ threads: total })
  const found: Array<ThreadShown> = []
  for (let offset = 0; offset < total; offset += atATime) {
    const { items } = yield* threads.search({ ...query, limit: atATime, offset }, principal)
    for (const shown of yield* withValues(items)) {
      if (Option.exists(shown.values, (values) => containsJson(values, wanted))) found.push(shown)
    }
  }
  return found
})

const unseen = (thread: Thread): ThreadShown => ({ thread, values: Option.none() })

/**
 * A page of the caller's threads. Who neither asks for values nor looks for some does not wait for them.
 */
export const searchThreads = Effect.fn("searchThreads")(function*(
  { values: wanted, ...query }: ThreadSearch & { readonly values?: JsonObject },
  withTheirValues: boolean,
  principal: Principal
) {
  if (wanted !== undefined && Object.keys(wanted).length > 0) {
    const found = yield* lookThrough(query, wanted, principal)
    const page: Page<ThreadShown> = {
      items: found.slice(query.offset, query.offset + query.limit),
      total: found.length
    }
    return page
  }
  const { items, total } = yield* (yield* Threads).search(query, principal)
  const page: Page<ThreadShown> = { items: withTheirValues ? yield* withValues(items) : items.map(unseen), total }
  return page
})

export const countThreads = Effect.fn("countThreads")(function*(
  { values: wanted, ...filter }: ThreadFilter & { readonly values?: JsonObject },
  principal: Principal
) {
  if (wanted === undefined || Object.keys(wanted).length === 0) return yield* (yield* Threads).count(filter, principal)
  const everything = { ...filter, sort_by: "created_at", sort_order: "desc" } as const
  return (yield* lookThrough(everything, wanted, principal)).length
})
