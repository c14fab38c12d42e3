import { Effect } from "effect"
import { connected, ownServer, worldDatabase } from "../support/OwnWorld.ts"
import { post, type Target as Server } from "./Http.ts"
import { atMost, type BenchOptions, quantiles, round, type Section } from "./Report.ts"
import { addAgents } from "./Sync.ts"

/** Of ten assistants each: an organisation's agents, or a member's own. */
const ten = 10

const asker = "b0000000-0000-4000-a000-000000000001"
const firstOrganisation = "00000000-0000-4000-a000-000000000000"

/** Half of the assistants are agents' that the server syncs, half are members' own. */
const populated = Effect.fnUntraced(function*(name: string, assistants: number) {
  const databaseUrl = yield* worldDatabase(name, "http://127.0.0.1:9/mcp")
  const half = assistants / 2
  yield* addAgents(databaseUrl, half, half / ten)
  const server = yield* ownServer({ databaseUrl, modelUrl: "http://127.0.0.1:9/v1" })
  const client = yield* connected(databaseUrl)
  return yield* Effect.gen(function*() {
    const agent = yield* Effect.promise(async () => {
      await client.query("insert into public.organization_members values ($1, $2, 'member')", [
        firstOrganisation,
        asker
      ])
      await client.query(
        `insert into langgraph_server.assistants (id, graph_id, name, config, context, metadata, source, owner_id)
        select
          'own-' || n, 'agent', 'Assistent ' || n / $2,
          jsonb_build_object('configurable', jsonb_build_object('system_prompt', repeat('Du hilfst. ', 100))),
          '{}', jsonb_build_object('kind', n / $2 % 2), 'member',
          'b0000000-0000-4000-a000-' || lpad((n % $2)::text, 12, '0')
        from generate_series(1, $1::int) n`,
        [half, half / ten]
      )
      await client.query("vacuum analyze")
      const { rows } = await client.query<{ id: string }>(
        "select id from public.agents where organization_id = $1 limit 1",
        [firstOrganisation]
      )
      return rows[0]?.id ?? ""
    })
    return { url: server.url, token: yield* server.tokenOf(asker), agent } satisfies Server
  })
})

const get = (path: (server: Server) => string) => async (server: Server) => {
  const response = await fetch(`${server.url}${path(server)}`, { headers: { authorization: `Bearer ${server.token}` } })
  if (!response.ok) throw new Error(`${path(server)} answered ${response.status}`)
  await response.arrayBuffer()
}

const search = (filter: object, expected: number) => async (server: Server) => {
  const response = await post(server, "/assistants/search", filter)
  const found = await response.json()
  if (!Array.isArray(found) || found.length !== expected) {
    throw new Error(`found ${JSON.stringify(found).slice(0, 500)}`)
  }
}

const questions = {
  "look-up of one's own": get(() => "/assistants/own-1"),
  "look-up of an agent's": get(({ agent }) => `/assistants/${agent}`),
  // One's own, the organisation's, and the graph's default.
  "search, all one sees": search({ limit: 100 }, 2 * ten + 1),
  "search by metadata": search({ metadata: { kind: 1 } }, ten / 2),
  "search by name": search({ name: "assistent 1", limit: 5, sort_by: "name" }, 1)
}

const sample = async (server: Server, ask: (server: Server) => Promise<void>, count: number) => {
  const millis: Array<number> = []
  for (let index = 0; index < count; index++) {
    const started = performance.now()
    await ask(server)
    millis.push(performance.now() - started)
  }
  return millis
}

/** Whether what others have costs whoever looks for something. */
export const lookup = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const few = yield* populated("few", 100)
  const many = yield* populated("many", 100_000)
  return yield* Effect.promise(async (): Promise<Section> => {
    const rows: Array<Section["rows"][number]> = [], targets: Array<Section["targets"][number]> = []
    for (const [name, ask] of Object.entries(questions)) {
      const left: Array<number> = [], right: Array<number> = []
      await sample(few, ask, 30)
      await sample(many, ask, 30)
      for (let round = 0; round < (quick ? 4 : 10); round++) {
        left.push(...await sample(few, ask, 30))
        right.push(...await sample(many, ask, 30))
      }
      const among100 = quantiles(left), among100000 = quantiles(right)
      const ratio = among100000.p50 / among100.p50
      rows.push({
        "over HTTP, ms": name,
        "p50 of 100": round(among100.p50),
        "p50 of 100,000": round(among100000.p50),
        "× p50": round(ratio),
        "p95 of 100": round(among100.p95),
        "p95 of 100,000": round(among100000.p95),
        "× p95": round(among100000.p95 / among100.p95)
      })
      targets.push(atMost(name, ratio, 2, "×"))
    }
    return {
      title: "Look-up and search among 100 and 100,000 assistants",
      arrangement:
        "A server and a database for each size, asked in turns. Half are agents', ten an organisation; half are "
        + "members' own, ten each: who asks sees 21 at either size.",
      rows,
      targets
    }
  })
})
