import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { JsonObject } from "../../domain/Json.ts"
import { type Run, RunId } from "../../domain/Run.ts"
import { ThreadId, type ThreadStatus } from "../../domain/Thread.ts"
import type { RunPolicy } from "../../ports/RunPolicy.ts"
import type { RunOffer, RunQueue } from "../../ports/RunQueue.ts"
import { offerColumns, runSuccession } from "./RunSuccession.ts"
import { tenantShare } from "./TenantShare.ts"
import { decodeRows } from "./Values.ts"

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
  policy: RunPolicy["Service"]
) => {
  const { hasShare, turn } = tenantShare(sql, policy)
  const after = runSuccession(sql, policy)
  const columns = sql.literal(offerColumns)

  const offer = (offers: ReadonlyArray<RunOffer>) => Effect.forEach(offers, queue.offer, { discard: true })

  /** Offers the head of a thread, whose lock is held: or its turn would be taken twice. */
  const offerHead = (threadId: ThreadId) =>
    decodeOffers(sql`
      with
        gone as (select null::uuid as id, ${threadId}::uuid as thread_id),
        head as (${after.head}),
        offered as (${after.placeHead})
      select ${columns} from offered r where r.offered_at is not null`).pipe(
      Effect.tap(offer),
      Effect.map((offers) => offers.length)
    )

  const offerHeldBack = (tenant: string) =>
    decodeOffers(sql`
      with
        gone as (select null::uuid as id, null::uuid as thread_id, ${tenant}::text as tenant),
        held as (${after.placeHeldBack()})
      select ${columns} from held r`).pipe(
      Effect.tap(offer),
      Effect.map((offers) => offers.length)
    )

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

    after,

    /** A thread after one of its runs has ended goes to whoever is next on it, the tenant's share to who was held back. */
    passOn: (run: Run, status: ThreadStatus, interrupts: JsonObject) =>
      decodeOffers(sql`
        with
          gone as (select ${run.run_id}::uuid as id, ${run.thread_id}::uuid as thread_id, ${run.tenant}::text as tenant),
          ${after.all(run.started_at === null ? after.leaveUntouched : after.leaveThread(status, interrupts))}
        select * from next`).pipe(Effect.tap(offer)),

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
