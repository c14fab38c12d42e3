import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Schema } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import { asksForSubruns, ThreadExists, ThreadId } from "../../domain/Thread.ts"
import { RunQueue } from "../../ports/RunQueue.ts"
import { type ThreadFilter, Threads, type ThreadSearch } from "../../ports/Threads.ts"
import { checkpoints } from "./Checkpoints.ts"
import { orUnavailable } from "./Database.ts"
import { idleThreads } from "./IdleThreads.ts"
import { paged } from "./Pages.ts"
import { threadRemoval } from "./ThreadRemoval.ts"
import { threadColumns, ThreadRow } from "./ThreadRow.ts"
import { decodeRows, jsonb } from "./Values.ts"

const sortColumns: Record<ThreadSearch["sort_by"], string> = {
  thread_id: "t.id",
  status: "t.status",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
  state_updated_at: "t.state_updated_at"
}

const decodeThreads = decodeRows(ThreadRow)
const decodeIds = decodeRows(Schema.Struct({ thread_id: ThreadId }))

export const PgThreads = Layer.effect(
  Threads,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const columns = sql.literal(threadColumns)
    const remove = threadRemoval(sql, yield* RunQueue)

    const one = <E, R>(rows: Effect.Effect<ReadonlyArray<unknown>, E, R>) => Effect.map(decodeThreads(rows), Array.head)

    const owned = (id: ThreadId, principal: Principal) => sql`t.id = ${id} and t.owner_id = ${principal.userId}`

    /** By threads_owner: of the threads of one person. */
    const matching = (filter: ThreadFilter, principal: Principal) =>
      sql.and([
        sql`t.owner_id = ${principal.userId}`,
        ...(asksForSubruns(filter) ? [] : [sql`t.parent_thread_id is null`]),
        ...(filter.ids === undefined ? [] : [sql`t.id = any(${filter.ids}::uuid[])`]),
        ...(filter.metadata === undefined ? [] : [sql`t.metadata @> ${jsonb(sql, filter.metadata)}`]),
        ...(filter.status === undefined ? [] : [sql`t.status = ${filter.status}`])
      ])

    const pages = paged(sql, { from: "langgraph_server.threads t", id: "t.id", columns: threadColumns })

    return Threads.of({
      create: Effect.fn("Threads.create")(function*(id, metadata, owner, ttl = null) {
        const created = yield* one(sql`
          insert into langgraph_server.threads as t (id, owner_id, metadata, ttl_minutes, ttl_strategy)
          values (
            ${id}, ${owner.userId}, ${jsonb(sql, metadata)}, ${ttl?.minutes ?? null}, ${ttl?.strategy ?? null}
          )
          on conflict (id) do nothing
          returning ${columns}`)
        return Option.isSome(created) ? created.value : yield* new ThreadExists()
      }, orUnavailable),

      find: Effect.fn("Threads.find")(function*(id, principal) {
        return yield* one(sql`select ${columns} from langgraph_server.threads t where ${owned(id, principal)}`)
      }, orUnavailable),

      search: Effect.fn("Threads.search")(function*(query, principal) {
        const column = sortColumns[query.sort_by]
        const { rows, total } = yield* pages.page(matching(query, principal), { ...query, column })
        const items = yield* decodeThreads(Effect.succeed(rows))
        return { items, total }
      }, orUnavailable),

      count: Effect.fn("Threads.count")((filter, principal) => pages.count(matching(filter, principal)), orUnavailable),

      patch: Effect.fn("Threads.patch")(function*(id, metadata, principal, ttl = null) {
        return yield* one(sql`
          update langgraph_server.threads t
          set
            metadata = t.metadata || ${jsonb(sql, metadata)},
            ttl_minutes = coalesce(${ttl?.minutes ?? null}, t.ttl_minutes),
            ttl_strategy = coalesce(${ttl?.strategy ?? null}, t.ttl_strategy),
            updated_at = now()
          where ${owned(id, principal)}
          returning ${columns}`)
      }, orUnavailable),

      delete: Effect.fn("Threads.delete")(
        function*(id, principal) {
          // Locked, so that no run comes to it any more; looked at afterwards, so that all that came are seen.
          const found = yield* sql`
            select t.id from langgraph_server.threads t where ${owned(id, principal)} for update`
          if (found.length > 0) yield* remove([id])
          return found.length > 0
        },
        sql.withTransaction,
        orUnavailable
      ),

      prune: Effect.fn("Threads.prune")(
        function*(ids, strategy, principal) {
          // In the order of their ids: of two who prune the same, one waits for the other and neither for both.
          const found = yield* decodeIds(sql`
            select t.id as thread_id
            from langgraph_server.threads t
            where t.id = any(${ids}::uuid[]) and t.owner_id = ${principal.userId}
            order by t.id
            for update`)
          const mine = found.map(({ thread_id }) => thread_id)
          if (mine.length === 0) return 0
          if (strategy === "delete") {
            yield* remove(mine)
            return mine.length
          }
          const { resting } = idleThreads(sql)
          const idle = yield* resting(mine)
          if (idle.length > 0) yield* checkpoints(sql).keepLatest(idle)
          return idle.length
        },
        sql.withTransaction,
        orUnavailable
      ),

      // By threads_owner, and runs_thread for each of them.
      ranOn: Effect.fn("Threads.ranOn")(function*(assistant, principal) {
        const found = yield* decodeIds(sql`
          select t.id as thread_id
          from langgraph_server.threads t
          join langgraph_server.runs r on r.thread_id = t.id
          where t.owner_id = ${principal.userId}
          group by t.id
          having bool_and(r.assistant_id = ${assistant})`)
        return found.map(({ thread_id }) => thread_id)
      }, orUnavailable),

      copy: Effect.fn("Threads.copy")(
        function*(from, to, principal) {
          // A run that is under way stays with the original.
          const copied = yield* one(sql`
            insert into langgraph_server.threads as t (
              id, owner_id, metadata, status, interrupts, graph_id, ttl_minutes, ttl_strategy
            )
            select
              ${to}::uuid, o.owner_id, o.metadata, case o.status when 'busy' then 'idle' else o.status end,
              o.interrupts, o.graph_id, o.ttl_minutes, o.ttl_strategy
            from langgraph_server.threads o
            where o.id = ${from} and o.owner_id = ${principal.userId}
            returning ${columns}`)
          if (Option.isSome(copied)) yield* checkpoints(sql).copy(from, to)
          return copied
        },
        sql.withTransaction,
        orUnavailable
      )
    })
  })
)
