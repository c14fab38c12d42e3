import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Option, Redacted } from "effect"
import { Client } from "pg"
import { agents, type Generation, organizations } from "../../src/adapters/demo/World.ts"
import { PgAgentChanges } from "../../src/adapters/postgres/PgAgentChanges.ts"
import { PgAgentTriggers } from "../../src/adapters/postgres/PgAgentTriggers.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import { OrganizationId } from "../../src/domain/Principal.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { AgentChanges } from "../../src/ports/AgentChanges.ts"
import { AgentTriggers } from "../../src/ports/AgentTriggers.ts"
import { onPostgres } from "../support/PostgresPorts.ts"
import { consumerWorld } from "../support/TestDatabase.ts"

const all = SyncScope.All()

/** The consumer's tables with their watchers, and a connection of the consumer's own. */
const watched = <A, E>(
  generation: Generation,
  work: (consumer: Client) => Effect.Effect<A, E, AgentChanges | AgentTriggers | PgClient.PgClient | Signals>
) =>
  Effect.gen(function*() {
    const url = yield* consumerWorld({ generation, secondOrganisation: true })
    const consumer = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const client = new Client({ connectionString: Redacted.value(url) })
        await client.connect()
        return client
      }),
      (client) => Effect.promise(() => client.end())
    )
    const ports = Layer.mergeAll(PgAgentChanges, PgAgentTriggers).pipe(
      Layer.provideMerge(Signals.layer({ directUrl: url }))
    )
    return yield* onPostgres(url, Effect.provide(work(consumer), ports))
  })

const does = (consumer: Client, statement: string) => Effect.promise(() => consumer.query(statement))
const now = (scope: SyncScope = all) =>
  Effect.flatMap(AgentChanges, ({ look }) => Effect.map(look(scope), ({ fingerprint }) => fingerprint))

/** A change of each kind, of each table; the last ones take away what the first have made. */
const changes = [
  `update public.agents set name = name where id = '${agents.recht}'`,
  `insert into public.agents (id, organization_id, name)
    values ('a0000000-0000-4000-a000-0000000000aa', '${organizations.kanzleiNord}', 'Neu')`,
  "insert into public.agent_mcp_tools select 'a0000000-0000-4000-a000-0000000000aa', id from public.mcp_tools limit 1",
  "update public.mcp_tools set endpoint_url = endpoint_url || '/' where tool_name = 'legal-mcp'",
  "insert into public.ai_models (id, name) values ('30000000-0000-4000-a000-0000000000aa', 'neu')",
  `insert into public.global_ai_engines (id, name, language_model_id)
    values ('40000000-0000-4000-a000-0000000000aa', 'Neu', '30000000-0000-4000-a000-0000000000aa')`,
  "update public.ai_models set runtime_model_name = 'openai:neu' where name = 'neu'",
  "update public.global_ai_engines set language_model_id = null where name = 'Neu'",
  "delete from public.global_ai_engines where name = 'Neu'",
  "delete from public.ai_models where name = 'neu'",
  "delete from public.agent_mcp_tools where agent_id = 'a0000000-0000-4000-a000-0000000000aa'",
  "delete from public.agents where name = 'Neu'",
  "truncate public.agent_mcp_tools"
]

describe("AgentChanges", () => {
  for (const generation of ["v1", "v2"] satisfies ReadonlyArray<Generation>) {
    it.live(`finds every change of a row, and none where there is none, in ${generation}`, () =>
      watched(generation, (consumer) =>
        Effect.gen(function*() {
          let last = yield* now()
          for (const change of changes) {
            yield* does(consumer, change)
            const found = yield* now()
            assert.notStrictEqual(found, last, change)
            assert.strictEqual(yield* now(), found, `nothing since: ${change}`)
            last = found
          }
          yield* does(consumer, "vacuum full")
          yield* does(consumer, "vacuum freeze")
          assert.strictEqual(yield* now(), last, "housekeeping is no change")
        })))
  }

  it.live("finds what a transaction has written that began long ago, and not before it commits", () =>
    watched("v2", (consumer) =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        yield* does(consumer, "begin")
        yield* does(consumer, `update public.agents set name = 'spät' where id = '${agents.wartung}'`)
        yield* sql`update public.agents set name = 'früh' where id = ${agents.recht}`
        const before = yield* now()
        yield* does(consumer, "savepoint s")
        yield* does(consumer, `update public.agents set name = 'später' where id = '${agents.wartung}'`)
        assert.strictEqual(yield* now(), before)
        yield* does(consumer, "commit")
        assert.notStrictEqual(yield* now(), before)
      })))

  it.live("keeps to the agents of a scope", () =>
    watched("v2", (consumer) =>
      Effect.gen(function*() {
        const nord = SyncScope.Organizations({ ids: [OrganizationId.make(organizations.kanzleiNord)] })
        const before = yield* now(nord)
        yield* does(consumer, `update public.agents set name = 'Anders' where id = '${agents.expose}'`)
        assert.strictEqual(yield* now(nord), before)
        yield* does(consumer, `update public.agents set name = 'Anders' where id = '${agents.recht}'`)
        assert.notStrictEqual(yield* now(nord), before)
      })))

  it.live("finds the same where somebody has put views in place of tables, at a price", () =>
    watched("v2", (consumer) =>
      Effect.gen(function*() {
        yield* now()
        yield* does(consumer, "alter table public.mcp_tools rename to tools")
        yield* does(consumer, "create view public.mcp_tools as select * from public.tools")
        const before = yield* now()
        yield* does(consumer, "update public.tools set tool_name = tool_name || '!' where tool_name = 'legal-mcp'")
        assert.notStrictEqual(yield* now(), before)
      })))

  it.live("says which table is missing, that they are locked, and neither for longer than it is so", () =>
    watched("v2", (consumer) =>
      Effect.gen(function*() {
        const before = yield* now()
        yield* does(consumer, "alter table public.ai_models rename to models")
        const missing = yield* Effect.flip(now())
        assert.include(missing.message, "table public.ai_models")
        yield* does(consumer, "alter table public.models rename to ai_models")
        assert.strictEqual(yield* now(), before)

        yield* does(consumer, "begin")
        yield* does(consumer, "lock table public.agents in access exclusive mode")
        const [took, locked] = yield* Effect.timed(Effect.flip(now()))
        assert.strictEqual(locked._tag, "AgentTablesLocked")
        assert.isBelow(Duration.toMillis(took), 15_000)
        yield* does(consumer, "rollback")
        assert.strictEqual(yield* now(), before)
      })))

  it.live("is known once it is remembered, and only for its scope", () =>
    watched("v2", (consumer) =>
      Effect.gen(function*() {
        const { look, remember } = yield* AgentChanges
        const first = yield* look(all)
        assert.isFalse(first.known)
        yield* remember(all, first)
        assert.isTrue((yield* look(all)).known)
        assert.isFalse(
          (yield* look(SyncScope.Organizations({ ids: [OrganizationId.make(organizations.kanzleiNord)] }))).known
        )
        yield* does(consumer, changes[0] ?? "")
        assert.isFalse((yield* look(all)).known)
      })))

  it.live("suspects the agents that differ, or all of them, and few of the others", () =>
    watched("v2", (consumer) =>
      Effect.gen(function*() {
        const { look, remember, suspects } = yield* AgentChanges
        const sql = yield* PgClient.PgClient
        const newOne = "a0000000-0000-4000-a000-0000000000aa"
        const insertAssistant = sql`
          insert into langgraph_server.assistants
            (id, graph_id, name, config, context, metadata, source, organization_id, content_hash, synced_at)
          values (${newOne}, 'agent', 'Neu', '{}', '{}', '{}', 'agent', ${organizations.kanzleiNord}, 'x', now())`
        const alone: ReadonlyArray<readonly [string, ReadonlyArray<string> | undefined]> = [
          [changes[0] ?? "", [agents.recht]],
          [`update public.agents set status = 'disabled' where id = '${agents.wartung}'`, [agents.wartung]],
          [changes[1] ?? "", [newOne]],
          [changes[2] ?? "", [newOne]],
          // What these were about is in no row that is left, or in no agent's.
          [changes[3] ?? "", undefined],
          [changes[4] ?? "", undefined],
          [changes[10] ?? "", undefined],
          [changes[11] ?? "", [newOne]],
          [changes[12] ?? "", undefined]
        ]
        for (const [change, expected] of alone) {
          yield* remember(all, yield* look(all))
          yield* does(consumer, change)
          if (change === changes[1]) yield* insertAssistant
          const found = yield* suspects(all, yield* look(all))
          if (expected === undefined) assert.isTrue(Option.isNone(found), change)
          else assert.includeMembers([...Option.getOrElse(found, () => [...expected])], [...expected], change)
        }
        // What is gone is no suspect once it is retired.
        yield* sql`update langgraph_server.assistants set retired_at = now() where id = ${newOne}`
        // How few of the others depends on who else has a transaction under way, on the whole server: here other tests.
        yield* remember(all, yield* look(all))
        yield* does(consumer, changes[0] ?? "")
        const few = Option.getOrElse(yield* suspects(all, yield* look(all)), () => [])
        assert.include(few, agents.recht)
        assert.notInclude(few, newOne)
        yield* remember(all, yield* look(all))
        yield* does(
          consumer,
          `insert into public.agents (organization_id, name)
          select '${organizations.kanzleiNord}', 'Viele ' || n from generate_series(1, 60) n`
        )
        assert.isTrue(Option.isNone(yield* suspects(all, yield* look(all))), "all at once")
      })))

  it.live("takes turns: one look, and one comparison, in so long", () =>
    watched("v2", () =>
      Effect.gen(function*() {
        const { comparisonIsDue, lookInTurn } = yield* AgentChanges
        const often = Duration.seconds(60)
        assert.isTrue(Option.isNone(yield* lookInTurn(all, often)), "no turn before there is one to take")
        assert.isTrue(yield* comparisonIsDue(all, often))
        const answers = yield* Effect.replicateEffect(comparisonIsDue(all, often), 3)
        assert.deepStrictEqual(answers, [false, false, false])
        const looks = yield* Effect.all(Array.from({ length: 4 }, () => lookInTurn(all, often)), { concurrency: 4 })
        assert.lengthOf(looks.filter(Option.isSome), 1)
      })))

  it.live("is told by the tables themselves, where the operator has had them do so", () =>
    watched("v2", (consumer) =>
      Effect.scoped(Effect.gen(function*() {
        const { told } = yield* AgentChanges
        const { listening } = yield* Signals
        const { install } = yield* AgentTriggers
        yield* install
        yield* Effect.repeat(Effect.delay(listening, "20 millis"), { until: (hears) => hears })
        const next = yield* told
        for (const change of changes) {
          const waiting = yield* Effect.forkChild(Effect.timed(next), { startImmediately: true })
          yield* Effect.sleep("30 millis")
          assert.isUndefined(waiting.pollUnsafe(), `before: ${change}`)
          yield* does(consumer, change)
          yield* Fiber.join(waiting).pipe(
            Effect.timeoutOrElse({ duration: "60 seconds", orElse: () => Effect.die(new Error(`not told: ${change}`)) })
          )
        }
      }))))
})
