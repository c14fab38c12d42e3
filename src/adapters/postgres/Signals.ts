import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, PubSub, type Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { keepHearing } from "./Hearing.ts"
import { decode, encode, type Ping, Signal, type Told } from "./SignalText.ts"

export { Signal } from "./SignalText.ts"

/** For this database; what listens to it needs no other. */
const channel = "langgraph_server"

/** Hints for a subscriber that has stopped taking them; the oldest go, as if they had been missed. */
const kept = 4096

/** What replicas tell each other through LISTEN and NOTIFY, and what this one hears. */
export class Signals extends Context.Service<Signals, {
  /** Who we are among the replicas; new at each start. */
  readonly replica: string
  /** Told when the caller's transaction commits (a plain statement in it), at once without one. */
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
        const replica = randomUUID()
        const heard = yield* PubSub.sliding<Signal>(kept)

        /** Not `sql.notify`, which takes a connection of its own: it would be heard before the transaction's end, or without it. */
        const tell = (signals: ReadonlyArray<Told | Ping>) => {
          const payloads = encode(signals)
          if (payloads.length === 0) return Effect.void
          return Effect.asVoid(sql`
            select pg_catalog.pg_notify(${channel}, payload)
            from unnest(${payloads}::text[]) as payload`)
        }

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
