import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schema } from "effect"
import { Role } from "../../domain/Principal.ts"
import { AgentEvidence, type MeantFor } from "../../ports/AgentEvidence.ts"
import { assistantColumns, assistantOf, AssistantRow } from "./AssistantRow.ts"
import { failsWith, orUnavailable } from "./Database.ts"
import { decodeRows, jsonb } from "./Values.ts"

const decodeAssistants = decodeRows(AssistantRow)
const decodeCounts = decodeRows(Schema.Struct({ nth: Schema.Int, role: Role, people: Schema.Int }))

/** Without the consumer's table nobody belongs to an organisation, as everywhere else. */
const isMissing = failsWith("42P01")

export const PgAgentEvidence = Layer.effect(
  AgentEvidence,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    const counts = (meant: ReadonlyArray<MeantFor>) =>
      decodeCounts(sql`
        select asked.nth::int, m.role::text as role, count(*)::int as people
        from jsonb_to_recordset(${jsonb(sql, meant.map((item, nth) => ({ nth, ...item })))})
          as asked (nth int, "organizationId" uuid, "personalTo" text)
        join public.organization_members m on m.organization_id = asked."organizationId"
        where (asked."personalTo" is null or m.user_id::text = asked."personalTo")
          and m.role::text in ('owner', 'admin', 'member')
        group by asked.nth, m.role`)

    return AgentEvidence.of({
      stored: Effect.fn("AgentEvidence.stored")(function*(ids) {
        const rows = yield* decodeAssistants(sql`
          select ${sql.literal(assistantColumns)}
          from langgraph_server.assistants a
          where a.id = any(${ids}::text[])`)
        return rows.map(assistantOf).map((content) => ({
          assistant_id: content.assistant_id,
          provenance: content.provenance,
          content
        }))
      }, orUnavailable),

      // Each organisation is counted once, however many agents it has.
      audiences: Effect.fn("AgentEvidence.audiences")(function*(meant) {
        const keys = meant.map(({ organizationId, personalTo }) => `${organizationId} ${personalTo ?? ""}`)
        const distinct = [...new Map(meant.map((item, index) => [keys[index] ?? "", item]))]
        const rows = yield* counts(distinct.map(([, item]) => item)).pipe(
          Effect.catchIf(isMissing, () => Effect.succeed([]))
        )
        const found = new Map(distinct.map(([key], nth) => {
          const people = (role: Role) => rows.find((row) => row.nth === nth && row.role === role)?.people ?? 0
          return [key, { owner: people("owner"), admin: people("admin"), member: people("member") }]
        }))
        return keys.map((key) => found.get(key) ?? { owner: 0, admin: 0, member: 0 })
      }, orUnavailable)
    })
  })
)
