import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { visibleTo } from "../../src/adapters/postgres/Visibility.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { Assistants } from "../../src/ports/Assistants.ts"
import { inTime } from "../support/InTime.ts"
import { inNowhere, person } from "../support/PostgresPorts.ts"

const organization = (last: number) => `00000000-0000-4000-a000-${String(last).padStart(12, "0")}`
const principal = person("user-7", organization(7), organization(8))

/** 50,000 synced assistants of 500 organisations, 50,000 of 5,000 members. */
const fill = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`
    insert into langgraph_server.assistants (
      id, graph_id, name, config, context, metadata, source, owner_id, organization_id, content_hash, synced_at
    )
    select
      'a' || n, 'agent', 'Assistent ' || n,
      jsonb_build_object('configurable', jsonb_build_object('system_prompt', repeat('Du hilfst. ', 200))),
      '{}', jsonb_build_object('n', n, 'kind', n % 10),
      case n % 2 when 0 then 'agent' else 'member' end,
      case n % 2 when 1 then 'user-' || (n / 2 % 5000) end,
      case n % 2 when 0 then ('00000000-0000-4000-a000-' || lpad((n / 2 % 500)::text, 12, '0'))::uuid end,
      case n % 2 when 0 then 'hash' end,
      case n % 2 when 0 then now() end
    from generate_series(1, 100000) n`
  yield* sql`analyze langgraph_server.assistants`
})

const median = (values: ReadonlyArray<number>) =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? 0

const timed = Effect.fnUntraced(function*<A, E, R>(work: Effect.Effect<A, E, R>) {
  const durations = yield* Effect.forEach(
    Array.from({ length: 21 }),
    () => Effect.map(Effect.timed(work), ([duration]) => Duration.toMillis(duration))
  )
  return Math.round(median(durations) * 100) / 100
})

describe("among 100,000 assistants", inTime, () => {
  it.live("one's own are found by indexes", () =>
    inNowhere(Effect.gen(function*() {
      const assistants = yield* Assistants
      const sql = yield* PgClient.PgClient
      yield* fill
      const search = (filter: Parameters<typeof assistants.count>[0] = {}) =>
        assistants.search({ limit: 10, offset: 0, sort_by: "created_at", sort_order: "desc", ...filter }, principal)
      assert.strictEqual((yield* search()).total, 210)

      const millis = {
        search: yield* timed(search()),
        byMetadata: yield* timed(search({ metadata: { kind: 4 } })),
        byName: yield* timed(search({ name: "ASSISTENT 1" })),
        find: yield* timed(assistants.find(AssistantId.make("a14"), principal))
      }
      assert.isTrue(Option.isSome(yield* assistants.find(AssistantId.make("a14"), principal)))

      // Whether the server plans for these parameters or for any.
      const [visible] = sql`select a.id from langgraph_server.assistants a where ${visibleTo(sql, principal)}`.compile()
      const organizationIds = principal.memberships.map(({ organizationId }) => organizationId).join(",")
      for (const mode of ["force_custom_plan", "force_generic_plan"]) {
        const rows = yield* sql.withTransaction(Effect.gen(function*() {
          yield* sql.unsafe(`set local plan_cache_mode = ${mode}`)
          yield* sql.unsafe(`prepare ${mode} as ${visible}`)
          return yield* sql.unsafe<{ readonly "QUERY PLAN": string }>(
            `explain (costs off) execute ${mode} ('${principal.userId}', '{${organizationIds}}', '${principal.userId}')`
          )
        }))
        const plan = rows.map((row) => row["QUERY PLAN"]).join("\n")
        for (const index of ["assistants_owner", "assistants_organization", "assistants_graph"]) {
          assert.include(plan, `Bitmap Index Scan on ${index}`)
        }
        assert.notInclude(plan, "Seq Scan")
      }
      yield* Effect.logInfo(`Among 100,000 assistants, medians in ms: ${JSON.stringify(millis)}`)
      assert.isBelow(millis.search, 50)
      assert.isBelow(millis.find, 20)
    })))
})
