import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Exit, Latch } from "effect"
import type { RunClaim, RunId } from "../../domain/Run.ts"
import type { RunEvent } from "../../ports/RunEvents.ts"
import { eventFlush, voided, type Written } from "./EventFlush.ts"
import { emptyOutbox, type Outbox, publishTo } from "./EventOutbox.ts"
import type { Signals } from "./Signals.ts"

export interface WriterOptions {
  /** How long what is published waits for company, in ms, if something was written just before. */
  readonly flushEvery: number
  /** What a log may hold, in bytes. */
  readonly maxBytes: number
}

/** How much may be unwritten before publishing waits, in bytes: of one run, and of all together. */
const roomOfRun = 8_388_608
const roomOfAll = 67_108_864
/** How many flushes may follow one another at once: what a run begins with must not keep its first token waiting. */
const burst = 3
/** How long the outbox of a run that has gone silent is kept, in ms: without it the database is asked again. */
const idle = 600_000

/** Collects what runs publish and writes it, a statement at a time for all of them. */
export const eventWriter = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  signals: Signals["Service"],
  { flushEvery, maxBytes }: WriterOptions,
  written: Written
) {
  const outboxes = new Map<RunId, { readonly outbox: Outbox; usedAt: number }>()
  /** Those with something to write, whose turn is next first. */
  const due = new Set<Outbox>()
  const { close, round } = eventFlush(sql, signals, maxBytes, due, written)
  const wake = yield* Latch.make()
  const hurry = yield* Latch.make()
  const progress = yield* Latch.make()

  const sweep = Effect.map(Clock.currentTimeMillis, (now) => {
    for (const [runId, { outbox, usedAt }] of outboxes) {
      if (!due.has(outbox) && usedAt + idle < now) outboxes.delete(runId)
    }
  })

  /** The first of many go at once, those that follow go together. A database that is away is tried again, ever more rarely. */
  const work = Effect.gen(function*() {
    let allowed = burst, at = 0, failures = 0
    while (true) {
      yield* wake.await
      const now = yield* Clock.currentTimeMillis
      allowed = Math.min(burst, allowed + (now - at) / flushEvery)
      at = now
      const spaced = Math.ceil((1 - allowed) * flushEvery)
      const rest = Math.max(spaced, failures === 0 ? 0 : Math.min(1000, 50 * 2 ** failures))
      if (rest > 0) yield* failures === 0 ? Effect.timeoutOption(hurry.await, rest) : Effect.sleep(rest)
      wake.closeUnsafe()
      hurry.closeUnsafe()
      allowed -= 1
      failures = Exit.isSuccess(yield* Effect.exit(round)) ? 0 : failures + 1
      yield* progress.release
      if (due.size > 0) wake.openUnsafe()
    }
  })

  // Registered first, so run after the fiber has ended: what is left is written if the database lets us.
  yield* Effect.addFinalizer(() => due.size === 0 ? Effect.void : Effect.ignore(Effect.timeout(round, "2 seconds")))
  yield* Effect.forkScoped(work)
  yield* Effect.forkScoped(Effect.forever(Effect.delay(sweep, idle)))

  const outboxOf = Effect.fnUntraced(function*(claim: RunClaim) {
    const usedAt = yield* Clock.currentTimeMillis
    const present = outboxes.get(claim.run_id)
    if (present !== undefined && present.outbox.claim.attempt >= claim.attempt) {
      present.usedAt = usedAt
      return present.outbox.claim.attempt === claim.attempt ? present.outbox : undefined
    }
    if (present !== undefined) yield* close(present.outbox, "overtaken")
    const outbox = emptyOutbox(claim)
    outboxes.set(claim.run_id, { outbox, usedAt })
    return outbox
  })

  /** Or after a second, so that nothing hangs on having been there when it was called out. */
  const progressed = Effect.timeoutOption(progress.await, "1 second")

  const isFull = (outbox: Outbox) =>
    outbox.unwritten > roomOfRun
    || due.has(outbox) && [...due].reduce((sum, { unwritten }) => sum + unwritten, 0) > roomOfAll

  return {
    publish: Effect.fnUntraced(function*(claim: RunClaim, events: ReadonlyArray<RunEvent>) {
      if (events.length === 0) return
      const outbox = yield* outboxOf(claim)
      if (outbox === undefined) return yield* voided(events.length)
      publishTo(outbox, events)
      if (outbox.closed === "overtaken") return yield* voided(events.length)
      if (outbox.closed !== undefined) return
      due.add(outbox)
      wake.openUnsafe()
      while (isFull(outbox)) yield* progressed
    }),

    flush: Effect.fnUntraced(function*(runId: RunId) {
      const outbox = outboxes.get(runId)?.outbox
      if (outbox === undefined) return
      const published = outbox.published
      if (outbox.settled < published) hurry.openUnsafe()
      while (outbox.settled < published) yield* progressed
    }),

    /** Nothing more will be published. */
    forget: (runId: RunId) =>
      Effect.suspend(() => {
        const outbox = outboxes.get(runId)?.outbox
        outboxes.delete(runId)
        return outbox === undefined ? Effect.void : close(outbox, "full")
      })
  }
})
