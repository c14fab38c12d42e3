import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { Statement } from "effect/sql"
import { ThreadId } from "../../domain/Thread.ts"
import { decodeRows } from "./Values.ts"

const decodeThreads = decodeRows(Schema.Struct({ thread_id: ThreadId }))

const ids = (rows: ReadonlyArray<{ readonly thread_id: ThreadId }>) => rows.map(({ thread_id }) => thread_id)

/** Threads on which nothing runs or is to run: of those alone something may be taken away unasked. */
export const idleThreads = (sql: PgClient.PgClient) => {
  /** By runs_active. */
  const idle = sql`not exists (
      select
      from langgraph_server.runs r
      where r.thread_id = t.id and r.status in ('pending', 'running')
    )`

  /** Those of the threads, whose locks are held: no run comes to them any more. */
  const resting = (threads: ReadonlyArray<ThreadId>) =>
    Effect.map(
      decodeThreads(sql`
        select t.id as thread_id
        from langgraph_server.threads t
        where t.id = any(${threads}::uuid[]) and ${idle}`),
      ids
    )

  return {
    resting,

    /** Locks some threads, those first that were not touched for longest. One that is locked is in use. */
    locked: Effect.fnUntraced(function*(which: Statement.Fragment, limit: number) {
      const candidates = yield* decodeThreads(sql`
        select t.id as thread_id
        from langgraph_server.threads t
        where ${which} and t.status <> 'busy' and ${idle}
        order by t.updated_at
        limit ${limit}
        for update of t skip locked`)
      // Whatever happened between the look and the lock is seen now: a run may have come.
      return candidates.length === 0 ? [] : yield* resting(ids(candidates))
    })
  }
}
