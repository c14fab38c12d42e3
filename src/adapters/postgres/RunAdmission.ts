import type { PgClient } from "@effect/sql-pg"
import { Array, Effect, Option, Schema } from "effect"
import type { Principal } from "../../domain/Principal.ts"
import { ThreadNotFound, ThreadStatus } from "../../domain/Thread.ts"
import type { RunPolicy } from "../../ports/RunPolicy.ts"
import type { NewRun } from "../../ports/Runs.ts"
import type { JobInsertion } from "./JobInsertion.ts"
import type { runLine } from "./RunLine.ts"
import { CreatedRow, runColumns, RunRow } from "./RunRow.ts"
import { offerColumns } from "./RunSuccession.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeRuns = decodeRows(RunRow)
const decodeCreated = decodeRows(CreatedRow)
const counted = { active: Schema.Int, waiting: Schema.Int }
const decodeCounts = decodeRows(Schema.Struct(counted))
const decodeLocked = decodeRows(Schema.Struct({ status: ThreadStatus, unchanged: Schema.Boolean, ...counted }))

/** What lets a run onto its thread: the thread's lock, what is on it already, and the run's row in its place. */
export const runAdmission = (
  sql: PgClient.PgClient,
  prompt: PgClient.PgClient,
  policy: RunPolicy["Service"],
  line: ReturnType<typeof runLine>
) => {
  const columns = sql.literal(runColumns)

  const due = sql.literal("(r.status = 'running' or (r.status = 'pending' and r.run_at <= clock_timestamp()))")

  /** Active and due, in their order. By runs_active. */
  const activeOn = (threadId: NewRun["thread_id"]) =>
    decodeRuns(sql`
      select ${columns}
      from langgraph_server.runs r
      where r.thread_id = ${threadId}
        and ${due}
      order by r.run_at, r.id`)

  /** How many are active and due on a thread, by runs_active; and of a tenant wait, by runs_waiting, to the limit. */
  const counts = (threadId: NewRun["thread_id"], tenant: string) =>
    sql`
      (
        select count(*)::int
        from langgraph_server.runs r
        where r.thread_id = ${threadId} and ${due}
      ) as active,
      (
        select count(*)::int
        from (
          select
          from langgraph_server.runs
          where tenant = ${tenant} and status = 'pending'
          limit ${policy.waitingPerTenant}
        ) w
      ) as waiting`

  /**
   * Parts of a statement that lock a thread, and count. It sees nothing of what was committed while it waited for the
   * lock: whoever adds or ends a run of a thread changes its row, and if that was changed meanwhile, the counts are void.
   */
  const locking = (threadId: NewRun["thread_id"], tenant: string, owner: Principal, { waits }: { waits: boolean }) =>
    sql`
        seen as materialized (
          select t.id, t.ctid, ${counts(threadId, tenant)}
          from langgraph_server.threads t
          where t.id = ${threadId} and t.owner_id = ${owner.userId}
        ),
        locked as materialized (
          select t.status, t.ctid = seen.ctid as unchanged, seen.active, seen.waiting
          from langgraph_server.threads t
          join seen on seen.id = t.id
          for update of t ${sql.literal(waits ? "" : "skip locked")}
        )`

  const lock = Effect.fnUntraced(function*(threadId: NewRun["thread_id"], tenant: string, owner: Principal) {
    const [locked] = yield* decodeLocked(sql`
      with ${locking(threadId, tenant, owner, { waits: true })}
      select * from locked`)
    if (locked === undefined) return yield* new ThreadNotFound({ thread: threadId })
    if (locked.unchanged) return locked
    const [recounted] = yield* decodeCounts(sql`select ${counts(threadId, tenant)}`)
    return { ...locked, ...recounted }
  })

  /**
   * Parts of a statement: the run, and what its thread shows of it, if `admitted` has a row. Which graph's state the thread
   * has is known when the run starts; until its first run has, by this one. The metadata only shows it: chat pages look for
   * their threads by it. The thread is locked, so that the clock gives its runs their order.
   */
  const insertion = (run: NewRun, owner: Principal, place: "head" | "later" | "none") =>
    sql`
        place as (${line.placeOfNew(run.tenant, place)}),
        r as (
          insert into langgraph_server.runs (
            id, thread_id, assistant_id, graph_id, assistant_version, owner_id, tenant, metadata, request,
            configuration, configured_ms, multitask_strategy, home, traceparent, run_at, offered_at, held_back, turn
          )
          select
            ${run.run_id}, ${run.thread_id}, ${run.assistant_id}, ${run.graph_id}, ${run.assistant_version},
            ${owner.userId}, ${run.tenant}, ${jsonb(sql, run.metadata)}, ${jsonb(sql, run.request)},
            ${jsonb(sql, run.configuration)}, ${run.configured_ms}, ${run.multitask_strategy}, ${run.home},
            ${run.traceparent}, clock_timestamp() + make_interval(secs => ${run.after_seconds}),
            place.offered_at, place.held_back, place.turn
          from place, admitted
          returning *
        ),
        thread as (
          update langgraph_server.threads t
          set
            status = case when ${run.after_seconds > 0} then t.status else 'busy' end,
            graph_id = coalesce(t.graph_id, r.graph_id),
            metadata = t.metadata || ${jsonb(sql, { graph_id: run.graph_id, assistant_id: run.assistant_id })},
            updated_at = now()
          from r
          where t.id = r.thread_id
        )`

  const created = sql`select ${columns}, r.turn::int as turn, r.offered_at is not null as offered from r`

  const insert = (run: NewRun, owner: Principal, place: "head" | "later" | "none") =>
    decodeCreated(sql`
      with
        admitted as (select),
        ${insertion(run, owner, place)}
      ${created}`).pipe(
      Effect.flatMap((rows) => Effect.orDie(Effect.fromOption(Array.head(rows))))
    )

  /**
   * All of it at once, the job in the queue as well, where nothing has to be decided: the thread is free, nobody is at it,
   * and its tenant has room. None: it is not so, and nothing was done.
   */
  const insertIfFree = Effect.fnUntraced(function*(run: NewRun, owner: Principal, jobs: JobInsertion["Service"]) {
    const jobsOfNext = yield* jobs.of("next")
    if (Option.isNone(jobsOfNext)) return Option.none()
    const rows = yield* decodeCreated(prompt`
      with
        ${locking(run.thread_id, run.tenant, owner, { waits: false })},
        admitted as (
          select from locked where unchanged and active = 0 and waiting < ${policy.waitingPerTenant}
        ),
        ${insertion(run, owner, "head")},
        next as (select ${sql.literal(offerColumns)} from r where r.offered_at is not null),
        job as (${jobsOfNext.value})
      ${created}`)
    return Array.head(rows)
  })

  return { activeOn, lock, insert, insertIfFree }
}
