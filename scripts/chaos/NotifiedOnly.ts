import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option, PubSub, Schedule, Schema, Stream } from "effect"
import { orUnavailable } from "../../src/adapters/postgres/Database.ts"
import { decodeEvents } from "../../src/adapters/postgres/EventText.ts"
import { PgRunEvents } from "../../src/adapters/postgres/PgRunEvents.ts"
import { type Signal, Signals } from "../../src/adapters/postgres/Signals.ts"
import { decodeRows } from "../../src/adapters/postgres/Values.ts"
import type { RunId } from "../../src/domain/Run.ts"
import { RunEvents } from "../../src/ports/RunEvents.ts"

const decode = decodeRows(Schema.Struct({ first_id: Schema.Int, events: Schema.String, ended: Schema.Boolean }))

/** Readers who look once, and then only when they are told to: a message that is missed is missed for good. */
export const notifiedOnly = Layer.effect(
  RunEvents,
  Effect.gen(function*() {
    const real = yield* RunEvents
    const sql = yield* PgClient.PgClient
    const signals = yield* Signals

    const rowsAfter = (runId: RunId, after: number) =>
      decode(sql`
        select first_id, events, ended
        from langgraph_server.run_events
        where run_id = ${runId} and last_id > ${after}
        order by first_id`).pipe(orUnavailable, Effect.retry(Schedule.spaced("500 millis")), Effect.orDie)

    const told = (heard: PubSub.Subscription<Signal>, runId: RunId): Effect.Effect<void> =>
      Effect.flatMap(
        PubSub.take(heard),
        (signal) => signal._tag === "News" && signal.runIds.includes(runId) ? Effect.void : told(heard, runId)
      )

    const read = (runId: RunId, from: number) =>
      Stream.unwrap(
        Effect.map(signals.subscribe, (heard) =>
          Stream.paginate({ after: from, first: true }, ({ after, first }) =>
            Effect.gen(function*() {
              if (!first) {
                yield* told(heard, runId)
              }
              const rows = yield* rowsAfter(runId, after)
              const events = rows.flatMap(({ events, first_id }) =>
                decodeEvents(first_id, events)
              ).filter(({ id }) => id > after)
              const next = { after: events.at(-1)?.id ?? after, first: false }
              return [
                events,
                rows.some(({ ended }) =>
                    ended
                  )
                  ? Option.none()
                  : Option.some(next)
              ] as const
            })))
      )

    return RunEvents.of({ ...real, read })
  })
).pipe(Layer.provide(PgRunEvents()))
