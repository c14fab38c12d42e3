import { Duration, Effect, Layer, Logger, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { PgAgentChanges } from "../../src/adapters/postgres/PgAgentChanges.ts"
import { PgAgentTriggers } from "../../src/adapters/postgres/PgAgentTriggers.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import { agentsLayer } from "../../src/app/CommandLayers.ts"
import { environment, settings } from "../../src/app/Config.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { followAgents, syncScope } from "../../src/app/usecases/FollowAgents.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { AgentChanges } from "../../src/ports/AgentChanges.ts"
import { AgentTriggers } from "../../src/ports/AgentTriggers.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { connected, ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { post } from "./Http.ts"
import { atMost, type BenchOptions, median, quantiles, round, type Section } from "./Report.ts"
import { sqlTap } from "./SqlTap.ts"
import { addAgents } from "./Sync.ts"

const all = SyncScope.All()
const nowhere = "http://127.0.0.1:9/mcp"
const asker = "b0000000-0000-4000-a000-000000000001"
const organisation = "00000000-0000-4000-a000-000000000000"

const freshWorld = Effect.fnUntraced(function*(agents: number) {
  const url = yield* worldDatabase(`stale_${randomUUID().replaceAll("-", "")}`, nowhere)
  yield* addAgents(url, agents)
  return url
})

/** The parts that look and sync, in this process. */
const parts = Effect.fnUntraced(function*(url: string) {
  const given = yield* Effect.provide(
    Effect.flatMap(settings, serverSettings),
    environment({ DATABASE_URL: url, SUPABASE_JWT_SECRET: randomUUID(), LOG_LEVEL: "none" })
  )
  const ports = Layer.mergeAll(PgAgentChanges, PgAgentTriggers).pipe(
    Layer.provide(Signals.layer({ directUrl: Redacted.make(url) }))
  )
  const built = yield* Layer.build(
    ports.pipe(Layer.provideMerge(agentsLayer(given)), Layer.provideMerge(Logger.layer([])))
  )
  yield* Effect.provide(Effect.flatMap(Storage, ({ awaitReady }) => awaitReady), built)
  return built
})

/** What a look costs the database, and what it takes to follow the edit of one agent. */
const costs = (agents: number) =>
  Effect.scoped(Effect.gen(function*() {
    const url = yield* freshWorld(agents)
    const client = yield* connected(url)
    return yield* Effect.gen(function*() {
      yield* syncScope(all)
      // It has written an id into every row; a database at rest has cleared the old ones away.
      yield* Effect.promise(() => client.query("vacuum analyze"))
      const { look } = yield* AgentChanges
      const looks: Array<number> = []
      for (let n = 0; n < 9; n++) looks.push(Duration.toMillis((yield* look(all)).took))
      const follows: Array<number> = []
      for (let n = 0; n < 3; n++) {
        yield* Effect.promise(() =>
          client.query(
            "update public.agents set name = name || '!' where id = (select min(id::text)::uuid from public.agents)"
          )
        )
        const [took] = yield* Effect.timed(followAgents(all))
        follows.push(Duration.toMillis(took))
      }
      return { agents, look: median(looks), follow: median(follows) }
    }).pipe(Effect.provide(yield* parts(url)))
  }))

/** How old a list is after an edit: until a search by the new name finds it. Edits come at any moment. */
const listStaleness = (agents: number, edits: number, withTriggers: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const url = yield* freshWorld(agents)
    const server = yield* ownServer({ databaseUrl: url, modelUrl: "http://127.0.0.1:9/v1" })
    const client = yield* connected(url)
    if (withTriggers) {
      yield* Effect.flatMap(AgentTriggers, ({ install }) => install).pipe(Effect.provide(yield* parts(url)))
    }
    const target = { url: server.url, token: yield* server.tokenOf(asker), agent: "" }
    return yield* Effect.promise(async () => {
      await client.query("insert into public.organization_members values ($1, $2, 'member')", [organisation, asker])
      const millis: Array<number> = []
      for (let n = 0; n < edits; n++) {
        await new Promise((resolve) => setTimeout(resolve, 1_500 * Math.random()))
        const name = `Edit ${n} ${randomUUID()}`
        await client.query(
          `update public.agents set name = $1
           where id = (select id from public.agents where organization_id = $2 order by id limit 1)`,
          [name, organisation]
        )
        const started = performance.now()
        for (;;) {
          const found: unknown = await (await post(target, "/assistants/search", { name, limit: 1 })).json()
          if (Array.isArray(found) && found.length === 1) break
          if (performance.now() - started > 60_000) throw new Error(`"${name}" is in no list after a minute`)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        millis.push(performance.now() - started)
      }
      return millis.toSorted((left, right) => left - right)
    })
  }))

/** What a server that has nothing to do asks of its database in a second. */
const idle = (scope: "none" | "all", seconds: number) =>
  Effect.scoped(Effect.gen(function*() {
    const tap = yield* sqlTap(yield* freshWorld(1_000))
    yield* ownServer({ databaseUrl: tap.url, modelUrl: "http://127.0.0.1:9/v1", env: { AGENT_SYNC_SCOPE: scope } })
    yield* Effect.sleep("5 seconds")
    tap.take()
    yield* Effect.sleep(Duration.seconds(seconds))
    return tap.take().statements.length / seconds
  }))

const p99 = (sorted: ReadonlyArray<number>) => sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN

/** How soon lists follow the agents' rows, and what that costs. */
export const staleness = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const edits = quick ? 8 : 60
  const polled = yield* listStaleness(1_000, edits, false)
  const told = yield* listStaleness(1_000, edits, true)
  const [few, many] = yield* Effect.all([costs(1_000), costs(quick ? 10_000 : 100_000)])
  const [unwatched, watched] = [yield* idle("none", quick ? 5 : 20), yield* idle("all", quick ? 5 : 20)]
  const nothing = { p50: "", p99: "", "follow one edit": "" }
  return {
    title: "How soon lists follow an edit of an agent",
    arrangement:
      `1,000 agents over 100 organisations, one server; ${edits} edits at any moment, each until a search over HTTP
finds it, asked every 5 ms. A look's cost is what the database says; an edit is followed by reading the agents that may differ.`,
    rows: [
      {
        "in ms": "list staleness, nothing installed",
        ...nothing,
        p50: round(quantiles(polled).p50),
        p99: round(p99(polled))
      },
      { "in ms": "list staleness, with triggers", ...nothing, p50: round(quantiles(told).p50), p99: round(p99(told)) },
      ...[few, many].map(({ agents, follow, look }) => ({
        "in ms": `a look among ${agents.toLocaleString("en")} agents`,
        p50: round(look),
        p99: "",
        "follow one edit": round(follow)
      })),
      { "in ms": "idle, statements/s, scope none", ...nothing, p50: round(unwatched) },
      { "in ms": "idle, statements/s, scope all", ...nothing, p50: round(watched) }
    ],
    targets: [
      atMost("staleness, nothing installed, p99", p99(polled), 2_000, " ms"),
      atMost("staleness, with triggers, p50", quantiles(told).p50, 250, " ms"),
      atMost("a look among 1,000 agents", few.look, 10, " ms"),
      atMost("statements/s that watching adds", watched - unwatched, 2)
    ]
  } satisfies Section
})
