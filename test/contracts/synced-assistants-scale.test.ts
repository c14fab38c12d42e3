import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Tracer } from "effect"
import { createHash } from "node:crypto"
import { organizations } from "../../src/adapters/demo/World.ts"
import { assistantIdOf } from "../../src/domain/Agent.ts"
import { planSync } from "../../src/domain/AgentSync.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { SyncedAssistants } from "../../src/ports/Assistants.ts"
import { inWorld } from "../support/PostgresPorts.ts"

const all = SyncScope.All()
const digest = (text: string) => createHash("sha256").update(text).digest("hex")

/** What a sync does, without the use case around it. */
const sync = Effect.gen(function*() {
  const source = yield* AgentSource
  const synced = yield* SyncedAssistants
  return yield* source.exclusively(Effect.gen(function*() {
    const found = yield* source.list(all)
    const assistants = yield* synced.stored(all, found.map(assistantIdOf))
    const plan = planSync({ agents: found, assistants, digest, graphs: ["agent"] })
    yield* synced.apply(plan)
    yield* source.writeBack(plan.writeBack)
    return plan
  }))
})

const addAgents = Effect.fnUntraced(function*(count: number) {
  const sql = yield* PgClient.PgClient
  yield* sql`
    with added as (
      insert into public.agents (organization_id, name, system_prompt, sampling_params, engine_id, is_global)
      select
        ${organizations.kanzleiNord}::uuid, 'Agent ' || n, repeat('Du hilfst. ', 100), '{"temperature": 0.3}',
        '40000000-0000-4000-a000-000000000001', true
      from generate_series(1, ${count}::int) n
      returning id
    )
    insert into public.agent_mcp_tools (agent_id, mcp_tool_id)
    select added.id, tool.id from added cross join public.mcp_tools tool`
})

/** How many statements the work sends to the server. */
const countingStatements = Effect.fnUntraced(function*<A, E, R>(work: Effect.Effect<A, E, R>) {
  let statements = 0
  const tracer = Tracer.make({
    span: (options) => {
      if (options.kind === "client") statements += 1
      return new Tracer.NativeSpan(options)
    }
  })
  const [duration, result] = yield* Effect.timed(Effect.withTracer(work, tracer))
  return { statements, millis: Math.round(Duration.toMillis(duration)), result }
})

const change = (statement: string) => Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(statement))

describe("a sync of 10,000 agents", () => {
  it.live("takes as many statements as one of five, and seconds", () =>
    inWorld(Effect.gen(function*() {
      yield* sync
      yield* change("update public.agents set system_prompt = 'Neu.'")
      const few = yield* countingStatements(sync)

      yield* addAgents(10_000)
      const created = yield* countingStatements(sync)
      const unchanged = yield* countingStatements(sync)
      yield* change("update public.agents set system_prompt = 'Noch neuer.'")
      const updated = yield* countingStatements(sync)
      yield* change("update public.agents set status = 'disabled'")
      const retired = yield* countingStatements(sync)

      assert.strictEqual(created.result.create.length, 10_000)
      assert.strictEqual(unchanged.result.skipped, 10_005)
      assert.strictEqual(updated.result.update.length, 10_005)
      assert.strictEqual(retired.result.retire.length, 10_005)
      const seen = Object.entries({ few, created, unchanged, updated, retired })
        .map(([name, { millis, statements }]) => `${name} ${millis} ms, ${statements} statements`)
      yield* Effect.logInfo(`Sync of 10,000 agents: ${seen.join("; ")}`)

      // One more than a sync that only updates: what was created is written back.
      assert.isAtMost(Math.max(created.statements, updated.statements, retired.statements), few.statements + 1)
      // Far above what it takes (`npm run bench -- sync` has the figures): a machine with other work is not to fail this.
      assert.isBelow(created.millis, 30_000)
      assert.isBelow(updated.millis, 30_000)
      assert.isBelow(unchanged.millis, 10_000)
    })), 240_000)
})
