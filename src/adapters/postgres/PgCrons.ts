import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Option, Schema } from "effect"
import { type CronId, cronsPerPerson, type CronWritten, TooManyCrons } from "../../domain/Cron.ts"
import type { Principal } from "../../domain/Principal.ts"
import { ThreadNotFound } from "../../domain/Thread.ts"
import { type CronFilter, Crons, type CronSearch } from "../../ports/Crons.ts"
import { cronColumns, CronRow } from "./CronRow.ts"
import { orUnavailable } from "./Database.ts"
import { paged } from "./Pages.ts"
import { decodeRows, jsonb, withoutNul } from "./Values.ts"

const sortColumns: Record<CronSearch["sort_by"], string> = {
  cron_id: "c.id",
  assistant_id: "c.assistant_id",
  thread_id: "c.thread_id",
  created_at: "c.created_at",
  updated_at: "c.updated_at",
  next_run_date: "c.next_run_at"
}

const decodeCrons = decodeRows(CronRow)
const decodeRoom = decodeRows(Schema.Struct({ room: Schema.Boolean }))

export const PgCrons = Layer.effect(
  Crons,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const columns = sql.literal(cronColumns)

    const one = <E, R>(rows: Effect.Effect<ReadonlyArray<unknown>, E, R>) => Effect.map(decodeCrons(rows), Array.head)

    const owned = (id: CronId, principal: Principal) => sql`c.id = ${id} and c.owner_id = ${principal.userId}`

    const writtenColumns = sql.literal(
      "assistant_id, thread_id, schedule, timezone, end_time, enabled, on_run_completed, run, metadata, next_run_at, "
        + "last_error, refusals"
    )

    const values = (cron: CronWritten) =>
      sql`
        ${withoutNul(cron.assistant_id)}::text, ${cron.thread_id}::uuid, ${cron.schedule}::text, ${cron.timezone}::text,
        ${cron.end_time}::timestamptz, ${cron.enabled}::boolean, ${cron.on_run_completed}::text,
        ${jsonb(sql, cron.run)}, ${jsonb(sql, cron.metadata)}, ${cron.next_run_date}::timestamptz,
        ${cron.last_error}::text, ${cron.refusals}::integer`

    /** By crons_owner: of the crons of one person. */
    const matching = (filter: CronFilter, principal: Principal) =>
      sql.and([
        sql`c.owner_id = ${principal.userId}`,
        ...(filter.assistant_id === undefined ? [] : [sql`c.assistant_id = ${withoutNul(filter.assistant_id)}`]),
        ...(filter.thread_id === undefined ? [] : [sql`c.thread_id = ${filter.thread_id}`]),
        ...(filter.enabled === undefined ? [] : [sql`c.enabled = ${filter.enabled}`]),
        ...(filter.metadata === undefined ? [] : [sql`c.metadata @> ${jsonb(sql, filter.metadata)}`])
      ])

    const pages = paged(sql, { from: "langgraph_server.crons c", id: "c.id", columns: cronColumns })

    /** Locked, so that it is still there when the cron is; it is the owner's, or not there. */
    const lockThread = Effect.fnUntraced(function*(cron: CronWritten, owner: Principal) {
      if (cron.thread_id === null) return
      const found = yield* sql`
        select t.id
        from langgraph_server.threads t
        where t.id = ${cron.thread_id} and t.owner_id = ${owner.userId}
        for key share`
      if (found.length === 0) return yield* new ThreadNotFound({ thread: cron.thread_id })
    })

    return Crons.of({
      create: Effect.fn("Crons.create")(
        function*(id, cron, owner) {
          yield* lockThread(cron, owner)
          const [counted] = yield* decodeRoom(sql`
            select count(*) < ${cronsPerPerson} as room
            from langgraph_server.crons c
            where c.owner_id = ${owner.userId}`)
          if (counted?.room !== true) return yield* new TooManyCrons({ limit: cronsPerPerson })
          const created = yield* one(sql`
            insert into langgraph_server.crons as c (id, owner_id, ${writtenColumns})
            values (${id}, ${owner.userId}, ${values(cron)})
            returning ${columns}`)
          return yield* Effect.orDie(Effect.fromOption(created))
        },
        sql.withTransaction,
        orUnavailable
      ),

      find: Effect.fn("Crons.find")(function*(id, principal) {
        return yield* one(sql`select ${columns} from langgraph_server.crons c where ${owned(id, principal)}`)
      }, orUnavailable),

      search: Effect.fn("Crons.search")(function*(query, principal) {
        const column = sortColumns[query.sort_by]
        const { rows, total } = yield* pages.page(matching(query, principal), { ...query, column })
        const items = yield* decodeCrons(Effect.succeed(rows))
        return { items, total }
      }, orUnavailable),

      count: Effect.fn("Crons.count")((filter, principal) => pages.count(matching(filter, principal)), orUnavailable),

      update: (id, change, principal) =>
        Effect.gen(function*() {
          const present = yield* one(sql`
            select ${columns}
            from langgraph_server.crons c
            where ${owned(id, principal)}
            for update`)
          if (Option.isNone(present)) return Option.none()
          const next = yield* change(present.value)
          return yield* one(sql`
            update langgraph_server.crons c
            set (${writtenColumns}) = row (${values(next)}), revision = revision + 1, updated_at = now()
            where c.id = ${id}
            returning ${columns}`)
        }).pipe(sql.withTransaction, orUnavailable, Effect.withSpan("Crons.update")),

      delete: Effect.fn("Crons.delete")(function*(id, principal) {
        const gone = yield* sql`delete from langgraph_server.crons c where ${owned(id, principal)} returning c.id`
        return gone.length > 0
      }, orUnavailable)
    })
  })
)
