import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import { RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import type { RunQueue } from "../../ports/RunQueue.ts"
import { checkpoints } from "./Checkpoints.ts"
import { decodeRows } from "./Values.ts"

const decodeRunIds = decodeRows(Schema.Struct({ run_id: RunId }))

/**
 * The one way in which threads go: nothing of them stays in any table. In a transaction that holds their locks. The runs
 * first, with which every fence falls: what a worker has under way is written before, or never. The log of a run that ends
 * with its thread is kept: its readers are about to come.
 */
export const threadRemoval = (sql: PgClient.PgClient, queue: RunQueue["Service"]) =>
  Effect.fnUntraced(function*(ids: ReadonlyArray<ThreadId>, ended: RunId | null = null) {
    const active = yield* decodeRunIds(sql`
      select r.id as run_id
      from langgraph_server.runs r
      where r.thread_id = any(${ids}::uuid[]) and r.status in ('pending', 'running')`)
    yield* Effect.forEach(
      active,
      ({ run_id }) => Effect.andThen(queue.withdraw(run_id), queue.stop(run_id, "interrupt")),
      { discard: true }
    )
    // By their foreign keys the runs and the crons go with the threads.
    yield* sql`delete from langgraph_server.threads where id = any(${ids}::uuid[])`
    yield* checkpoints(sql).deleteOf(ids)
    yield* sql`
      delete from langgraph_server.run_events
      where thread_id = any(${ids}::uuid[]) and run_id is distinct from ${ended}::uuid`
  })
