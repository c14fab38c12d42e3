import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer } from "effect"
import type { RunId } from "../../domain/Run.ts"
import { type NumberedRunEvent, RunEvents } from "../../ports/RunEvents.ts"
import { orUnavailable } from "./Database.ts"
import { eventReaders } from "./EventReaders.ts"
import { closing, eventRows } from "./EventRows.ts"
import { eventWriter, type WriterOptions } from "./EventWriter.ts"
import { LogEnds } from "./LogEnds.ts"
import { PromptSql } from "./PromptSql.ts"
import { Signal, Signals } from "./Signals.ts"

/**
 * Logs in the database: written in batches, read from any replica, live through NOTIFY. With them comes `LogEnds`; logs in
 * their place need not have it.
 */
export const PgRunEvents = (
  { flushEvery = 10, maxBytes = 67_108_864 }: Partial<WriterOptions> = {}
): Layer.Layer<RunEvents, never, PgClient.PgClient | PromptSql | Signals> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const signals = yield* Signals
      const rows = eventRows(sql)
      const readers = yield* eventReaders(sql, signals)
      const writer = yield* eventWriter(yield* PromptSql, signals, { flushEvery, maxBytes }, readers.written)

      const closed = (runId: RunId, last: ReadonlyArray<NumberedRunEvent> | undefined) =>
        Effect.andThen(writer.forget(runId), Effect.sync(() => readers.ended(runId, last)))
      /** From nobody in particular: whoever waits for the end alone hears this, too. */
      const newsOf = (runId: RunId) => Signal.News({ from: "", runIds: [runId] })

      const events = RunEvents.of({
        publish: writer.publish,
        flush: writer.flush,
        end: Effect.fn("RunEvents.end")(function*(run, events) {
          const last = yield* rows.end(run, events)
          yield* sql.afterCommit(closed(run.run_id, last))
          yield* signals.tell([newsOf(run.run_id)])
        }, orUnavailable),
        read: readers.read
      })

      const ends = LogEnds.of({
        closing: (claim, events) => {
          const { insertion, writtenAt } = closing(sql, claim, events)
          return {
            insertion,
            closed: (place) =>
              Effect.andThen(closed(claim.run_id, writtenAt(place)), signals.hint([newsOf(claim.run_id)]))
          }
        }
      })
      return Context.make(RunEvents, events).pipe(Context.add(LogEnds, ends))
    })
  )
