import { Schema } from "effect"
import { PruneStrategy, ThreadStatus, type ThreadTtl } from "../../domain/Thread.ts"
import { extractProblem } from "./Extract.ts"
import { given, limitOf, maybe, offset, SortOrder, ThreadIdText } from "./Schemas.ts"
import { Supersteps } from "./StateRequests.ts"

/** Ten years, in minutes. */
const longestTtl = 10 * 365 * 24 * 60

const Minutes = Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(longestTtl))

const Ttl = Schema.Union([Minutes, Schema.Struct({ ttl: Minutes, strategy: given(PruneStrategy, "delete") })])

export const ttlOf = (ttl: typeof Ttl.Type | undefined): ThreadTtl | null => {
  if (ttl === undefined) return null
  return typeof ttl === "number"
    ? { minutes: ttl, strategy: "delete" }
    : { minutes: ttl.ttl, strategy: ttl.strategy }
}

export const NewThread = Schema.Struct({
  thread_id: maybe(ThreadIdText),
  metadata: given(Schema.JsonObject, {}),
  if_exists: given(Schema.Literals(["raise", "do_nothing"]), "raise"),
  supersteps: Supersteps,
  ttl: maybe(Ttl)
})

export const ThreadPatch = Schema.Struct({ metadata: given(Schema.JsonObject, {}), ttl: maybe(Ttl) })

const filter = {
  metadata: maybe(Schema.JsonObject),
  status: maybe(ThreadStatus),
  ids: maybe(Schema.Array(ThreadIdText)),
  values: maybe(Schema.JsonObject)
}

export const ThreadCount = Schema.Struct(filter)

const sortBy = Schema.Literals(["thread_id", "status", "created_at", "updated_at", "state_updated_at"])

/** What to take out of each thread, and under which name. */
const Extracts = Schema.Record(Schema.String, Schema.String).check(
  Schema.makeFilter((paths) => extractProblem(paths) ?? true)
)

export const ThreadSearch = Schema.Struct({
  ...filter,
  limit: limitOf(10),
  offset,
  sort_by: given(sortBy, "created_at"),
  sort_order: given(SortOrder, "desc"),
  select: maybe(Schema.Array(Schema.String)),
  extract: maybe(Extracts)
})

/** So many go in one transaction. */
const mostPruned = 1000

export const Prune = Schema.Struct({
  thread_ids: Schema.Array(ThreadIdText).check(Schema.isMaxLength(mostPruned)),
  strategy: given(PruneStrategy, "delete")
})
