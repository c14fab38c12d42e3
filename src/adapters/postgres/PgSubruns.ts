import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Schema } from "effect"
import { AssistantId } from "../../domain/Assistant.ts"
import { type RunClaim, RunId, RunStatus } from "../../domain/Run.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { type NewSubrun, Subruns } from "../../ports/Subruns.ts"
import { orUnavailable } from "./Database.ts"
import { stepRows } from "./RunRecordRow.ts"
import { runColumns, RunRow } from "./RunRow.ts"
import { decodeRows, jsonb, withoutNul } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)
const decodeClaims = decodeRows(Schema.Struct({ run_id: RunId, attempt: Schema.Int }))
const decodeSubruns = decodeRows(
  Schema.Struct({ run_id: RunId, thread_id: ThreadId, assistant_id: AssistantId, status: RunStatus })
)

export const PgSubruns = Layer.effect(
  Subruns,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const columns = sql.literal(runColumns)
    const steps = stepRows(sql)

    /**
     * Whether the parent is the claim's, and stays it until we are through: whoever takes it up, ends it or removes its
     * thread locks that thread first. Parents before their subruns: nobody waits in a circle.
     */
    const held = Effect.fnUntraced(function*({ attempt, run_id }: RunClaim) {
      yield* sql`
        select t.id
        from langgraph_server.threads t
        where t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${run_id})
        for share`
      const rows = yield* sql`
        select
        from langgraph_server.runs r
        where r.id = ${run_id} and r.attempt = ${attempt} and r.status = 'running'`
      return rows.length > 0
    })

    /** Nobody else knows of the thread: it needs no lock. */
    const insert = ({ parent, thread_metadata, ...run }: NewSubrun, owner: string) =>
      decodeRuns(sql`
        with
          thread as (
            insert into langgraph_server.threads (
              id, owner_id, metadata, status, graph_id, parent_thread_id, runs_begun
            )
            values (
              ${run.thread_id}, ${owner}, ${
        jsonb(sql, thread_metadata)
      }, 'busy', ${run.graph_id}, ${parent.thread_id}, 1
            )
          ),
          r as (
            insert into langgraph_server.runs as r (
              id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, metadata, request,
              configuration, configured_ms, multitask_strategy, traceparent, parent, status, attempt, started_at, nth, steps
            )
            values (
              ${run.run_id}, ${run.thread_id}, ${run.assistant_id}, ${run.graph_id}, ${run.assistant_version}, ${owner},
              ${run.tenant}, ${jsonb(sql, run.metadata)}, ${jsonb(sql, run.request)}, ${jsonb(sql, run.configuration)},
              ${run.configured_ms}, ${run.multitask_strategy}, ${run.traceparent}, ${jsonb(sql, parent)},
              'running', 1, now(), 1, ${steps.atOnce}
            )
            returning *
          )
        select ${columns} from r`)

    return Subruns.of({
      // By runs_parent.
      begun: Effect.fn("Subruns.begun")(function*({ run_id }, call) {
        return Array.head(
          yield* decodeRuns(sql`
            select ${columns}
            from langgraph_server.runs r
            where r.parent is not null
              and r.parent ->> 'run_id' = ${run_id}
              and r.parent ->> 'call' = ${withoutNul(call)}`)
        )
      }, orUnavailable),

      begin: Effect.fn("Subruns.begin")(
        function*(subrun, parent, owner) {
          if (!(yield* held(parent))) return Option.none()
          return Array.head(yield* insert(subrun, owner.userId))
        },
        sql.withTransaction,
        orUnavailable
      ),

      resume: Effect.fn("Subruns.resume")(
        function*(runId, parent) {
          if (!(yield* held(parent))) return Option.none()
          return Array.head(
            yield* decodeRuns(sql`
              with
                thread as (
                  select t.id
                  from langgraph_server.threads t
                  where t.id = (select r.thread_id from langgraph_server.runs r where r.id = ${runId})
                  for update
                ),
                resumed as (
                  update langgraph_server.runs r
                  set attempt = r.attempt + 1, steps = r.steps || ${steps.begun}, updated_at = now()
                  from thread
                  where r.id = ${runId} and r.thread_id = thread.id and r.status = 'running'
                  returning ${columns}
                )
              select * from resumed`)
          )
        },
        sql.withTransaction,
        orUnavailable
      ),

      // By runs_parent, step by step.
      running: Effect.fn("Subruns.running")(function*({ attempt, run_id }) {
        return yield* decodeClaims(sql`
          with recursive below as (
            select r.id, r.attempt, r.status
            from langgraph_server.runs r
            join langgraph_server.runs p on p.id = ${run_id} and p.attempt = ${attempt} and p.status = 'running'
            where r.parent is not null and r.parent ->> 'run_id' = ${run_id}
            union
            select r.id, r.attempt, r.status
            from below
            join langgraph_server.runs r on r.parent is not null and r.parent ->> 'run_id' = below.id::text
          )
          select b.id as run_id, b.attempt from below b where b.status = 'running'`)
      }, orUnavailable),

      // By runs_subruns: as many as run at this moment.
      orphans: Effect.fn("Subruns.orphans")(function*(limit) {
        return yield* decodeClaims(sql`
          select r.id as run_id, r.attempt
          from langgraph_server.runs r
          where r.parent is not null
            and r.status = 'running'
            and not exists (
              select
              from langgraph_server.runs p
              where p.id = (r.parent ->> 'run_id')::uuid and p.status in ('pending', 'running')
            )
          limit ${limit}`)
      }, orUnavailable),

      of: Effect.fn("Subruns.of")(function*(runId, principal) {
        return yield* decodeSubruns(sql`
          select r.id as run_id, r.thread_id, r.assistant_id, r.status
          from langgraph_server.runs r
          join langgraph_server.threads t on t.id = r.thread_id
          where r.parent is not null and r.parent ->> 'run_id' = ${runId} and t.owner_id = ${principal.userId}
          order by r.created_at, r.id`)
      }, orUnavailable)
    })
  })
)
