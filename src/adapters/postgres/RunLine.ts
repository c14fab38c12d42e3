import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { Statement } from "effect/sql"
import type { JsonObject } from "../../domain/Json.ts"
import { type Run, RunId } from "../../domain/Run.ts"
import { ThreadId, type ThreadStatus } from "../../domain/Thread.ts"
import type { RunPolicy } from "../../ports/RunPolicy.ts"
import type { RunOffer, RunQueue } from "../../ports/RunQueue.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeOffers = decodeRows(Schema.Struct({
  run_id: RunId,
  thread_id: ThreadId,
  run_at: Schema.Date,
  turn: Schema.Int,
  home: Schema.NullOr(Schema.String)
}))

/**
 * Who is next. A run is offered to the queue when it is the first of its thread, it is due, and its tenant has not used up
 * its share; over the share it is held back until one of the tenant's runs has ended. Tenants take turns: a run's turn is
 * one after its tenant's last that waits, but never before whose turn it is now (start-time fair queueing).
 */
export const runLine = (
  sql: PgClient.PgClient,
  queue: RunQueue["Service"],
  { concurrentPerTenant }: RunPolicy["Service"]
) => {
  /** By runs_offered: never more rows than the share, and those that are not due yet. `besides`: more, unseen as yet. */
  const hasShare = (tenant: string, besides = "0") =>
    sql.literal(`${besides} + (
      select count(*)
      from langgraph_server.runs o
      where o.tenant = ${tenant}
        and o.status in ('pending', 'running')
        and o.offered_at is not null
        and o.run_at <= clock_timestamp()
    ) < ${concurrentPerTenant}`)

  /** By runs_offered and runs_turn. */
  const turn = (tenant: string) =>
    sql.literal(`1 + greatest(
      (
        select max(o.turn)
        from langgraph_server.runs o
        where o.tenant = ${tenant} and o.status = 'pending' and o.offered_at is not null
      ),
      (
        select min(o.turn)
        from langgraph_server.runs o
        where o.status = 'pending' and o.offered_at is not null and o.turn > 0
      ) - 1,
      0
    )`)

  /** Whether anything is active on a thread `t`, and due; by runs_active. */
  const isBusy = sql.literal(`exists (
    select
    from langgraph_server.runs r
    where r.thread_id = t.id
      and (r.status = 'running' or (r.status = 'pending' and r.run_at <= clock_timestamp()))
  )`)

  /** A thread after one of its runs has ended: still busy where another is active. */
  const leaveThread = (threadId: ThreadId, status: ThreadStatus, interrupts: JsonObject) =>
    sql`
        update langgraph_server.threads t
        set
          status = case when ${isBusy} then 'busy' else ${status} end,
          interrupts = ${jsonb(sql, interrupts)},
          updated_at = now(),
          state_updated_at = now()
        where t.id = ${threadId}`

  /** The same where the run had never started: a question that was open before it came is open again. */
  const leaveUntouched = (threadId: ThreadId) =>
    sql`
        update langgraph_server.threads t
        set
          status = case
            when ${isBusy} then 'busy'
            when t.status <> 'busy' then t.status
            when t.interrupts <> '{}' then 'interrupted'
            else 'idle'
          end,
          updated_at = now()
        where t.id = ${threadId}`

  const columns = sql.literal("r.id as run_id, r.thread_id, r.run_at, r.turn::int as turn, r.home")

  const offer = (offers: ReadonlyArray<RunOffer>) => Effect.forEach(offers, queue.offer, { discard: true })

  /** The first of a thread, unless one of its runs is running. By runs_active. */
  const head = (threadId: ThreadId) =>
    sql`
      select h.id, h.tenant, ${hasShare("h.tenant")} as has_share
      from langgraph_server.runs h
      where h.thread_id = ${threadId}
        and h.status = 'pending'
        and h.run_at <= clock_timestamp()
        and not exists (
          select from langgraph_server.runs b where b.thread_id = ${threadId} and b.status = 'running'
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

  /** Offers the head of a thread, whose lock is held: or its turn would be taken twice. */
  const offerHead = (threadId: ThreadId) =>
    decodeOffers(sql`
      with
        head as (${head(threadId)}),
        offered as (${placeHead})
      select ${columns} from offered r where r.offered_at is not null`).pipe(
      Effect.tap(offer),
      Effect.map((offers) => offers.length)
    )

  /** The share of a tenant has room again: by runs_held_back. Its thread needs no lock, being the head it stays that. */
  const placeHeldBack = (tenant: string, elsewhere: Statement.Fragment, besides?: string) =>
    sql`
      update langgraph_server.runs r
      set offered_at = now(), held_back = false, turn = ${turn("r.tenant")}
      where r.id = (
          select w.id
          from langgraph_server.runs w
          where w.tenant = ${tenant} and w.status = 'pending' and w.held_back and ${elsewhere}
          order by w.run_at, w.id
          for update skip locked
          limit 1
        )
        and ${hasShare("r.tenant", besides)}
      returning r.*`

  const offerHeldBack = (tenant: string) =>
    decodeOffers(sql`
      with held as (${placeHeldBack(tenant, sql`true`)})
      select ${columns} from held r`).pipe(
      Effect.tap(offer),
      Effect.map((offers) => offers.length)
    )

  /** In one statement, which sees the end of the run that was before. */
  const passOn = ({ tenant, thread_id }: Pick<Run, "tenant" | "thread_id">, leaveThread: Statement.Fragment) =>
    decodeOffers(sql`
      with
        head as (${head(thread_id)}),
        offered as (${placeHead}),
        held as (${
      placeHeldBack(
        tenant,
        sql`w.thread_id <> ${thread_id}`,
        "(select count(*) from offered f where f.offered_at is not null and f.tenant = r.tenant)"
      )
    }),
        leave as (${leaveThread})
      select ${columns} from offered r where r.offered_at is not null
      union all
      select ${columns} from held r`).pipe(Effect.tap(offer))

  return {
    hasShare,
    offer,
    offerHead,
    offerHeldBack,

    /**
     * The place of a run that is just being created, as values of `offered_at`, `held_back` and `turn`. One for later has
     * a place of its own at once: the queue keeps it until then.
     */
    placeOfNew: (tenant: string, place: "head" | "later" | "none") => {
      if (place === "none") return sql`select null::timestamptz as offered_at, false as held_back, 0 as turn`
      if (place === "later") return sql`select now() as offered_at, false as held_back, 0 as turn`
      return sql`
        select
          case when s.has_share then now() end as offered_at,
          not s.has_share as held_back,
          s.turn
        from (
          select ${hasShare("n.tenant")} as has_share, ${turn("n.tenant")} as turn
          from (select ${tenant}::text as tenant) n
        ) s`
    },

    /** A thread after one of its runs has ended goes to whoever is next on it, the tenant's share to who was held back. */
    passOn: (run: Run, status: ThreadStatus, interrupts: JsonObject) =>
      passOn(
        run,
        run.started_at === null ? leaveUntouched(run.thread_id) : leaveThread(run.thread_id, status, interrupts)
      ),

    /** Those that run on although the queue has forgotten them, or were never offered although it is their turn. */
    offerAgain: (runIds: ReadonlyArray<RunId>) =>
      decodeOffers(sql`
        select ${columns}
        from langgraph_server.runs r
        where r.id = any(${runIds}::uuid[]) and r.status in ('pending', 'running')
        for update skip locked`).pipe(
        Effect.tap(offer),
        Effect.map((offers) => offers.length)
      )
  }
}
