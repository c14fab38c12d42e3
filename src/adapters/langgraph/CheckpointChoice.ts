import type { PgClient } from "@effect/sql-pg"
import type { RunnableConfig } from "@langchain/core/runnables"
import type { CheckpointListOptions } from "@langchain/langgraph-checkpoint"
import type { Choice } from "./CheckpointReads.ts"
import type { Place } from "./CheckpointRows.ts"

/** The checkpoint of a place, or its newest. */
export const latest = (sql: PgClient.PgClient, { checkpoint, namespace, thread }: Place): Choice => ({
  conditions: [
    sql`thread_id = ${thread}`,
    sql`checkpoint_ns = ${namespace}`,
    // An empty id is LangGraph's way to say that there is none.
    ...(checkpoint ? [sql`checkpoint_id = ${checkpoint}`] : [])
  ],
  limit: 1
})

/** Whatever a look through the history asks for: everything that it does not say is left open. */
export const chosen = (
  sql: PgClient.PgClient,
  { configurable = {} }: RunnableConfig,
  { before, filter = {}, limit }: CheckpointListOptions
): Choice => {
  const { checkpoint_id, checkpoint_ns, thread_id } = configurable
  const end: unknown = before?.configurable?.["checkpoint_id"]
  return {
    conditions: [
      ...(thread_id ? [sql`thread_id = ${String(thread_id)}`] : []),
      ...(checkpoint_ns == null ? [] : [sql`checkpoint_ns = ${String(checkpoint_ns)}`]),
      ...(checkpoint_id ? [sql`checkpoint_id = ${String(checkpoint_id)}`] : []),
      ...(Object.keys(filter).length > 0 ? [sql`metadata @> ${sql.json(filter)}`] : []),
      ...(end === undefined ? [] : [sql`checkpoint_id < ${String(end)}`])
    ],
    limit: limit ?? null
  }
}
