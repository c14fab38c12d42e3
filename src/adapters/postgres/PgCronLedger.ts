import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Option, Schema } from "effect"
import { CronId, type CronProgress } from "../../domain/Cron.ts"
import { CronLedger, type SeenCron } from "../../ports/Crons.ts"
import { cronColumns, SeenCronRow } from "./CronRow.ts"
import { orUnavailable } from "./Database.ts"
import { decodeRows, withoutNul } from "./Values.ts"

const decodeSeen = decodeRows(SeenCronRow)
const decodeTimes = decodeRows(Schema.Struct({ cron_id: CronId, milliseconds: Schema.Number }))

export const PgCronLedger = Layer.effect(
  CronLedger,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    /**
     * The cron is locked for as long as its tick takes; who finds it locked leaves it. Its thread before it, as whoever
     * deletes the thread locks it before its crons: nobody waits in a circle.
     */
    const take = Effect.fnUntraced(function*({ cron, revision }: SeenCron) {
      if (cron.thread_id !== null) {
        yield* sql`select t.id from langgraph_server.threads t where t.id = ${cron.thread_id} for update`
      }
      const taken = yield* sql`
        select c.id
        from langgraph_server.crons c
        where c.id = ${cron.cron_id} and c.revision = ${revision}
        for update skip locked`
      return taken.length > 0
    })

    const write = ({ cron }: SeenCron, after: CronProgress) =>
      sql`
        update langgraph_server.crons c
        set
          enabled = ${after.enabled},
          next_run_at = ${after.next_run_date}::timestamptz,
          last_tick = ${after.last_tick}::timestamptz,
          last_run_id = ${after.last_run_id}::uuid,
          last_error = ${after.last_error === null ? null : withoutNul(after.last_error)}::text,
          refusals = ${after.refusals},
          revision = revision + 1
        where c.id = ${cron.cron_id}`

    return CronLedger.of({
      // By crons_next: those that are due come first, and the one after them tells when to look again.
      look: Effect.fn("CronLedger.look")(function*(batch) {
        const times = yield* decodeTimes(sql`
          select
            c.id as cron_id,
            extract(epoch from (c.next_run_at - clock_timestamp()))::float8 * 1000 as milliseconds
          from langgraph_server.crons c
          where c.next_run_at is not null
          order by c.next_run_at, c.id
          limit ${batch}`)
        const next = Option.fromUndefinedOr(times.find(({ milliseconds }) => milliseconds > 0))
        const nextIn = Option.map(next, ({ milliseconds }) => Duration.millis(milliseconds))
        const due = times.filter(({ milliseconds }) => milliseconds <= 0).map(({ cron_id }) => cron_id)
        if (due.length === 0) return { due: [], nextIn }
        const seen = yield* decodeSeen(sql`
          select ${sql.literal(cronColumns)}, c.revision::int as revision, clock_timestamp() as seen_at
          from langgraph_server.crons c
          where c.id = any(${due}::uuid[]) and c.next_run_at <= clock_timestamp()
          order by c.next_run_at, c.id`)
        return { due: seen.map(({ revision, seen_at, ...cron }) => ({ cron, revision, seen_at })), nextIn }
      }, orUnavailable),

      tick: (seen, after, made) =>
        Effect.gen(function*() {
          if (!(yield* take(seen))) return Option.none()
          yield* write(seen, after)
          return Option.some(yield* made)
        }).pipe(sql.withTransaction, orUnavailable, Effect.withSpan("CronLedger.tick"))
    })
  })
)
