import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { LogView } from "./EventCursor.ts"
import { decodeEvents } from "./EventText.ts"
import { decodeRows } from "./Values.ts"

/** What one look takes from a log, and from all of them together: enough to be quick, little enough to be kept. */
const pageRows = 500
const pageBytes = 262_144
const lookBytes = 8_388_608

export interface Place {
  readonly runId: RunId
  readonly after: number
}

const decodePages = decodeRows(Schema.Struct({
  place: Schema.Int,
  last_id: Schema.NullOr(Schema.Int),
  over: Schema.Boolean,
  first_id: Schema.NullOr(Schema.Int),
  events: Schema.NullOr(Schema.String)
}))

/**
 * Logs after an id each, in one statement, so that what a log says and whether its run is active are of one moment. A log
 * is over with its last row, or when nobody is left who could write one. All by the primary key: the row that an id is
 * in is found first.
 */
export const eventPages = (sql: PgClient.PgClient) =>
  Effect.fnUntraced(function*(places: ReadonlyArray<Place>) {
    const rows = yield* decodePages(sql`
      with
        log as (
          select w.place, w.run_id, w.after, last.last_id,
            coalesce(last.ended, false)
              or not exists (
                select
                from langgraph_server.runs r
                where r.id = w.run_id and r.status in ('pending', 'running')
              ) as over
          from unnest(${places.map(({ runId }) => runId)}::uuid[], ${places.map(({ after }) => after)}::int[])
            with ordinality as w (run_id, after, place)
            left join lateral (
              select e.last_id, e.ended
              from langgraph_server.run_events e
              where e.run_id = w.run_id
              order by e.first_id desc
              limit 1
            ) last on true
        ),
        page as (
          select log.place, e.first_id, e.events, octet_length(e.events) as bytes,
            sum(octet_length(e.events)) over (partition by log.place order by e.first_id) as so_far
          from log
            cross join lateral (
              select e.first_id, e.events
              from langgraph_server.run_events e
              where e.run_id = log.run_id
                and e.first_id >= coalesce(
                  (
                    select b.first_id
                    from langgraph_server.run_events b
                    where b.run_id = log.run_id and b.first_id <= log.after
                    order by b.first_id desc
                    limit 1
                  ),
                  0
                )
                and e.last_id > log.after
              order by e.first_id
              limit ${pageRows}
            ) e
          where log.last_id > log.after
        ),
        taken as (
          select page.*, sum(page.bytes) over (order by page.place, page.first_id) as together
          from page
          where page.so_far - page.bytes < ${pageBytes}
        )
      select log.place::int as place, log.last_id, log.over, taken.first_id, taken.events
      from log
        left join taken on taken.place = log.place and taken.together - taken.bytes < ${lookBytes}
      order by log.place, taken.first_id`)
    const views = new Map<number, LogView & { readonly rows: Array<LogView["rows"][number]> }>()
    for (const { events, first_id, last_id, over, place } of rows) {
      const view = views.get(place) ?? { rows: [], lastId: last_id ?? -1, over }
      if (first_id !== null && events !== null) view.rows.push(decodeEvents(first_id, events))
      views.set(place, view)
    }
    return places.map((_, index) => views.get(index + 1))
  })
