import { Effect, Layer, Logger } from "effect"
import { randomUUID } from "node:crypto"
import { startLegalMcp } from "../../src/adapters/demo/LegalMcp.ts"
import { serveChat } from "../../src/adapters/demo/OpenAiProtocol.ts"
import { doctorLayer } from "../../src/app/CommandLayers.ts"
import { environment, settings } from "../../src/app/Config.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { examineAgents } from "../../src/app/usecases/ExamineAgents.ts"
import { foundAgents } from "../../src/app/usecases/FoundAgents.ts"
import { syncAgents } from "../../src/app/usecases/SyncAgents.ts"
import type { AgentChain } from "../../src/domain/AgentChain.ts"
import { SyncScope } from "../../src/domain/SyncScope.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { connected, worldDatabase } from "../support/OwnWorld.ts"
import { atMost, type BenchOptions, median, round, type Section } from "./Report.ts"
import { addAgents } from "./Sync.ts"

const agents = 1_000
const organizations = 100

const everything = { _tag: "Scope", scope: SyncScope.All() } as const

/** Agents of a consumer's, each with somebody to use it and a server that answers. */
const populated = Effect.fnUntraced(function*(legalMcpUrl: string) {
  const url = yield* worldDatabase(`doctor_${randomUUID().replaceAll("-", "")}`, legalMcpUrl)
  yield* addAgents(url, agents, organizations)
  const client = yield* connected(url)
  yield* Effect.promise(async () => {
    await client.query("update public.mcp_tools set auth_required = false, endpoint_url = $1", [legalMcpUrl])
    await client.query(
      `insert into public.organization_members (organization_id, user_id, role)
       select id, gen_random_uuid(), 'member' from public.organizations on conflict do nothing`
    )
  })
  return url
})

const statesIn = (chains: ReadonlyArray<AgentChain>, state: string) =>
  chains.flatMap(({ links }) => links).filter((link) => link.state === state).length

/** What the command does once its program is loaded, timed. */
const examined = Effect.fnUntraced(function*(dryRun: boolean) {
  const started = performance.now(), used = process.cpuUsage()
  const found = yield* foundAgents(everything)
  const chains = yield* examineAgents({ agents: found, asked: null, token: null, dryRun })
  const { system, user } = process.cpuUsage(used)
  return { seconds: (performance.now() - started) / 1000, processor: (system + user) / 1e6, chains }
})

/** What a look at a thousand agents takes. */
export const doctor = Effect.fnUntraced(function*({ quick }: BenchOptions) {
  const asked = { count: 0 }
  const model = yield* Effect.acquireRelease(
    Effect.promise(() => serveChat({ reply: () => ({ text: "ready" }), onRequest: () => void asked.count++ })),
    (server) => Effect.promise(server.close)
  )
  const tools = yield* Effect.acquireRelease(
    Effect.promise(() => startLegalMcp()),
    (server) => Effect.promise(server.close)
  )
  const url = yield* populated(tools.url)
  const given = yield* Effect.provide(
    Effect.flatMap(settings, serverSettings),
    environment({
      DATABASE_URL: url,
      SUPABASE_JWT_SECRET: randomUUID(),
      OPENAI_API_KEY: "sk-bench",
      OPENAI_BASE_URL: model.url
    })
  )
  return yield* Effect.gen(function*() {
    yield* (yield* Storage).awaitReady
    yield* syncAgents(SyncScope.All())
    const times = quick ? 1 : 3
    const without = yield* Effect.replicateEffect(examined(false), times)
    const whole = yield* Effect.replicateEffect(examined(true), times)
    const seconds = (passes: typeof whole) => median(passes.map((pass) => pass.seconds))
    const processor = (passes: typeof whole) => round(median(passes.map((pass) => pass.processor)))
    const [last] = whole
    return {
      title: `A doctor's pass over ${agents} agents of ${organizations} organisations`,
      arrangement: "In this process, beside the Postgres, the MCP server and the scripted model that it asks;\n"
        + `each agent has a server with two tools and a prompt of a page. The median of ${times}. Its program loads in 1 s.`,
      rows: [
        { pass: "without dry runs", seconds: round(seconds(without)), "processor s": processor(without) },
        { pass: "with a dry run of each", seconds: round(seconds(whole)), "processor s": processor(whole) }
      ],
      targets: [
        atMost(`${agents} agents, dry runs included`, seconds(whole), 20, " s"),
        atMost("links broken that are whole", statesIn(last?.chains ?? [], "broken"), 0),
        atMost("agents whose model was not asked", agents - asked.count / times, 0)
      ]
    } satisfies Section
  }).pipe(Effect.provide(Layer.provideMerge(doctorLayer(given), Logger.layer([]))))
})
