import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option } from "effect"
import { agents, type Generation, organizations, people } from "../../src/adapters/demo/World.ts"
import { type Agent, Engine, Ownership } from "../../src/domain/Agent.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { OrganizationId, UserId } from "../../src/domain/Principal.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { inNowhere, inWorld, whileLocked } from "../support/PostgresPorts.ts"

const all = SyncScope.All()
const only = (...ids: ReadonlyArray<string>) =>
  SyncScope.Organizations({ ids: ids.map((id) => OrganizationId.make(id)) })
const idsOf = (found: ReadonlyArray<Agent>) => found.map(({ id }) => id)

/** Changes the consumer's tables, as somebody else does. */
const change = (...statements: ReadonlyArray<string>) =>
  Effect.flatMap(PgClient.PgClient, (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement)))

const writtenBack = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly written: string | null }>`
    select langgraph_assistant_id::text as written from public.agents order by id`
  return rows.map(({ written }) => written)
})

const recht: Agent = {
  id: agents.recht,
  organizationId: OrganizationId.make(organizations.kanzleiNord),
  name: "⚖️ Rechts-Assistent",
  description: null,
  graphId: "agent",
  engine: Engine.Resolved({ model: "openai:gpt-4o-mini" }),
  systemPrompt: "Du bist ein Rechts-Assistent. Du antwortest auf Deutsch und nennst die Paragraphen.",
  sampling: { temperature: 0.3, max_tokens: 2000 },
  agentTools: [],
  ownership: Ownership.Organization(),
  mcpTools: [{ tool_name: "legal-mcp", endpoint_url: "http://legal-mcp:8000", auth_required: false }],
  assistantId: null
}

describe("AgentSource", () => {
  for (const generation of ["v1", "v2"] satisfies ReadonlyArray<Generation>) {
    it.live(`says of agents of ${generation} what their rows say`, () =>
      inWorld(
        Effect.gen(function*() {
          const source = yield* AgentSource
          const found = yield* source.list(all)
          assert.deepStrictEqual(idsOf(found), Object.values(agents))
          assert.deepStrictEqual(found[1], recht)
          assert.deepInclude(found[3], { engine: Engine.None(), systemPrompt: null, sampling: {}, mcpTools: [] })
          assert.deepStrictEqual(yield* source.find(agents.recht.toUpperCase()), Option.some(recht))
          assert.deepStrictEqual(yield* source.find("no-uuid"), Option.none())
          assert.deepStrictEqual(yield* source.find(people.member), Option.none())
        }),
        { generation }
      ))

    it.live(`keeps to the scope, and to what is active, in ${generation}`, () =>
      inWorld(
        Effect.gen(function*() {
          const source = yield* AgentSource
          assert.deepStrictEqual(idsOf(yield* source.list(only(organizations.immobilienSued))), [agents.expose])
          assert.deepStrictEqual(yield* source.list(SyncScope.None()), [])
          yield* change(
            `update public.agents set status = 'disabled' where id = '${agents.dokumente}'`,
            `update public.agents set status = 'draft' where id = '${agents.recht}'`,
            `update public.agents set deleted_at = now() where id = '${agents.wartung}'`
          )
          assert.deepStrictEqual(idsOf(yield* source.list(only(organizations.kanzleiNord))), [agents.allgemein])
          assert.deepStrictEqual(yield* source.find(agents.wartung), Option.none())
          for (const id of Object.values(agents)) assert.isTrue(yield* source.has(id.toUpperCase()))
          for (const id of [people.member, "no-uuid"]) assert.isFalse(yield* source.has(id))
        }),
        { generation }
      ))
  }

  it.live("tells an engine that leads nowhere, or is not ours, from none at all", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      yield* change(
        "update public.ai_models set runtime_model_name = null where runtime_model_name = 'openai:gpt-4o'",
        `update public.agents set engine_type = 'organization', engine_id = null where id = '${agents.dokumente}'`
      )
      const found = yield* source.list(only(organizations.kanzleiNord))
      assert.deepStrictEqual(found.map(({ engine }) => engine), [
        Engine.Foreign({ type: "organization" }),
        Engine.Resolved({ model: "openai:gpt-4o-mini" }),
        Engine.WithoutModel(),
        Engine.None()
      ])
    })))

  it.live("knows a person's own agents, and leaves templates out", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      yield* change(
        `update public.agents set is_global = false where id = '${agents.dokumente}'`,
        `update public.agents set is_global = false, created_by_user_id = '${people.member}' where id = '${agents.recht}'`,
        `update public.agents set created_by_user_id = '${people.member}' where id = '${agents.wartung}'`
      )
      const found = yield* source.list(only(organizations.kanzleiNord))
      assert.deepStrictEqual(found.map(({ id, ownership }) => [id, ownership]), [
        [agents.recht, Ownership.Personal({ userId: UserId.make(people.member) })],
        [agents.wartung, Ownership.Organization()],
        [agents.allgemein, Ownership.Organization()]
      ])
      assert.deepStrictEqual(yield* source.find(agents.dokumente), Option.none())
    })))

  it.live("passes every sampling parameter, tool and server on as written", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      const tool = "70000000-0000-4000-a000-000000000001"
      yield* change(
        `update public.agents set
          sampling_params = '{"stop": [["a"]], "seed": 7, "top_p": null}', assistant_tool_ids = '{${tool}}'
        where id = '${agents.recht}'`,
        `insert into public.agent_mcp_tools select '${agents.recht}', id from public.mcp_tools on conflict do nothing`
      )
      const found = Option.getOrThrow(yield* source.find(agents.recht))
      assert.deepInclude(found, { sampling: { stop: [["a"]], seed: 7, top_p: null }, agentTools: [tool] })
      assert.deepStrictEqual(found.mcpTools, [
        { tool_name: "document-mcp", endpoint_url: "http://document-mcp:8000/mcp", auth_required: true },
        { tool_name: "legal-mcp", endpoint_url: "http://legal-mcp:8000", auth_required: false }
      ])
    })))

  for (const generation of ["v1", "v2"] satisfies ReadonlyArray<Generation>) {
    it.live(`shows an agent and who asks for it as they are at the same moment, in ${generation}`, () =>
      inWorld(
        Effect.gen(function*() {
          const source = yield* AgentSource
          const seen = yield* source.seenBy(agents.recht.toUpperCase(), UserId.make(people.admin))
          assert.deepStrictEqual(seen, {
            agent: Option.some(recht),
            principal: {
              userId: UserId.make(people.admin),
              memberships: [{ organizationId: OrganizationId.make(organizations.kanzleiNord), role: "admin" }]
            }
          })
          yield* change(
            `update public.organization_members set role = 'owner' where user_id = '${people.admin}'`,
            `update public.agents set status = 'disabled' where id = '${agents.recht}'`
          )
          const later = yield* source.seenBy(agents.recht, UserId.make(people.admin))
          assert.deepStrictEqual(later.agent, Option.none())
          assert.deepStrictEqual(later.principal.memberships.map(({ role }) => role), ["owner"])
          for (const nobody of [people.noOrganisation, "auth0|no-uuid"]) {
            const { agent, principal } = yield* source.seenBy(agents.dokumente, UserId.make(nobody))
            assert.isTrue(Option.isSome(agent))
            assert.deepStrictEqual(principal, { userId: UserId.make(nobody), memberships: [] })
          }
          assert.deepStrictEqual((yield* source.seenBy("no-uuid", UserId.make(people.admin))).agent, Option.none())

          const state = Option.getOrThrow(yield* source.state(agents.recht))
          assert.deepInclude(state, { name: recht.name, status: "disabled", deleted: false, template: false })
          assert.deepStrictEqual(yield* source.state(people.member), Option.none())
        }),
        { generation }
      ))
  }

  it.live("reads nobody's memberships where their table is missing", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      yield* source.seenBy(agents.recht, UserId.make(people.member))
      yield* change("alter table public.organization_members rename to members")
      const error = yield* Effect.flip(source.seenBy(agents.recht, UserId.make(people.member)))
      assert.strictEqual(error.message, "The agents' tables can't be read; missing: table public.organization_members")
      assert.deepStrictEqual(yield* source.find(agents.recht), Option.some(recht))
      yield* change("alter table public.members rename to organization_members")
    })))

  it.live("waits for nobody who has locked the tables, but once in a while", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      const ask = source.seenBy(agents.recht, UserId.make(people.member))
      assert.deepStrictEqual(yield* source.unreadable, Option.none())
      yield* ask
      yield* whileLocked(
        "public.mcp_tools",
        Effect.gen(function*() {
          const [first, error] = yield* Effect.timed(Effect.flip(ask))
          assert.match(error.message, /somebody has locked them/)
          assert.isAtLeast(Duration.toMillis(first), 900)
          const others = yield* Effect.replicateEffect(Effect.timed(Effect.flip(ask)), 20)
          const fastest = Math.min(...others.map(([took]) => Duration.toMillis(took)))
          assert.isBelow(fastest, 900, "nobody waits")
          assert.isTrue(Option.isSome(yield* source.unreadable))
          // In turn somebody finds out that nothing has changed.
          yield* Effect.sleep("2 seconds")
          const [again] = yield* Effect.timed(Effect.flip(ask))
          assert.isAtLeast(Duration.toMillis(again), 900)
        })
      )
      yield* Effect.sleep("2100 millis")
      assert.deepStrictEqual((yield* ask).agent, Option.some(recht))
      assert.deepStrictEqual(yield* source.unreadable, Option.none())
    })))

  it.live("follows the consumer's migration while it runs, in a transaction too", () =>
    inWorld(
      Effect.gen(function*() {
        const source = yield* AgentSource
        assert.deepStrictEqual((yield* source.list(all))[1]?.sampling, { temperature: 0.3, max_tokens: 2000 })
        yield* change(
          "alter table public.agents drop column temperature, drop column max_tokens, drop column description",
          "alter table public.agents add column sampling_params jsonb not null default '{\"top_k\": 3}'"
        )
        const inside = yield* source.exclusively(source.list(all))
        assert.deepInclude(inside[1], { sampling: { top_k: 3 }, description: null })
        assert.deepStrictEqual(yield* source.list(all), inside)
      }),
      { generation: "v1" }
    ))

  it.live("can do without every column that it can do without", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      const optional = ["description", "deleted_at", "graph_id", "engine_id", "engine_type", "system_prompt"]
        .concat("sampling_params", "assistant_tool_ids", "is_global", "created_by_user_id")
      yield* change(
        `alter table public.agents ${optional.map((column) => `drop column ${column}`).join(", ")}`,
        "alter table public.mcp_tools drop column auth_required"
      )
      const found = yield* source.list(all)
      assert.strictEqual(found.length, 5)
      assert.deepStrictEqual(found[1], { ...recht, engine: Engine.None(), systemPrompt: null, sampling: {} })
    })))

  it.live("names what is missing of the rest", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      yield* source.list(all)
      yield* change(
        "drop table public.agent_mcp_tools",
        "alter table public.agents drop column status, drop column langgraph_assistant_id"
      )
      const error = yield* Effect.flip(source.list(all))
      assert.strictEqual(
        error.message,
        "The agents' tables can't be read; missing: column public.agents.status, "
          + "column public.agents.langgraph_assistant_id, table public.agent_mcp_tools"
      )
      assert.strictEqual((yield* Effect.flip(source.find(agents.recht)))._tag, "AgentTablesUnreadable")
    })))

  it.live("names every table where there is none", () =>
    inNowhere(Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.flatMap(AgentSource, (source) => source.list(all)))
      assert.include(error.message, "table public.agents, table public.global_ai_engines, table public.ai_models")
    })))

  it.live("says so when it may not read them", () =>
    inWorld(Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const source = yield* AgentSource
      const role = `stranger_${Date.now()}`
      yield* change(`create role ${role}`, `grant usage on schema public to ${role}`)
      const error = yield* Effect.flip(sql.withTransaction(
        Effect.andThen(change(`set local role ${role}`), source.list(all))
      ))
      assert.strictEqual(error.message, "The agents' tables can't be read; missing: our right to read them")
      yield* change(`drop owned by ${role}`, `drop role ${role}`)
    })))

  for (const type of ["text", "uuid"]) {
    it.live(`writes back what differs, and only that, to a column of type ${type}`, () =>
      inWorld(Effect.gen(function*() {
        const source = yield* AgentSource
        const wrong = "99999999-0000-4000-a000-000000000000"
        yield* change(
          `alter table public.agents alter column langgraph_assistant_id type ${type} using langgraph_assistant_id::${type}`,
          `update public.agents set langgraph_assistant_id = id where id = '${agents.dokumente}'`,
          `update public.agents set langgraph_assistant_id = '${wrong}' where id = '${agents.wartung}'`,
          "create table public.touched (id uuid)",
          `create function public.touch() returns trigger language plpgsql as $$
            begin insert into public.touched values (new.id); return new; end $$`,
          "create trigger touch after update on public.agents for each row execute function public.touch()"
        )
        const kept = yield* source.list(all)
        assert.deepStrictEqual(kept.map(({ assistantId }) => assistantId), [agents.dokumente, null, wrong, null, null])

        const pairs = [agents.dokumente, agents.recht, agents.wartung]
          .map((agentId) => ({ agentId, assistantId: AssistantId.make(agentId) }))
        yield* source.writeBack(pairs)
        yield* source.writeBack(pairs)
        yield* source.writeBack([])
        assert.deepStrictEqual(yield* writtenBack, [agents.dokumente, agents.recht, agents.wartung, null, null])
        const touched = yield* change("select id from public.touched order by id")
        assert.deepStrictEqual(touched, [[{ id: agents.recht }, { id: agents.wartung }]])
      })))
  }

  it.live("does exclusive work one at a time, and all of it or nothing", () =>
    inWorld(Effect.gen(function*() {
      const source = yield* AgentSource
      const pair = [{ agentId: agents.recht, assistantId: AssistantId.make(agents.recht) }]
      const failed = yield* Effect.flip(source.exclusively(Effect.andThen(source.writeBack(pair), Effect.fail("no"))))
      assert.strictEqual(failed, "no")
      assert.deepStrictEqual(yield* writtenBack, [null, null, null, null, null])

      const order: Array<string> = []
      const work = (name: string) =>
        source.exclusively(Effect.gen(function*() {
          order.push(`${name} in`)
          yield* source.list(all)
          order.push(`${name} out`)
        }))
      const both = yield* Effect.forkChild(Effect.all([work("a"), work("b")], { concurrency: 2 }))
      yield* Fiber.join(both)
      assert.deepStrictEqual(order.map((step) => step.slice(2)), ["in", "out", "in", "out"])
    })))
})
