import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer, PubSub, type Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { keepHearing } from "./Hearing.ts"
import { within } from "./QueueFibres.ts"
import { decode, encode, type Ping, Signal, type Told } from "./SignalText.ts"

export { Signal } from "./SignalText.ts"

/** For this database; what listens to it needs no other. */
const channel = "langgraph_server"

/** Longer than a busy database takes; a connection that has fallen silent is not to hold up what is told after it. */
const takes = Duration.seconds(2)

/** Hints for a subscriber that has stopped taking them; the oldest go, as if they had been missed. */
const kept = 4096

/** What replicas tell each other through LISTEN and NOTIFY, and what this one hears. */
export class Signals extends Context.Service<Signals, {
  /** Who we are among the replicas; new at each start. */
  readonly replica: string
  /** Told once the caller's transaction is through, at once without one. */
  readonly tell: (signals: ReadonlyArray<Told>) => Effect.Effect<void, SqlError.SqlError>
  /** What is heard from now on, our own signals too. */
  readonly subscribe: Effect.Effect<PubSub.Subscription<Signal>, never, Scope.Scope>
  /** Whether we hear: else polling has to do. */
  readonly listening: Effect.Effect<boolean>
}>()("throughline/adapters/postgres/Signals") {
  static readonly layer = ({ directUrl }: {
    /** Leads to the server itself: a pooler in transaction mode forgets who listens. */
    readonly directUrl: Redacted.Redacted<string>
  }): Layer.Layer<Signals, never, PgClient.PgClient> =>
    Layer.effect(
      Signals,
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const scope = yield* Effect.scope
        const replica = randomUUID()
        const heard = yield* PubSub.sliding<Signal>(kept)

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

        const tell = Effect.fnUntraced(function*(signals: ReadonlyArray<Told | Ping>) {
          const payloads = encode(signals)
          if (payloads.length === 0) return
          const transaction = yield* Effect.serviceOption(sql.transactionService)
          if (transaction._tag === "None") return yield* notify(payloads)
          yield* sql.afterCommit(Effect.suspend(() => {
            for (const payload of payloads) waiting.add(payload)
            return busy ? Effect.void : Effect.asVoid(Effect.forkIn(tellWaiting, scope, { startImmediately: true }))
          }))
        })

        const { listening } = yield* keepHearing({
          url: directUrl,
          channel,
          isPing: (payload) => {
            const signal = decode(payload)
            return signal?._tag === "Ping" && signal.replica === replica
          },
          ping: tell([{ _tag: "Ping", replica }]),
          hear: (payload) => {
            const signal = decode(payload)
            if (signal !== undefined && signal._tag !== "Ping") PubSub.publishUnsafe(heard, signal)
          },
          onHearing: Effect.asVoid(PubSub.publish(heard, Signal.Listening()))
        })

        return Signals.of({ replica, tell, subscribe: PubSub.subscribe(heard), listening })
      })
    )
}
