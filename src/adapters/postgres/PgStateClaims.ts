import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schema } from "effect"
import { ThreadBusy } from "../../domain/Run.ts"
import { type StateClaim, StateClaimHeld, ThreadId, ThreadNotFound } from "../../domain/Thread.ts"
import { StateClaims } from "../../ports/StateClaims.ts"
import { orUnavailable } from "./Database.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeHolders = decodeRows(Schema.Struct({ held: Schema.Boolean }))
const decodeAbandoned = decodeRows(
  Schema.Struct({ thread_id: ThreadId, token: Schema.String, graph_id: Schema.NullOr(Schema.String) })
)

/** An update takes a few statements. Whoever holds a claim for longer was lost, or will find that it is void. */
const longestClaim = "10 seconds"

export const PgStateClaims = Layer.effect(
  StateClaims,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    /** The thread, if the claim is not void. */
    const isHeld = (claim: StateClaim) => sql`t.id = ${claim.thread_id} and t.state_claim = ${claim.token}`
    const inTime = sql`t.state_claimed_at > now() - ${longestClaim}::interval`

    return StateClaims.of({
      take: Effect.fn("StateClaims.take")(
        function*(claim, principal) {
          const [thread] = yield* decodeHolders(sql`
            select t.state_claim is not null and ${inTime} as held
            from langgraph_server.threads t
            where t.id = ${claim.thread_id} and t.owner_id = ${principal.userId}
            for update`)
          if (thread === undefined) return yield* new ThreadNotFound({ thread: claim.thread_id })
          // Locked first, looked at afterwards: no run came to it meanwhile. By runs_active.
          const active = yield* sql`
            select
            from langgraph_server.runs r
            where r.thread_id = ${claim.thread_id}
              and (r.status = 'running' or (r.status = 'pending' and r.run_at <= clock_timestamp()))
            limit 1`
          if (active.length > 0) return yield* new ThreadBusy({ thread: claim.thread_id })
          if (thread.held) return yield* new StateClaimHeld({ thread: claim.thread_id })
          yield* sql`
            update langgraph_server.threads t
            set state_claim = ${claim.token}, state_claimed_at = now()
            where t.id = ${claim.thread_id}`
        },
        sql.withTransaction,
        orUnavailable
      ),

      conclude: Effect.fn("StateClaims.conclude")(function*(claim, { graph_id, interrupts, status }) {
        // A run that was created meanwhile waits to be taken up: the thread stays busy, and knows what was open before.
        yield* sql`
          update langgraph_server.threads t
          set
            state_claim = null,
            status = case when t.status = 'busy' then t.status else ${status} end,
            interrupts = ${jsonb(sql, interrupts)},
            graph_id = ${graph_id},
            updated_at = now(),
            state_updated_at = now()
          where ${isHeld(claim)}`
      }, orUnavailable),

      release: Effect.fn("StateClaims.release")(function*(claim) {
        yield* sql`update langgraph_server.threads t set state_claim = null where ${isHeld(claim)}`
      }, orUnavailable),

      // By threads_claimed.
      abandoned: Effect.fn("StateClaims.abandoned")(function*(limit) {
        return yield* decodeAbandoned(sql`
          select
            t.id as thread_id, t.state_claim as token, coalesce(t.graph_id, t.metadata ->> 'graph_id') as graph_id
          from langgraph_server.threads t
          where t.state_claim is not null and not (${inTime})
          order by t.state_claimed_at
          limit ${limit}`)
      }, orUnavailable)
    })
  })
)
