import type { PgClient } from "@effect/sql-pg"
import { Cause, Effect, Exit, Metric } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { NumberedRunEvent } from "../../ports/RunEvents.ts"
import { orUnavailable } from "./Database.ts"
import { batchOf, closeOutbox, type Outbox, replaceBatch, settleBatch } from "./EventOutbox.ts"
import { type ClaimedBatch, eventRows, type Fate } from "./EventRows.ts"
import { bytesOf } from "./EventText.ts"
import { Signal, type Signals } from "./Signals.ts"

export type Written = (runId: RunId, events: ReadonlyArray<NumberedRunEvent>) => void

/** What one statement carries, in bytes, unless one row alone is larger. */
const statementBytes = 4_194_304
/** How long a statement may take until it counts as lost. Trying it again does no harm. */
const patience = "15 seconds"

const fenced = Metric.withAttributes(
  Metric.counter("throughline_fenced_writes_total", {
    description: "Writes of overtaken claims, which were void",
    incremental: true
  }),
  { what: "events" }
)

export const voided = (events: number): Effect.Effect<void> => Metric.update(fenced, events)

/** Writes what is due, a statement for all runs that have something, and tells of it. */
export const eventFlush = (
  sql: PgClient.PgClient,
  signals: Signals["Service"],
  maxBytes: number,
  /** Those with something to write, whose turn is next first. */
  due: Set<Outbox>,
  written: Written
) => {
  const rows = eventRows(sql)

  const close = (outbox: Outbox, why: "full" | "overtaken") => {
    due.delete(outbox)
    const lost = closeOutbox(outbox, why)
    return why === "overtaken" ? voided(lost) : Effect.void
  }

  const locate = Effect.fnUntraced(function*(unlocated: ReadonlyArray<Outbox>) {
    if (unlocated.length === 0) return
    const found = new Map(
      (yield* rows.ends(unlocated.map(({ claim }) => claim.run_id))).map((end) => [end.run_id, end])
    )
    for (const outbox of unlocated) {
      const end = found.get(outbox.claim.run_id)
      outbox.end = { nextId: end?.next_id ?? 0, bytes: end?.bytes ?? 0 }
      if (outbox.end.bytes > maxBytes) yield* close(outbox, "full")
    }
  })

  const settle = Effect.fnUntraced(function*(outbox: Outbox, { batch }: ClaimedBatch, fate: Fate) {
    if (outbox.closed !== undefined) return
    switch (fate) {
      case "written":
        settleBatch(outbox, batch, maxBytes)
        written(
          outbox.claim.run_id,
          batch.events.map(({ data, event }, index) => ({
            id: batch.firstId + index,
            event,
            data
          }))
        )
        due.delete(outbox)
        if (outbox.waiting.length > 0) due.add(outbox)
        return
      case "overtaken":
        return yield* close(outbox, "overtaken")
      case "moved":
        outbox.end = undefined
        return
      case "busy":
        return
    }
  })

  const write = Effect.fnUntraced(
    function*(some: ReadonlyMap<Outbox, ClaimedBatch>) {
      const batches = [...some.values()]
      const news = Signal.News({ from: signals.replica, runIds: batches.map(({ claim }) => claim.run_id) })
      const fates = yield* rows.append(batches)
      const byRun = new Map(fates.map(({ fate, run_id }) => [run_id, fate]))
      for (const [outbox, batch] of some) yield* settle(outbox, batch, byRun.get(batch.claim.run_id) ?? "busy")
      yield* signals.hint([news])
    },
    Effect.timeout(patience)
  )

  /** What the database refuses although it is there: first each run is on its own, then what it says is replaced. */
  const isolate = Effect.fnUntraced(function*(some: ReadonlyMap<Outbox, ClaimedBatch>, cause: Cause.Cause<unknown>) {
    for (const [outbox, batch] of some) {
      const exit = some.size === 1
        ? Exit.failCause(cause)
        : yield* Effect.exit(orUnavailable(write(new Map([[outbox, batch]]))))
      if (Exit.isSuccess(exit) || Cause.hasFails(exit.cause)) continue
      yield* Effect.logError("Events of a run were refused", exit.cause, { run: batch.claim.run_id })
      if (outbox.replaced) yield* close(outbox, "full")
      else replaceBatch(outbox, batch.batch)
    }
  })

  /** Writes what is due, as far as one statement carries it. */
  const round = Effect.gen(function*() {
    yield* orUnavailable(locate([...due].filter(({ end }) => end === undefined)))
    const some = new Map<Outbox, ClaimedBatch>()
    let bytes = 0
    for (const outbox of due) {
      const batch = outbox.end && batchOf(outbox, outbox.end, maxBytes)
      if (batch === undefined) continue
      bytes += bytesOf(batch.events)
      if (some.size > 0 && bytes > statementBytes) break
      some.set(outbox, { claim: outbox.claim, batch })
    }
    if (some.size === 0) return
    yield* orUnavailable(write(some)).pipe(
      Effect.catchCauseIf(
        (cause) => !Cause.hasFails(cause) && !Cause.hasInterrupts(cause),
        (cause) => isolate(some, cause)
      )
    )
  }).pipe(
    Effect.tapCause((cause) => Cause.hasDies(cause) ? Effect.logError("Events were not written", cause) : Effect.void)
  )

  return { close, round }
}
