import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import { RunId } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import type { RunQueue } from "../../ports/RunQueue.ts"
import { orUnavailable } from "./Database.ts"
import type { runLine } from "./RunLine.ts"
import { decodeRows } from "./Values.ts"

const decodeIds = decodeRows(Schema.Struct({ run_id: RunId }))
const decodeForgotten = decodeRows(Schema.Struct({ thread_id: ThreadId, tenant: Schema.String }))

/** How many forgotten runs are looked after at a time. */
const handful = 500

/** Offers what waits although it is its turn: whom the queue has lost, and whom nobody has offered. Answers how many. */
export const forgottenRuns = (
  sql: PgClient.PgClient,
  queue: RunQueue["Service"],
  line: ReturnType<typeof runLine>
) =>
  Effect.gen(function*() {
    // By runs_offered. Older than what a transaction may still be busy with; any of them, as many may wait for long.
    const offered = yield* decodeIds(sql`
      select r.id as run_id
      from langgraph_server.runs r
      where r.status in ('pending', 'running')
        and r.offered_at is not null
        and greatest(r.offered_at, r.run_at) < now() - interval '30 seconds'
      order by random()
      limit ${handful}`)
    const missing = offered.length === 0 ? [] : yield* queue.missing(offered.map(({ run_id }) => run_id))
    const again = missing.length === 0 ? 0 : yield* sql.withTransaction(line.offerAgain(missing))

    // Threads of which nobody has a place, though somebody is due; by runs_active.
    const forgotten = yield* decodeForgotten(sql`
      select r.thread_id, r.tenant
      from langgraph_server.runs r
      where r.status = 'pending'
        and r.offered_at is null
        and r.run_at < clock_timestamp() - interval '5 seconds'
        and (not r.held_back or ${line.hasShare("r.tenant")})
        and not exists (
          select
          from langgraph_server.runs o
          where o.thread_id = r.thread_id
            and (
              o.status = 'running'
              or (o.status = 'pending' and o.offered_at is not null and o.run_at <= clock_timestamp())
            )
        )
      group by r.thread_id, r.tenant
      order by min(r.run_at)
      limit ${handful}`)
    const offers = yield* Effect.forEach(
      forgotten,
      ({ tenant, thread_id }) =>
        sql`select t.id from langgraph_server.threads t where t.id = ${thread_id} for update`.pipe(
          Effect.andThen(line.offerHead(thread_id)),
          Effect.flatMap((offered) => offered > 0 ? Effect.succeed(offered) : line.offerHeldBack(tenant)),
          sql.withTransaction
        )
    )
    return again + offers.reduce((sum, count) => sum + count, 0)
  }).pipe(Effect.withSpan("RunLedger.offerForgotten"), orUnavailable)
