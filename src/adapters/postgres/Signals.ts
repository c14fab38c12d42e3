import { PgClient } from "@effect/sql-pg"
import { Clock, Context, Duration, Effect, Layer, PubSub, type Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { keepHearing } from "./Hearing.ts"
import { within } from "./QueueFibres.ts"
import { addressed, decode, encode, type Ping, sender, Signal, type Told } from "./SignalText.ts"

export { Signal } from "./SignalText.ts"

/** For this database; what listens to it needs no other. */
export const channel = "langgraph_server"

/** Longer than a busy database takes; a connection that has fallen silent is not to hold up what is told after it. */
const takes = Duration.seconds(2)

/** Hints for a subscriber that has stopped taking them; the oldest go, as if they had been missed. */
const kept = 4096

/** Others give a sign of life every three seconds; of whom nothing was heard for so long there is nobody to be told. */
const aloneAfter = Duration.seconds(10)

/** What replicas tell each other through LISTEN and NOTIFY, and what this one hears. */
export class Signals extends Context.Service<Signals, {
  /** Who we are among the replicas; new at each start. */
  readonly replica: string
  /**
   * Told once the caller's transaction is through, at once without one. Here it is heard without the way through the
   * database, and alone a replica tells nobody but itself, save what must not be missed.
   */
  readonly tell: (signals: ReadonlyArray<Told>) => Effect.Effect<void, SqlError.SqlError>
  /** The same for what was written without a transaction; waits for nobody. */
  readonly hint: (signals: ReadonlyArray<Told>) => Effect.Effect<void>
  /** What is heard from now on, our own signals too. */
  readonly subscribe: Effect.Effect<PubSub.Subscription<Signal>, never, Scope.Scope>
  /** Whether we hear: else polling has to do. */
  readonly listening: Effect.Effect<boolean>
}>()("throughline/adapters/postgres/Signals") {
  static readonly layer = (options: {
    /** Leads to the server itself: a pooler in transaction mode forgets who listens. */
    readonly directUrl: Redacted.Redacted<string>
    /** After how long without a sign of another a replica takes itself to be alone. */
    readonly aloneAfter?: Duration.Duration
  }): Layer.Layer<Signals, never, PgClient.PgClient> =>
    Layer.effect(
      Signals,
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const scope = yield* Effect.scope
        const replica = randomUUID()
        const heard = yield* PubSub.sliding<Signal>(kept)
        const clock = yield* Clock.Clock
        const patience = Duration.toMillis(options.aloneAfter ?? aloneAfter)
        /** When another was last heard of, or might have been had we listened, in ms. */
        let otherAt = clock.currentTimeMillisUnsafe()

        /**
         * Never within a transaction that writes: those that notify commit one after the other, on the whole server, and
         * each would hold up all others for as long as the disk takes. This one has nothing to wait for: it loses no more
         * in a crash than a hint. (Nor `sql.notify`, which would be heard before the caller's transaction is through.)
         */
        const notify = (payloads: ReadonlyArray<string>) =>
          Effect.asVoid(sql`
            select pg_catalog.set_config('synchronous_commit', 'off', true), pg_catalog.pg_notify(${channel}, payload)
            from unnest(${payloads}::text[]) as payload`)

        const waiting = new Set<string>()
        let busy = false
        /** Together, as long as the one before them takes. What does not get through was a hint, and is found out by looking. */
        const tellWaiting: Effect.Effect<void> = Effect.suspend(() => {
          busy = waiting.size > 0
          if (!busy) return Effect.void
          const payloads = [...waiting]
          waiting.clear()
          return within(takes, scope, notify(payloads)).pipe(
            Effect.catchCause((cause) => Effect.logDebug("Signals were not told", cause)),
            Effect.andThen(tellWaiting)
          )
        })

        const soon = (payloads: ReadonlyArray<string>) =>
          Effect.suspend(() => {
            for (const payload of payloads) waiting.add(payload)
            return busy || waiting.size === 0
              ? Effect.void
              : Effect.asVoid(Effect.forkIn(tellWaiting, scope, { startImmediately: true }))
          })

        const texts = (signals: ReadonlyArray<Told | Ping>) => encode(signals).map((text) => addressed(replica, text))
        const pings = texts([{ _tag: "Ping", replica }])

        const { listening } = yield* keepHearing({
          url: options.directUrl,
          channel,
          isPing: (payload) => pings.includes(payload),
          ping: notify(pings),
          hear: (payload) => {
            const { from, text } = sender(payload)
            // Heard when it was told.
            if (from === replica) return
            if (from !== undefined) otherAt = clock.currentTimeMillisUnsafe()
            const signal = decode(text)
            if (signal !== undefined && signal._tag !== "Ping") PubSub.publishUnsafe(heard, signal)
          },
          onHearing: Effect.suspend(() => {
            otherAt = clock.currentTimeMillisUnsafe()
            return Effect.asVoid(PubSub.publish(heard, Signal.Listening()))
          })
        })

        const isAlone = Effect.map(listening, (hears) => hears && otherAt + patience < clock.currentTimeMillisUnsafe())

        /** Heard here; answers what is left to be told to others. */
        const publish = (signals: ReadonlyArray<Told>) =>
          Effect.map(isAlone, (alone) => {
            for (const signal of signals) PubSub.publishUnsafe(heard, signal)
            return texts(alone ? signals.filter(({ _tag }) => _tag === "Stop") : signals)
          })

        const hint = (signals: ReadonlyArray<Told>) => Effect.flatMap(publish(signals), soon)

        const tell = Effect.fnUntraced(function*(signals: ReadonlyArray<Told>) {
          if (signals.length === 0) return
          const transaction = yield* Effect.serviceOption(sql.transactionService)
          if (transaction._tag === "Some") return yield* sql.afterCommit(hint(signals))
          const payloads = yield* publish(signals)
          if (payloads.length > 0) yield* notify(payloads)
        })

        return Signals.of({ replica, tell, hint, subscribe: PubSub.subscribe(heard), listening })
      })
    )
}
