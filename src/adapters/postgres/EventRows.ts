import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { Statement } from "effect/sql"
import { type Run, type RunClaim, RunId } from "../../domain/Run.ts"
import { metadataEvent, type NumberedRunEvent, type RunEvent } from "../../ports/RunEvents.ts"
import type { EventBatch } from "./EventOutbox.ts"
import { bytesOf, encodeEvents, eventBytes, sized } from "./EventText.ts"
import { decodeRows } from "./Values.ts"

export interface ClaimedBatch {
  readonly claim: RunClaim
  readonly batch: EventBatch
}

/**
 * `busy`: somebody holds the run just now, it may be a claim that overtakes us. `moved`: the log ends elsewhere than we
 * thought.
 */
const Fate = Schema.Literals(["written", "overtaken", "moved", "busy"])
export type Fate = typeof Fate.Type

const decodeEnds = decodeRows(Schema.Struct({ run_id: RunId, next_id: Schema.Int, bytes: Schema.Int }))
const decodePlaces = decodeRows(Schema.Struct({ first_id: Schema.Int, last_id: Schema.Int }))
const decodeFates = decodeRows(Schema.Struct({ run_id: RunId, fate: Fate }))

export interface Place {
  readonly first_id: number
  readonly last_id: number
}

/**
 * A statement that writes the last row of a log, if it has not ended, for a run that `of` has one row for; and what it has
 * written, by the place that it answers with. Whoever is the first to end a run without having executed it writes the
 * metadata, too. What nobody could read again is left out: whoever waits for it finds the thread's state.
 */
export const closing = (
  sql: PgClient.PgClient,
  { attempt, run_id }: RunClaim,
  events: ReadonlyArray<RunEvent>
) => {
  const last = events.map(sized).filter(({ bytes }) => bytes <= eventBytes)
  const all = [sized(metadataEvent({ run_id, attempt })), ...last]
  return {
    insertion: (of: Statement.Fragment) =>
      sql`
      insert into langgraph_server.run_events (
        run_id, first_id, last_id, attempt, thread_id, owner_id, events, log_bytes, ended
      )
      select
        ${run_id},
        coalesce(e.last_id + 1, 0),
        coalesce(e.last_id + ${last.length}::int, ${all.length - 1}::int),
        ${attempt},
        run.thread_id,
        run.owner_id,
        case when e.last_id is null then ${encodeEvents(all)} else ${encodeEvents(last)} end,
        coalesce(e.log_bytes + ${bytesOf(last)}::int, ${bytesOf(all)}::int),
        true
      from (${of}) as run
        left join lateral (
          select e.last_id, e.log_bytes, e.ended
          from langgraph_server.run_events e
          where e.run_id = ${run_id}
          order by e.first_id desc
          limit 1
        ) e on true
      where e.ended is not true
      on conflict do nothing
      returning first_id, last_id`,
    writtenAt: (place: Place | undefined): ReadonlyArray<NumberedRunEvent> | undefined => {
      if (place === undefined) return undefined
      const written = place.last_id - place.first_id + 1 === all.length ? all : last
      return written.map(({ data, event }, index) => ({ id: place.first_id + index, event, data }))
    }
  }
}

/** Rows of logs, as they are written. */
export const eventRows = (sql: PgClient.PgClient) => ({
  /** Where logs end. */
  ends: (runIds: ReadonlyArray<RunId>) =>
    decodeEnds(sql`
      select wanted.run_id, coalesce(e.last_id + 1, 0) as next_id, coalesce(e.log_bytes, 0) as bytes
      from unnest(${runIds}::uuid[]) as wanted (run_id)
        left join lateral (
          select e.last_id, e.log_bytes
          from langgraph_server.run_events e
          where e.run_id = wanted.run_id
          order by e.first_id desc
          limit 1
        ) e on true`),

  /**
   * A row for each batch whose claim is still the run's: its row is held against the next claim until we have committed.
   * Nobody waits for a run that somebody else holds, least of all the other runs. A batch that an earlier try has written,
   * although nobody told us, counts as written.
   */
  append: (batches: ReadonlyArray<ClaimedBatch>) =>
    decodeFates(sql`
      with
        batch as (
          select *
          from unnest(
            ${batches.map(({ claim }) => claim.run_id)}::uuid[],
            ${batches.map(({ claim }) => claim.attempt)}::int[],
            ${batches.map(({ batch }) => batch.firstId)}::int[],
            ${batches.map(({ batch }) => batch.firstId + batch.events.length - 1)}::int[],
            ${batches.map(({ batch }) => batch.logBytes)}::int[],
            ${batches.map(({ batch }) => encodeEvents(batch.events))}::text[]
          ) as b (run_id, attempt, first_id, last_id, log_bytes, events)
        ),
        at as (
          select b.run_id, coalesce(e.last_id + 1, 0) as next_id
          from batch b
            left join lateral (
              select e.last_id
              from langgraph_server.run_events e
              where e.run_id = b.run_id
              order by e.first_id desc
              limit 1
            ) e on true
        ),
        held as (
          select r.id, r.thread_id, r.owner_id
          from langgraph_server.runs r
            join batch b on b.run_id = r.id
          where r.attempt = b.attempt and r.status = 'running'
          order by r.id
          for share of r skip locked
        ),
        written as (
          insert into langgraph_server.run_events (
            run_id, first_id, last_id, attempt, thread_id, owner_id, events, log_bytes
          )
          select b.run_id, b.first_id, b.last_id, b.attempt, held.thread_id, held.owner_id, b.events, b.log_bytes
          from batch b
            join held on held.id = b.run_id
            join at on at.run_id = b.run_id and at.next_id = b.first_id
          on conflict do nothing
          returning run_id
        )
      select
        b.run_id,
        case
          when b.run_id in (select w.run_id from written w)
            or exists (
              select
              from langgraph_server.run_events e
              where e.run_id = b.run_id
                and e.first_id = b.first_id
                and e.last_id = b.last_id
                and e.attempt = b.attempt
                and not e.ended
            )
            then 'written'
          when not exists (
              select
              from langgraph_server.runs r
              where r.id = b.run_id and r.attempt = b.attempt and r.status = 'running'
            )
            then 'overtaken'
          when at.next_id <> b.first_id then 'moved'
          else 'busy'
        end as fate
      from batch b
        join at using (run_id)`),

  /**
   * The last row of a log, once. Answers what was written, nothing if the log had ended before.
   */
  end: (run: Pick<Run, "run_id" | "thread_id" | "owner" | "attempt">, events: ReadonlyArray<RunEvent>) => {
    const { insertion, writtenAt } = closing(sql, run, events)
    return Effect.map(
      decodePlaces(insertion(sql`select ${run.thread_id}::uuid as thread_id, ${run.owner}::text as owner_id`)),
      ([place]) => writtenAt(place)
    )
  }
})
