import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { RunEvents } from "../../ports/RunEvents.ts"
import { orUnavailable } from "./Database.ts"
import { eventReaders } from "./EventReaders.ts"
import { eventRows } from "./EventRows.ts"
import { eventWriter, type WriterOptions } from "./EventWriter.ts"
import { Signal, Signals } from "./Signals.ts"

/** Logs in the database: written in batches, read from any replica, live through NOTIFY. */
export const PgRunEvents = (
  { flushEvery = 10, maxBytes = 67_108_864 }: Partial<WriterOptions> = {}
): Layer.Layer<RunEvents, never, PgClient.PgClient | Signals> =>
  Layer.effect(
    RunEvents,
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const signals = yield* Signals
      const rows = eventRows(sql)
      const readers = yield* eventReaders(sql, signals)
      const writer = yield* eventWriter(sql, signals, { flushEvery, maxBytes }, readers.written)

      return RunEvents.of({
        publish: writer.publish,
        flush: writer.flush,
        end: Effect.fn("RunEvents.end")(function*(run, events) {
          const last = yield* rows.end(run, events)
          yield* sql.afterCommit(
            Effect.andThen(writer.forget(run.run_id), Effect.sync(() => readers.ended(run.run_id, last)))
          )
          // From nobody in particular: whoever waits for the end alone hears this, too.
          yield* signals.tell([Signal.News({ from: "", runIds: [run.run_id] })])
        }, orUnavailable),
        read: readers.read
      })
    })
  )
