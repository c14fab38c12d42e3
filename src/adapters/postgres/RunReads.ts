import type { PgClient } from "@effect/sql-pg"
import { Array, Effect, Option, Schema } from "effect"
import { RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import type { Runs } from "../../ports/Runs.ts"
import { orUnavailable } from "./Database.ts"
import { paged } from "./Pages.ts"
import { recordOf, RecordRow, timesColumns } from "./RunRecordRow.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { decodeRows, withoutNul } from "./Values.ts"

type Reads = Pick<Runs["Service"], "active" | "find" | "list" | "record" | "search" | "threadOf">

const decodeRuns = decodeRows(RunRow)
const decodeRecords = decodeRows(RecordRow)
const decodePlaces = decodeRows(Schema.Struct({ thread_id: ThreadId }))
const decodeIds = decodeRows(Schema.Struct({ run_id: RunId }))

/** Runs as their owners look at them: nothing is locked, and nothing changed. */
export const runReads = (sql: PgClient.PgClient): Reads => {
  const columns = sql.literal(runColumns)
  const pages = paged(sql, { from: "langgraph_server.runs r", id: "r.id", columns: runColumns })

  return {
    find: Effect.fn("Runs.find")(function*(threadId, runId, principal) {
      const rows = yield* decodeRuns(sql`
        select ${columns}
        from langgraph_server.runs r
        join langgraph_server.threads t on t.id = r.thread_id
        where r.id = ${runId}
          and t.id = ${threadId}
          and t.owner_id = ${principal.userId}`)
      return Array.head(rows)
    }, orUnavailable),

    threadOf: Effect.fn("Runs.threadOf")(function*(runId, principal) {
      const found = yield* decodePlaces(sql`
        select r.thread_id
        from langgraph_server.runs r
        join langgraph_server.threads t on t.id = r.thread_id
        where r.id = ${runId} and t.owner_id = ${principal.userId}`)
      return Option.map(Array.head(found), ({ thread_id }) => thread_id)
    }, orUnavailable),

    // By runs_thread, newest first.
    list: Effect.fn("Runs.list")(function*(threadId, { limit, offset, status }, principal) {
      return yield* decodeRuns(sql`
        select ${columns}
        from langgraph_server.runs r
        join langgraph_server.threads t on t.id = r.thread_id
        where r.thread_id = ${threadId}
          and t.owner_id = ${principal.userId}
          and ${status === undefined ? sql`true` : sql`r.status = ${status}`}
        order by r.created_at desc, r.id desc
        limit ${limit}
        offset ${offset}`)
    }, orUnavailable),

    record: Effect.fn("Runs.record")(function*(threadId, runId, principal) {
      const rows = yield* decodeRecords(sql`
        select ${columns}, ${sql.literal(timesColumns)}
        from langgraph_server.runs r
        join langgraph_server.threads t on t.id = r.thread_id
        where r.id = ${runId}
          and t.id = ${threadId}
          and t.owner_id = ${principal.userId}`)
      return Option.map(Array.head(rows), recordOf)
    }, orUnavailable),

    // By runs_owner: a run's owner is its thread's.
    search: Effect.fn("Runs.search")(function*({ assistant_id, limit, offset, status }, principal) {
      const found = yield* pages.page(
        sql.and([
          sql`r.owner_id = ${principal.userId}`,
          ...(assistant_id === undefined ? [] : [sql`r.assistant_id = ${withoutNul(assistant_id)}`]),
          ...(status === undefined ? [] : [sql`r.status = ${status}`])
        ]),
        { column: "r.created_at", sort_order: "desc", limit, offset }
      )
      return { items: yield* decodeRuns(Effect.succeed(found.rows)), total: found.total }
    }, orUnavailable),

    // By runs_active.
    active: Effect.fn("Runs.active")(function*({ runIds, status, threadId }, principal) {
      const found = yield* decodeIds(sql`
        select r.id as run_id
        from langgraph_server.runs r
        join langgraph_server.threads t on t.id = r.thread_id
        where r.status in ('pending', 'running')
          and t.owner_id = ${principal.userId}
          and ${threadId === undefined ? sql`true` : sql`r.thread_id = ${threadId}`}
          and ${runIds === undefined ? sql`true` : sql`r.id = any(${runIds}::uuid[])`}
          and ${status === undefined ? sql`true` : sql`r.status = ${status}`}
        order by r.run_at, r.id`)
      return found.map(({ run_id }) => run_id)
    }, orUnavailable)
  }
}
