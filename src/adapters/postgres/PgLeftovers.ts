import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schema } from "effect"
import { AssistantId } from "../../domain/Assistant.ts"
import type { Healing, Leftover } from "../../domain/Leftover.ts"
import { UserId } from "../../domain/Principal.ts"
import { Leftovers } from "../../ports/Leftovers.ts"
import { Config, provenanceColumns, provenanceOf, ProvenanceRow } from "./AssistantRow.ts"
import { orUnavailable } from "./Database.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeProvenances = decodeRows(ProvenanceRow)
const decodeDetails = decodeRows(Schema.Struct({
  assistant_id: AssistantId,
  agent_id: Schema.String,
  name: Schema.String,
  said: Schema.Array(Schema.Struct({ config: Config, context: Schema.JsonObject })),
  owners: Schema.Array(UserId)
}))

const decodeMoved = decodeRows(Schema.Struct({ assistant_id: AssistantId }))

const recordOf = ({ graph_id, leftover, remove, repoint, successor }: Healing) => ({
  id: leftover.assistant_id,
  successor,
  graph_id,
  owners: repoint,
  remove
})

export const PgLeftovers = Layer.effect(
  Leftovers,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    const healed = (healings: ReadonlyArray<Healing>) =>
      sql`
        jsonb_to_recordset(${jsonb(sql, healings.map(recordOf))})
          as h (id text, successor text, graph_id text, owners jsonb, remove boolean)`

    return Leftovers.of({
      // Looks through all assistants and threads: for an operator's errand, never for a request.
      of: Effect.fn("Leftovers.of")(function*(agents) {
        const provenances = yield* decodeProvenances(sql`
          select ${sql.literal(provenanceColumns)}
          from langgraph_server.assistants a
          where a.source <> 'graph'
            and lower(a.metadata ->> 'supabase_agent_id') = any(${agents}::text[])
            and (a.source = 'member' or a.id <> lower(a.metadata ->> 'supabase_agent_id'))
          order by a.id
          for update`)
        const ids = provenances.map(({ assistant_id }) => assistant_id)
        if (ids.length === 0) return []
        const details = yield* decodeDetails(sql`
          select
            a.id as assistant_id,
            lower(a.metadata ->> 'supabase_agent_id') as agent_id,
            a.name,
            (
              select jsonb_agg(distinct jsonb_build_object('config', s.config, 'context', s.context))
              from (
                select a.config, a.context
                union all
                select v.config, v.context from langgraph_server.assistant_versions v where v.assistant_id = a.id
              ) s
            ) as said,
            coalesce(owners.ids, '{}') as owners
          from langgraph_server.assistants a
          left join (
            select u.assistant_id, array_agg(distinct u.owner_id) as ids
            from (
              select t.metadata ->> 'assistant_id' as assistant_id, t.owner_id from langgraph_server.threads t
              union all
              select c.assistant_id, c.owner_id from langgraph_server.crons c
            ) u
            where u.assistant_id = any(${ids}::text[])
            group by u.assistant_id
          ) owners on owners.assistant_id = a.id
          where a.id = any(${ids}::text[])`)
        const provenanceById = new Map(provenances.map((row) => [row.assistant_id, provenanceOf(row)]))
        return details.flatMap((detail): ReadonlyArray<Leftover> => {
          const provenance = provenanceById.get(detail.assistant_id)
          return provenance === undefined ? [] : [{ ...detail, provenance }]
        })
      }, orUnavailable),

      // A thread's runs and checkpoints stay as they were: what has been said has been said by what was there then.
      heal: Effect.fn("Leftovers.heal")(
        function*(healings) {
          const threads = yield* decodeMoved(sql`
            update langgraph_server.threads t
            set metadata = t.metadata || jsonb_build_object('assistant_id', h.successor, 'graph_id', h.graph_id)
            from ${healed(healings)}
            where t.metadata ->> 'assistant_id' = h.id
              and h.owners ? t.owner_id
              and h.id <> h.successor
            returning h.id as assistant_id`)
          const crons = yield* decodeMoved(sql`
            update langgraph_server.crons c
            set assistant_id = h.successor, revision = c.revision + 1, updated_at = now()
            from ${healed(healings)}
            where c.assistant_id = h.id
              and h.owners ? c.owner_id
              and h.id <> h.successor
            returning h.id as assistant_id`)
          yield* sql`
            delete from langgraph_server.assistants a
            using ${healed(healings)}
            where a.id = h.id
              and h.remove
              and (a.source = 'member' or a.id <> h.successor)`
          return new Map(healings.map(({ leftover: { assistant_id: id } }) => {
            const of = (rows: typeof threads) => rows.filter(({ assistant_id }) => assistant_id === id).length
            return [id, { threads: of(threads), crons: of(crons) }]
          }))
        },
        sql.withTransaction,
        orUnavailable
      )
    })
  })
)
