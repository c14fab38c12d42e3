import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import { RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import type { RunQueue } from "../../ports/RunQueue.ts"
import { checkpoints } from "./Checkpoints.ts"
import { decodeRows } from "./Values.ts"

const decodeIds = decodeRows(Schema.Struct({ thread_id: ThreadId }))
const decodeThreads = decodeRows(Schema.Struct({ thread_id: ThreadId, active: Schema.Array(RunId) }))

/**
 * The one way in which threads go, and with them those of the agents that were called from there: nothing of them stays in
 * any table. In a transaction that holds their locks. The runs first, with which every fence falls: what a worker has under
 * way is written before, or never. The log of a run that ends with its thread is kept: its readers are about to come.
 */
export const threadRemoval = (sql: PgClient.PgClient, queue: RunQueue["Service"]) =>
  Effect.fnUntraced(function*(ids: ReadonlyArray<ThreadId>, ended: RunId | null = null) {
    // By threads_parent.
    const threads = yield* decodeThreads(sql`
      with recursive going as (
        select t.id from langgraph_server.threads t where t.id = any(${ids}::uuid[])
        union
        select t.id from going join langgraph_server.threads t on t.parent_thread_id = going.id
      )
      select
        t.id as thread_id,
        array(
          select r.id::text
          from langgraph_server.runs r
          where r.thread_id = t.id and r.status in ('pending', 'running')
        ) as active
      from langgraph_server.threads t
      where t.id in (select id from going)
      for update of t`)
    const all = threads.map(({ thread_id }) => thread_id)
    yield* Effect.forEach(
      threads.flatMap(({ active }) => active),
      (run_id) => Effect.andThen(queue.withdraw(run_id), queue.stop(run_id, "interrupt")),
      { discard: true }
    )
    // By their foreign keys the runs and the crons go with the threads.
    yield* sql`delete from langgraph_server.threads where id = any(${all}::uuid[])`
    yield* checkpoints(sql).deleteOf(all)
    yield* sql`
      delete from langgraph_server.run_events
      where thread_id = any(${all}::uuid[]) and run_id is distinct from ${ended}::uuid`
  })

/** What agents did that a run had called goes with the run, where that goes without its thread. By runs_parent. */
export const subrunRemoval = (sql: PgClient.PgClient, remove: ReturnType<typeof threadRemoval>) =>
  Effect.fnUntraced(function*(run: RunId) {
    const threads = yield* decodeIds(sql`
      select r.thread_id
      from langgraph_server.runs r
      where r.parent is not null and r.parent ->> 'run_id' = ${run}`)
    if (threads.length > 0) yield* remove(threads.map(({ thread_id }) => thread_id))
  })
