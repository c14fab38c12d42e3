import { PgClient } from "@effect/sql-pg"
import { Array, Clock, Effect, Exit, Layer, Option, Schema, Semaphore } from "effect"
import { isUuid } from "../../domain/AssistantId.ts"
import type { Membership } from "../../domain/Principal.ts"
import { AgentSource, AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import {
  type AgentExpressions,
  agentExpressions,
  agentTables,
  catalogueOf,
  CatalogueRow,
  membersTable,
  missingIn
} from "./AgentCatalogue.ts"
import { agentOf, AgentRow, agentStateOf, AgentStateRow } from "./AgentRow.ts"
import { agentStatements } from "./AgentStatements.ts"
import { briefReads, orUnreadable } from "./BriefReads.ts"
import { catalogueLook } from "./CatalogueLook.ts"
import { orUnavailable } from "./Database.ts"
import { MembershipRow } from "./MembershipRow.ts"
import { inScope } from "./Scope.ts"
import { decodeRows } from "./Values.ts"

const nobodys: ReadonlyArray<Membership> = []

const decodeAgents = decodeRows(AgentRow)
const decodeCatalogue = decodeRows(CatalogueRow)
const decodeStates = decodeRows(AgentStateRow)
const decodeSeen = decodeRows(
  Schema.Struct({ agent: Schema.NullOr(AgentRow), memberships: Schema.Array(MembershipRow) })
)

/** So long what was found out about the tables as a whole is believed. */
const outcomeMillis = 2_000

export const PgAgentSource = Layer.effect(
  AgentSource,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const { agents, seenBy, state, touch, writeBack } = agentStatements(sql)
    const briefly = briefReads(sql)

    const withCatalogue = yield* catalogueLook(
      sql,
      Effect.gen(function*() {
        const rows = yield* decodeCatalogue(sql`
          select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type
          from pg_catalog.pg_class c
          join pg_catalog.pg_attribute a on a.attrelid = c.oid
          where c.relnamespace = to_regnamespace('public')
            and c.relname = any(${[...agentTables, membersTable]}::text[])
            and a.attnum > 0
            and not a.attisdropped`)
        const catalogue = catalogueOf(rows)
        const missing = missingIn(catalogue)
        return missing.length === 0 ? agentExpressions(catalogue) : yield* new AgentTablesUnreadable({ missing })
      })
    )

    /** A statement for the generation that is there. */
    const withAgents = <A, E, R>(statement: (agent: AgentExpressions) => Effect.Effect<A, E, R>) =>
      orUnreadable(withCatalogue(statement))

    /** How the last brief read of the tables ended, and when. */
    let outcome: { readonly at: number; readonly error: Option.Option<AgentTablesUnreadable> } | undefined

    /** What somebody waits for who is being answered. */
    const read = <A, E, R>(statement: (agent: AgentExpressions) => Effect.Effect<A, E, R>) =>
      withAgents((agent) => briefly(statement(agent))).pipe(
        Effect.onExit((exit) =>
          Effect.map(Clock.currentTimeMillis, (at) => {
            const error = Exit.findErrorOption(exit)
            if (Exit.isSuccess(exit)) outcome = { at, error: Option.none() }
            else if (Option.isSome(error) && error.value instanceof AgentTablesUnreadable) {
              outcome = { at, error: Option.some(error.value) }
            }
          })
        )
      )

    /** Whoever waits for another replica's sync holds a connection: one of ours at a time, or nobody else would get one. */
    const inLine = yield* Semaphore.make(1)

    return AgentSource.of({
      list: Effect.fn("AgentSource.list")(function*(scope) {
        const rows = yield* withAgents((agent) => decodeAgents(agents(agent, inScope(sql, scope))))
        return rows.map(agentOf)
      }, orUnavailable),

      find: Effect.fn("AgentSource.find")(function*(id) {
        if (!isUuid(id)) return Option.none()
        const rows = yield* read((agent) => decodeAgents(agents(agent, sql`a.id = ${id}::uuid`)))
        return Option.map(Array.head(rows), agentOf)
      }, orUnavailable),

      seenBy: Effect.fn("AgentSource.seenBy")(function*(id, userId) {
        if (!isUuid(id)) return { agent: Option.none(), principal: { userId, memberships: nobodys } }
        const [seen] = yield* read(Effect.fnUntraced(function*(agent) {
          if (!agent.hasMembers) return yield* new AgentTablesUnreadable({ missing: [`table public.${membersTable}`] })
          return yield* decodeSeen(seenBy(agent, id, userId))
        }))
        return {
          agent: Option.map(Option.fromNullishOr(seen?.agent), agentOf),
          principal: { userId, memberships: seen?.memberships ?? nobodys }
        }
      }, orUnavailable),

      state: Effect.fn("AgentSource.state")(function*(id) {
        if (!isUuid(id)) return Option.none()
        return Option.map(Array.head(yield* read((agent) => decodeStates(state(agent, id)))), agentStateOf)
      }, orUnavailable),

      unreadable: Effect.gen(function*() {
        if (outcome === undefined || outcome.at + outcomeMillis < (yield* Clock.currentTimeMillis)) {
          yield* Effect.ignore(Effect.result(read(touch)))
        }
        return outcome?.error ?? Option.none()
      }).pipe(Effect.withSpan("AgentSource.unreadable")),

      has: Effect.fn("AgentSource.has")(function*(id) {
        if (!isUuid(id)) return false
        const rows = yield* read(() => sql`select from public.agents a where a.id = ${id}::uuid`)
        return rows.length > 0
      }, orUnavailable),

      writeBack: Effect.fn("AgentSource.writeBack")(function*(pairs) {
        if (pairs.length === 0) return
        const agentIds = pairs.map(({ agentId }) => agentId)
        const assistantIds = pairs.map(({ assistantId }) => assistantId)
        yield* withAgents((agent) => writeBack(agent, agentIds, assistantIds))
      }, orUnavailable),

      exclusively: Effect.fn("AgentSource.exclusively")((work) =>
        sql`set local lock_timeout = '10s'`.pipe(
          Effect.andThen(sql`select from pg_advisory_xact_lock(hashtextextended('langgraph_server.agent_sync', 0))`),
          Effect.andThen(work),
          sql.withTransaction,
          orUnavailable,
          inLine.withPermits(1)
        )
      )
    })
  })
)
