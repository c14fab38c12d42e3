import { Effect, Layer, Logger } from "effect"
import { randomUUID } from "node:crypto"
import { agentsLayer } from "../../src/app/CommandLayers.ts"
import { environment, settings } from "../../src/app/Config.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { syncAgents } from "../../src/app/usecases/SyncAgents.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { connected, worldDatabase } from "../support/OwnWorld.ts"
import { atMost, type BenchOptions, median, round, type Section } from "./Report.ts"
import { sqlTap } from "./SqlTap.ts"

const organizations = 100

/** Agents as a consumer has them: a prompt of a page, sampling, an engine, two tool servers each. */
export const addAgents = (databaseUrl: string, count: number, among = organizations) =>
  Effect.scoped(Effect.flatMap(connected(databaseUrl), (client) =>
    Effect.promise(async () => {
      await client.query(
        `insert into public.organizations (id, name)
        select ('00000000-0000-4000-a000-' || lpad(n::text, 12, '0'))::uuid, 'Organisation ' || n
        from generate_series(0, $1::int - 1) n`,
        [among]
      )
      await client.query(
        `with added as (
          insert into public.agents (organization_id, name, system_prompt, temperature, engine_id)
          select
            ('00000000-0000-4000-a000-' || lpad((n % $2)::text, 12, '0'))::uuid, 'Agent ' || n,
            repeat('Du hilfst. ', 100), 0.3, '40000000-0000-4000-a000-000000000001'
          from generate_series(1, $1::int) n
          returning id
        )
        insert into public.agent_mcp_tools (agent_id, mcp_tool_id)
        select added.id, tool.id from added cross join public.mcp_tools tool`,
        [count, among]
      )
      await client.query("analyze")
    })))

/** A sync as the server runs it, of all agents in a database, timed. */
const withAgents = Effect.fnUntraced(function*(url: string) {
  const given = yield* Effect.provide(
    Effect.flatMap(settings, serverSettings),
    environment({ DATABASE_URL: url, SUPABASE_JWT_SECRET: randomUUID(), LOG_LEVEL: "none" })
  )
  const parts = yield* Layer.build(Layer.provideMerge(agentsLayer(given), Logger.layer([])))
  const sync = syncAgents(SyncScope.All()).pipe(Effect.provide(parts))
  yield* Effect.flatMap(Storage, (storage) => storage.awaitReady).pipe(Effect.provide(parts))
  return Effect.gen(function*() {
    const started = performance.now()
    const plan = yield* sync
    return { seconds: (performance.now() - started) / 1000, plan }
  })
})

const freshDatabase = Effect.fnUntraced(function*(count: number) {
  const url = yield* worldDatabase(`sync_${randomUUID().replaceAll("-", "")}`, "http://127.0.0.1:9/mcp")
  yield* addAgents(url, count)
  return url
})

const timed = (count: number) =>
  Effect.scoped(Effect.gen(function*() {
    const sync = yield* withAgents(yield* freshDatabase(count))
    const first = yield* sync
    if (first.plan.create.length < count) return yield* Effect.die(new Error(`created ${first.plan.create.length}`))
    const again: Array<number> = []
    for (let index = 0; index < 3; index++) again.push((yield* sync).seconds)
    return { first: first.seconds, unchanged: median(again) }
  }))

const counted = (count: number) =>
  Effect.scoped(Effect.gen(function*() {
    const tap = yield* sqlTap(yield* freshDatabase(count))
    const sync = yield* withAgents(tap.url)
    tap.take()
    yield* sync
    const first = tap.take().statements.length
    yield* sync
    return { first, unchanged: tap.take().statements.length }
  }))

const times = (left: number, right: number) => `${round(right / left)}×`

/** What a sync takes as agents become more. */
export const sync = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const repeats = quick ? 1 : 3
  yield* timed(100)
  const found = yield* Effect.forEach([100, 1_000, 10_000], (count) =>
    Effect.gen(function*() {
      const samples = yield* Effect.replicateEffect(timed(count), repeats)
      return {
        count,
        first: median(samples.map(({ first }) => first)),
        unchanged: median(samples.map(({ unchanged }) => unchanged)),
        statements: yield* counted(count)
      }
    }))
  const [few, some, many] = found
  if (few === undefined || some === undefined || many === undefined) return yield* Effect.die("three sizes")
  const rows = found.map(({ count, first, statements, unchanged }, index) => {
    const before = found[index - 1]
    return {
      agents: count,
      "first s": round(first),
      "growth ": before === undefined ? "" : times(before.first, first),
      "unchanged s": round(unchanged),
      growth: before === undefined ? "" : times(before.unchanged, unchanged),
      "statements first": statements.first,
      "statements unchanged": statements.unchanged
    }
  })
  return {
    title: "Sync of agents over 100 organisations",
    arrangement:
      `The use case as the start runs it, in this process; a database for each measurement, the median of ${repeats}.\n`
      + "Statements are counted on the wire, BEGIN and COMMIT among them.",
    rows,
    targets: [
      atMost("10,000 agents, first", many.first, 5, " s"),
      atMost("10,000 agents, unchanged", many.unchanged, 1.5, " s"),
      // A little more than ten times the agents may take: the smaller sync has caches on its side.
      atMost("first, 10,000 against 1,000", many.first / some.first, 13, "×"),
      atMost("unchanged, 10,000 against 1,000", many.unchanged / some.unchanged, 13, "×"),
      atMost("statements, 10,000 against 100", many.statements.first / few.statements.first, 1, "×")
    ]
  } satisfies Section
})
