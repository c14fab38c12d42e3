import { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Layer, Schema } from "effect"
import type { SqlError } from "effect/sql"
import type { AssistantId } from "../../domain/Assistant.ts"
import { latestOf } from "../../domain/Staleness.ts"
import { AgentSightings } from "../../ports/AgentSightings.ts"
import { orUnavailable } from "./Database.ts"
import { latest } from "./Latest.ts"
import { decodeRows, withoutNul } from "./Values.ts"

/** Assistants whose look-ups are remembered; of the others what the database knows has to do. */
const capacity = 10_000

/** Other replicas, and the next process, learn so late at most that all agreed. */
const toldEveryMillis = 5_000

const decodeSeen = decodeRows(Schema.Struct({ seen: Schema.NullOr(Schema.Date) }))

export const PgAgentSightings = (
  { allowedSeconds = 3600 }: { readonly allowedSeconds?: number } = {}
): Layer.Layer<AgentSightings, never, PgClient.PgClient> =>
  Layer.effect(
    AgentSightings,
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const sightings = latest<AssistantId, Date>(capacity)
      let all: Date | null = null
      let told = Number.NEGATIVE_INFINITY

      const tell = (asked: Date) =>
        sql`
        insert into langgraph_server.agent_sightings (all_agreed_at) values (${asked})
        on conflict (sole) do update set all_agreed_at = greatest(agent_sightings.all_agreed_at, excluded.all_agreed_at)`

      const one = (rows: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) =>
        Effect.map(decodeSeen(rows), ([row]) => row?.seen ?? null)

      return AgentSightings.of({
        allowedSeconds,

        saw: (id, asked) => Effect.sync(() => sightings.keep(id, asked)),

        sawAll: Effect.fnUntraced(
          function*(asked) {
            all = asked
            const now = yield* Clock.currentTimeMillis
            if (now - told < toldEveryMillis) return
            told = now
            yield* tell(asked)
          },
          orUnavailable,
          // It is told again after the next comparison.
          Effect.catchTag("StorageUnavailable", () => Effect.void)
        ),

        last: Effect.fn("AgentSightings.last")(function*(id) {
          const seen = yield* one(sql`
            select greatest(
              (select s.all_agreed_at from langgraph_server.agent_sightings s),
              (select a.synced_at from langgraph_server.assistants a where a.id = ${
            withoutNul(id)
          } and a.source = 'agent')
            ) as seen`)
          return latestOf([sightings.get(id) ?? null, all, seen])
        }, orUnavailable),

        lastAll: one(sql`select all_agreed_at as seen from langgraph_server.agent_sightings`).pipe(
          Effect.map((seen) => latestOf([all, seen])),
          Effect.withSpan("AgentSightings.lastAll"),
          orUnavailable
        ),

        leastRecent: one(sql`
          select min(a.synced_at) as seen
          from langgraph_server.assistants a
          where a.source = 'agent' and a.retired_at is null`).pipe(
          Effect.map((seen) => latestOf([seen])),
          Effect.withSpan("AgentSightings.leastRecent"),
          orUnavailable
        )
      })
    })
  )
