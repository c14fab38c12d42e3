import { PgClient } from "@effect/sql-pg"
import { Array, Duration, Effect, Latch, Layer, Option, PubSub, Schema } from "effect"
import type { Statement } from "effect/sql"
import type { SyncScope } from "../../domain/SyncScope.ts"
import { AgentChanges, AgentTablesLocked } from "../../ports/AgentChanges.ts"
import { AgentTablesUnreadable } from "../../ports/AgentSource.ts"
import { agentTables } from "./AgentCatalogue.ts"
import {
  fingerprintOf,
  missingIn,
  mostSuspects,
  RelationRow,
  type Relations,
  relationsOf,
  suspectsSince
} from "./AgentFingerprint.ts"
import { catalogueLook } from "./CatalogueLook.ts"
import { failsWith, orUnavailable } from "./Database.ts"
import { Signals } from "./Signals.ts"
import { decodeRows } from "./Values.ts"

const decodeRelations = decodeRows(RelationRow)
const decodeLooks = decodeRows(
  Schema.Struct({
    known: Schema.NullOr(Schema.String),
    now: Schema.String,
    horizon: Schema.String,
    millis: Schema.Number
  })
)
const decodeKnown = decodeRows(
  Schema.Struct({ fingerprint: Schema.NullOr(Schema.String), horizon: Schema.NullOr(Schema.String) })
)
const decodeSuspects = decodeRows(
  Schema.Struct({ ids: Schema.NullOr(Schema.fromJsonString(Schema.Array(Schema.String))) })
)

const isLocked = failsWith("55P03")
const isForbidden = failsWith("42501")

const organizationsIn = (scope: SyncScope) => scope._tag === "Organizations" ? scope.ids : []

/** Replicas with the same scope share what they know, whatever order they were given it in. */
const keyOf = (scope: SyncScope) =>
  scope._tag === "Organizations" ? scope.ids.toSorted().map((id) => `org:${id}`).join(",") : scope._tag.toLowerCase()

export const PgAgentChanges = Layer.effect(
  AgentChanges,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const signals = yield* Signals

    const withRelations = yield* catalogueLook(
      sql,
      Effect.gen(function*() {
        const relations = relationsOf(
          yield* decodeRelations(sql`
            select c.relname as name, c.relkind::text as kind
            from pg_catalog.pg_class c
            where c.relnamespace = to_regnamespace('public')
              and c.relname = any(${agentTables}::text[])`)
        )
        const missing = missingIn(relations)
        return missing.length === 0 ? relations : yield* new AgentTablesUnreadable({ missing })
      })
    )

    /** With the tables that are there, and with what stands in the way in words. */
    const reading = <A, E, R>(statement: (found: Relations) => Effect.Effect<A, E, R>) =>
      withRelations(statement).pipe(
        Effect.catchIf(isLocked, () => Effect.fail(new AgentTablesLocked())),
        Effect.catchIf(
          isForbidden,
          () => Effect.fail(new AgentTablesUnreadable({ missing: ["our right to read them"] }))
        )
      )

    /** One statement, so that asking costs nothing worth counting; `turn` answers with a row when it is to be looked. */
    const lookIf = (scope: SyncScope, turn: (key: string) => Statement.Fragment) =>
      reading((found) =>
        decodeLooks(sql`
          with turn as (${turn(keyOf(scope))})
          select
            turn.fingerprint as known,
            langgraph_server.read_briefly(${fingerprintOf(found, scope)}, ${organizationsIn(scope)}::uuid[]) as now,
            pg_snapshot_xmin(pg_current_snapshot())::xid::text as horizon,
            (extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)::float8 as millis
          from turn`)
      ).pipe(
        Effect.map((rows) =>
          Option.map(Array.head(rows), ({ horizon, known, millis, now }) => ({
            fingerprint: now,
            horizon,
            known: known === now,
            took: Duration.millis(millis)
          }))
        ),
        orUnavailable
      )

    return AgentChanges.of({
      lookInTurn: Effect.fnUntraced(function*(scope, every) {
        // A lost turn is looked for again: nothing has to reach the disk for it.
        return yield* lookIf(scope, (key) =>
          sql`
            update langgraph_server.agent_watch w
            set look_at = clock_timestamp() + make_interval(secs => ${Duration.toSeconds(every)})
            where w.scope = ${key}
              and w.look_at <= clock_timestamp()
              and set_config('synchronous_commit', 'off', true) is not null
            returning w.fingerprint`)
      }),

      look: Effect.fnUntraced(function*(scope) {
        const found = yield* lookIf(scope, (key) =>
          sql`
            select (select w.fingerprint from langgraph_server.agent_watch w where w.scope = ${key}) as fingerprint`)
        return yield* Effect.orDie(Effect.fromOption(found))
      }),

      // Of a part of the agents a row that says nothing of them may have left it: all are compared.
      suspects: Effect.fnUntraced(function*(scope, { fingerprint: now }) {
        if (scope._tag !== "All") return Option.none()
        const [known] = yield* decodeKnown(sql`
          select w.fingerprint, w.horizon from langgraph_server.agent_watch w where w.scope = ${keyOf(scope)}`)
        const { fingerprint = null, horizon = null } = known ?? {}
        if (fingerprint === null || horizon === null) return Option.none()
        const rows = yield* reading((found) => {
          const statement = suspectsSince(found, { fingerprint, horizon }, now)
          return statement === undefined
            ? Effect.succeed([])
            : decodeSuspects(sql`select langgraph_server.read_briefly(${statement}, null) as ids`)
        })
        const ids = rows[0]?.ids ?? null
        return ids === null || ids.length > mostSuspects ? Option.none() : Option.some(ids)
      }, orUnavailable),

      remember: Effect.fnUntraced(function*(scope, { fingerprint, horizon }) {
        yield* sql`
          insert into langgraph_server.agent_watch as w (scope, fingerprint, horizon)
          values (${keyOf(scope)}, ${fingerprint}, ${horizon})
          on conflict (scope) do update set fingerprint = excluded.fingerprint, horizon = excluded.horizon`
      }, orUnavailable),

      comparisonIsDue: Effect.fnUntraced(function*(scope, every) {
        const due = yield* sql`
          insert into langgraph_server.agent_watch as w (scope, compare_at)
          values (${keyOf(scope)}, clock_timestamp() + make_interval(secs => ${Duration.toSeconds(every)}))
          on conflict (scope) do update set compare_at = excluded.compare_at
          where w.compare_at <= clock_timestamp()
          returning w.scope`
        return due.length > 0
      }, orUnavailable),

      told: Effect.gen(function*() {
        const heard = yield* signals.subscribe
        const told = yield* Latch.make(false)
        yield* PubSub.take(heard).pipe(
          Effect.flatMap(({ _tag }) => _tag === "AgentsChanged" || _tag === "Listening" ? told.open : Effect.void),
          Effect.forever,
          Effect.forkScoped
        )
        return Effect.andThen(told.await, Effect.asVoid(told.close))
      })
    })
  })
)
