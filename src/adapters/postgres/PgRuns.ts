import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Schema } from "effect"
import { Admission, admit, canResume, isResume, NothingToResume, RunId, ThreadBusy } from "../../domain/Run.ts"
import { ThreadNotFound, ThreadStatus } from "../../domain/Thread.ts"
import { type NewRun, Runs } from "../../ports/Runs.ts"
import { orUnavailable } from "./Database.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)
const decodeStatuses = decodeRows(Schema.Struct({ status: ThreadStatus }))
const decodeIds = decodeRows(Schema.Struct({ run_id: RunId }))

export const PgRuns = Layer.effect(
  Runs,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const columns = sql.literal(runColumns)

    /** By runs_active, oldest first: ids are UUIDv7. */
    const activeOn = (threadId: NewRun["thread_id"]) =>
      decodeIds(sql`
        select r.id as run_id
        from langgraph_server.runs r
        where r.thread_id = ${threadId}
          and r.status in ('pending', 'running')
        order by r.id`).pipe(Effect.map((rows) => rows.map(({ run_id }) => run_id)))

    /**
     * The run, and what its thread shows of it. Which graph's state the thread has is known when the run starts; until its
     * first run has, by this one. The metadata only shows it: chat pages look for their threads by it.
     */
    const insert = (run: NewRun, owner: string) =>
      decodeRuns(sql`
        with
          r as (
            insert into langgraph_server.runs (
              id, thread_id, assistant_id, graph_id, assistant_version, owner_id, metadata, request, configuration,
              multitask_strategy
            )
            values (
              ${run.run_id}, ${run.thread_id}, ${run.assistant_id}, ${run.graph_id}, ${run.assistant_version}, ${owner},
              ${jsonb(sql, run.metadata)}, ${jsonb(sql, run.request)}, ${jsonb(sql, run.configuration)},
              ${run.multitask_strategy}
            )
            returning *
          ),
          thread as (
            update langgraph_server.threads
            set
              status = 'busy',
              graph_id = coalesce(graph_id, ${run.graph_id}),
              metadata = metadata || ${jsonb(sql, { graph_id: run.graph_id, assistant_id: run.assistant_id })},
              updated_at = now()
            where id = ${run.thread_id}
          )
        select ${columns} from r`).pipe(Effect.flatMap((rows) => Effect.orDie(Effect.fromOption(Array.head(rows)))))

    return Runs.of({
      create: Effect.fn("Runs.create")(
        function*(run, owner, enqueue) {
          const [thread] = yield* decodeStatuses(sql`
            select t.status
            from langgraph_server.threads t
            where t.id = ${run.thread_id} and t.owner_id = ${owner.userId}
            for update`)
          if (thread === undefined) return yield* new ThreadNotFound({ thread: run.thread_id })

          const admission = admit(run.multitask_strategy, yield* activeOn(run.thread_id))
          if (Admission.$is("Rejected")(admission)) return yield* new ThreadBusy({ thread: run.thread_id })
          if (isResume(run.request) && !canResume(thread.status)) {
            return yield* new NothingToResume({ thread: run.thread_id })
          }

          const created = yield* insert(run, owner.userId)
          yield* enqueue(created)
          return { run: created, admission }
        },
        sql.withTransaction,
        orUnavailable
      ),

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

      delete: Effect.fn("Runs.delete")(function*(threadId, runId, principal) {
        const gone = yield* sql`
          delete from langgraph_server.runs r
          using langgraph_server.threads t
          where r.id = ${runId}
            and r.thread_id = ${threadId}
            and r.status not in ('pending', 'running')
            and t.id = r.thread_id
            and t.owner_id = ${principal.userId}
          returning r.id`
        return gone.length > 0
      }, orUnavailable)
    })
  })
)
