import { Schema } from "effect"
import type { SyncScope } from "../../domain/SyncScope.ts"
import { agentTables } from "./AgentCatalogue.ts"

export const RelationRow = Schema.Struct({ name: Schema.String, kind: Schema.String })

/** The consumer's tables as the catalogue has them: by name, what they are (`relkind`). */
export type Relations = ReadonlyMap<string, string>

export const relationsOf = (rows: ReadonlyArray<typeof RelationRow.Type>): Relations =>
  new Map(rows.map(({ kind, name }) => [name, kind]))

export const missingIn = (relations: Relations): ReadonlyArray<string> =>
  agentTables.filter((table) => !relations.has(table)).map((table) => `table public.${table}`)

/** Tables, partitioned ones, materialised views: their rows say which transaction wrote them. */
const stamped = ["r", "p", "m"]

/**
 * The transaction that wrote a row, as a number, without making a text of it. Two looks find the same of these numbers
 * only if they find the same rows: what is written after a look is written by a transaction that it didn't see. (Rows
 * from before Postgres 9.4 share one that has no age.) A row of a view or a foreign table says nothing of the kind: it is
 * read as a whole, which costs ten times as much.
 */
const rowHash = (kind: string) =>
  stamped.includes(kind)
    ? `case
        when age(r.xmin) = 2147483647 then 0
        else hashint8extended(age(r.xmin)::bigint - age('3'::xid)::bigint, 0)
      end`
    : "hashtextextended(r::text, 0)"

/** More than this are compared with everything else: it is cheaper than one by one. */
export const mostSuspects = 50

export interface Earlier {
  readonly fingerprint: string
  readonly horizon: string
}

/**
 * A statement whose only answer are the agents, as a list in JSON, that may differ from what an earlier look found: written
 * since, given a tool since, or gone. Null, or no statement: a tool was taken away or edited, which is in no agent's row, and
 * everything is to be compared. (What is since may be a little more than that: then the number of links doesn't agree either.)
 */
export const suspectsSince = (relations: Relations, earlier: Earlier, now: string): string | undefined => {
  const partsOf = (fingerprint: string) => new Map(fingerprint.split(" ").map((part, at) => [agentTables[at], part]))
  const [before, after] = [partsOf(earlier.fingerprint), partsOf(now)]
  const isSame = (table: string) => before.get(table) === after.get(table)
  const apart = ["agents", "agent_mcp_tools"]
  const isStamped = agentTables.every((table) => stamped.includes(relations.get(table) ?? "v"))
  if (!isStamped || !agentTables.every((table) => apart.includes(table) || isSame(table))) return undefined
  const links = (parts: typeof before) => Number(parts.get("agent_mcp_tools")?.split(":")[0])
  const isSince = `age(r.xmin) <= age('${Number(earlier.horizon)}'::xid)`
  return `
    select case
      when (select count(*) from public.agent_mcp_tools r where ${isSince}) = ${links(after) - links(before)} then (
        select coalesce(jsonb_agg(suspect.id), '[]')::text
        from (
          select r.id::text from public.agents r where ${isSince}
          union
          select r.agent_id::text from public.agent_mcp_tools r where ${isSince}
          union
          select a.id
          from langgraph_server.assistants a
          where a.source = 'agent'
            and a.retired_at is null
            and not exists (select from public.agents r where r.id::text = a.id)
          limit ${mostSuspects + 1}
        ) suspect
      )
    end`
}

/** A statement whose only answer is a text that differs once a row does. `$1`: the scope's organisations. */
export const fingerprintOf = (relations: Relations, scope: SyncScope): string => {
  const ofTable = (table: string) => {
    const inScope = table === "agents" && scope._tag === "Organizations" ? "where r.organization_id = any($1)" : ""
    return `(
      select count(*)::text || ':' || coalesce(sum(${rowHash(relations.get(table) ?? "v")}), 0)::text
      from public.${table} r ${inScope}
    )`
  }
  return `select concat_ws(' ', ${agentTables.map(ofTable).join(", ")})`
}
