import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schedule, Schema } from "effect"
import { AgentTriggers, type TableTrigger, TriggersRefused } from "../../ports/AgentTriggers.ts"
import { agentTables } from "./AgentCatalogue.ts"
import { failsWith, orUnavailable } from "./Database.ts"
import { channel } from "./Signals.ts"
import { agentsChanged } from "./SignalText.ts"
import { decodeRows } from "./Values.ts"

const trigger = "throughline_agents_changed"
const tell = "langgraph_server.tell_agents_changed()"

const decodeTables = decodeRows(
  Schema.Struct({ table: Schema.String, kind: Schema.NullOr(Schema.String), enabled: Schema.NullOr(Schema.String) })
)
const decodeServer = decodeRows(Schema.Struct({ prepared: Schema.Boolean, schema: Schema.Boolean }))

/**
 * Fired by anybody who writes to the tables: it needs no right of theirs, finds nothing of theirs by a name, and fails
 * for no reason. Two would only show when they commit, so they are looked at here: a queue that is full (nobody has
 * listened for days), and a transaction that is to be prepared, which can't have told anything.
 */
const tellFunction = `
  create or replace function ${tell} returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
  as $$
  begin
    begin
      if current_setting('max_prepared_transactions')::integer = 0 and pg_notification_queue_usage() < 0.5 then
        perform pg_notify('${channel}', '${agentsChanged}');
      end if;
    exception when others then
      null;
    end;
    return null;
  end
  $$`

/** So long, and no longer, whoever writes waits behind us; then it is tried again. */
const lockTimeout = "100ms"
const again = Schedule.jittered(Schedule.spaced("250 millis"))
const attempts = 60

const refused = (reason: string) => new TriggersRefused({ reason })

export const PgAgentTriggers = Layer.effect(
  AgentTriggers,
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient

    const tables = decodeTables(sql`
      select wanted.name as table, c.relkind::text as kind, t.tgenabled::text as enabled
      from unnest(${agentTables}::text[]) with ordinality as wanted (name, place)
      left join pg_catalog.pg_class c on c.relname = wanted.name and c.relnamespace = to_regnamespace('public')
      left join pg_catalog.pg_trigger t on t.tgrelid = c.oid and t.tgname = ${trigger} and not t.tgisinternal
      order by wanted.place`)

    const status = Effect.map(tables, (found) =>
      found.map(({ enabled, kind, table }): TableTrigger => ({
        table: `public.${table}`,
        state: kind !== "r" && kind !== "p"
          ? "impossible"
          : enabled === null
          ? "missing"
          : enabled === "D" || enabled === "R"
          ? "disabled"
          : "installed"
      })))

    /** One table at a time, so that no two of their locks are held together, which could stop one of the writers. */
    const change = (table: string, ...statements: ReadonlyArray<string>) =>
      sql.withTransaction(Effect.gen(function*() {
        yield* sql.unsafe(`set local lock_timeout = '${lockTimeout}'`)
        for (const statement of statements) yield* sql.unsafe(statement)
      })).pipe(
        Effect.retry({ schedule: again, times: attempts, while: failsWith("55P03") }),
        Effect.catchIf(failsWith("55P03"), () =>
          Effect.fail(refused(
            `${table} is locked by somebody else; what was done on other tables stays, and the rest can be done again`
          ))),
        Effect.catchIf(
          failsWith("42501"),
          () => Effect.fail(refused(`${table} belongs to another role: DATABASE_URL has to be its owner's for this`))
        )
      )

    const drop = (table: string) => `drop trigger if exists ${trigger} on ${table}`
    const create = (table: string) =>
      `create trigger ${trigger}
      after insert or update or delete or truncate on ${table}
      for each statement execute function ${tell}`

    const mayInstall = Effect.gen(function*() {
      const [server] = yield* decodeServer(sql`
        select
          current_setting('max_prepared_transactions')::integer > 0 as prepared,
          to_regnamespace('langgraph_server') is not null as schema`)
      if (server?.schema !== true) {
        return yield* refused("The schema langgraph_server is not there yet: start the server once, it makes it")
      }
      if (server.prepared) {
        return yield* refused(
          "This database server allows prepared transactions (max_prepared_transactions), and one that has told of a"
            + " change can't be prepared: nothing is installed, lists follow within two seconds as they do"
        )
      }
      const impossible = (yield* status).filter(({ state }) => state === "impossible").map(({ table }) => table)
      if (impossible.length > 0) {
        return yield* refused(`No table that could have a trigger: ${impossible.join(", ")}; nothing is installed`)
      }
    })

    return AgentTriggers.of({
      status: orUnavailable(status),

      install: Effect.gen(function*() {
        yield* mayInstall
        yield* change("The schema langgraph_server", tellFunction)
        for (const { state, table } of yield* status) {
          if (state === "disabled") yield* change(table, drop(table), create(table))
          if (state === "missing") yield* change(table, create(table))
        }
        return yield* status
      }).pipe(orUnavailable),

      remove: Effect.gen(function*() {
        for (const { state, table } of yield* status) {
          if (state === "installed" || state === "disabled") yield* change(table, drop(table))
        }
        yield* change("The schema langgraph_server", `drop function if exists ${tell}`)
        return yield* status
      }).pipe(orUnavailable)
    })
  })
)
