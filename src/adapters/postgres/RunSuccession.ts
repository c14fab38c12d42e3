import type { PgClient } from "@effect/sql-pg"
import type { Statement } from "effect/sql"
import type { JsonObject } from "../../domain/Json.ts"
import type { ThreadStatus } from "../../domain/Thread.ts"
import type { RunPolicy } from "../../ports/RunPolicy.ts"
import { tenantShare } from "./TenantShare.ts"
import { jsonb } from "./Values.ts"

/** What is told to the queue of a run `r`. */
export const offerColumns = "r.id as run_id, r.thread_id, r.run_at, r.turn::int as turn, r.home"

/**
 * Parts of statements: what follows on `gone`, which is a part that comes before them. It has the `id`, `thread_id` and
 * `tenant` of a run that has ended, whether the statement can see that or not; nulls where there is none to look past.
 */
export const runSuccession = (sql: PgClient.PgClient, policy: RunPolicy["Service"]) => {
  const { hasShare, turn } = tenantShare(sql, policy)
  const columns = sql.literal(offerColumns)

  /** Whether anything but `gone` is active on a thread `t`, and due; by runs_active. */
  const isBusy = sql.literal(`exists (
    select
    from langgraph_server.runs r
    where r.thread_id = t.id
      and r.id is distinct from gone.id
      and (r.status = 'running' or (r.status = 'pending' and r.run_at <= clock_timestamp()))
  )`)

  /** A thread after one of its runs has ended: still busy where another is active. */
  const leaveThread = (status: ThreadStatus, interrupts: JsonObject) =>
    sql`
        update langgraph_server.threads t
        set
          status = case when ${isBusy} then 'busy' else ${status} end,
          interrupts = ${jsonb(sql, interrupts)},
          updated_at = now(),
          state_updated_at = now()
        from gone
        where t.id = gone.thread_id`

  /** The same where the run had never started: a question that was open before it came is open again. */
  const leaveUntouched = sql`
        update langgraph_server.threads t
        set
          status = case
            when ${isBusy} then 'busy'
            when t.status <> 'busy' then t.status
            when t.interrupts <> '{}' then 'interrupted'
            else 'idle'
          end,
          updated_at = now()
        from gone
        where t.id = gone.thread_id`

  /** The first of `gone`'s thread, unless one of its runs is running; `gone` itself is neither. By runs_active. */
  const head = sql`
      select h.id, h.tenant, ${hasShare("h.tenant", { gone: "gone.id" })} as has_share
      from gone
      join langgraph_server.runs h on h.thread_id = gone.thread_id
      where h.status = 'pending'
        and h.run_at <= clock_timestamp()
        and h.id is distinct from gone.id
        and not exists (
          select
          from langgraph_server.runs b
          where b.thread_id = gone.thread_id and b.status = 'running' and b.id is distinct from gone.id
        )
      order by h.run_at, h.id
      limit 1`

  /** A head gets its place, if its tenant's share has room for it. */
  const placeHead = sql`
    update langgraph_server.runs r
    set
      offered_at = case when head.has_share then now() end,
      held_back = not head.has_share,
      turn = ${turn("head.tenant")}
    from head
    where r.id = head.id and r.status = 'pending' and r.offered_at is null
    returning r.*`

  /** The share of `gone`'s tenant has room again: by runs_held_back. Its thread needs no lock, being the head it stays that. */
  const placeHeldBack = (besides?: string) =>
    sql`
      update langgraph_server.runs r
      set offered_at = now(), held_back = false, turn = ${turn("r.tenant")}
      where r.id = (
          select w.id
          from langgraph_server.runs w
          where w.tenant = (select gone.tenant from gone)
            and w.status = 'pending'
            and w.held_back
            and w.thread_id is distinct from (select gone.thread_id from gone)
          order by w.run_at, w.id
          for update skip locked
          limit 1
        )
        and ${hasShare("r.tenant", { ...besides !== undefined && { besides }, gone: "(select gone.id from gone)" })}
      returning r.*`

  /** The thread goes to whoever is next on it, the tenant's share to who was held back: `next`, yet to be told to the queue. */
  const all = (leave: Statement.Fragment) =>
    sql`
        head as (${head}),
        offered as (${placeHead}),
        held as (${
      placeHeldBack("(select count(*) from offered f where f.offered_at is not null and f.tenant = r.tenant)")
    }),
        leave as (${leave}),
        next as (
          select ${columns} from offered r where r.offered_at is not null
          union all
          select ${columns} from held r
        )`

  return { head, placeHead, placeHeldBack, leaveThread, leaveUntouched, all }
}
