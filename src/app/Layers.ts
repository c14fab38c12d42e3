import { Duration, Effect, Layer, Option, type Redacted } from "effect"
import * as HttpServer from "../adapters/http/Server.ts"
import * as InProcessCredentials from "../adapters/in-process/InProcessCredentials.ts"
import { SupabaseTokens } from "../adapters/jwt/SupabaseTokens.ts"
import { Checkpointer } from "../adapters/langgraph/Checkpointer.ts"
import * as DryRunner from "../adapters/langgraph/DryRunner.ts"
import * as EmbeddingModels from "../adapters/langgraph/EmbeddingModels.ts"
import { GraphStores } from "../adapters/langgraph/GraphStores.ts"
import * as LangGraphs from "../adapters/langgraph/LangGraphs.ts"
import { Models } from "../adapters/langgraph/Models.ts"
import * as McpToolSource from "../adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../adapters/outbound/GuardedFetch.ts"
import { databaseLayer } from "../adapters/postgres/Database.ts"
import { housekeepingQueues } from "../adapters/postgres/HousekeepingQueue.ts"
import { JobEngine } from "../adapters/postgres/JobEngine.ts"
import { PgAgentChanges } from "../adapters/postgres/PgAgentChanges.ts"
import { PgAgentEvidence } from "../adapters/postgres/PgAgentEvidence.ts"
import { PgAgentSightings } from "../adapters/postgres/PgAgentSightings.ts"
import { PgAgentSource } from "../adapters/postgres/PgAgentSource.ts"
import { PgAgentTriggers } from "../adapters/postgres/PgAgentTriggers.ts"
import { PgAssistants } from "../adapters/postgres/PgAssistants.ts"
import { PgBossRunQueue } from "../adapters/postgres/PgBossRunQueue.ts"
import { PgCronLedger } from "../adapters/postgres/PgCronLedger.ts"
import { PgCrons } from "../adapters/postgres/PgCrons.ts"
import { PgHousekeeping } from "../adapters/postgres/PgHousekeeping.ts"
import { PgLeftovers } from "../adapters/postgres/PgLeftovers.ts"
import { PgMemberships } from "../adapters/postgres/PgMemberships.ts"
import { PgRunEvents } from "../adapters/postgres/PgRunEvents.ts"
import { PgRunLedger } from "../adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../adapters/postgres/PgRuns.ts"
import { PgStateClaims } from "../adapters/postgres/PgStateClaims.ts"
import { PgStorage } from "../adapters/postgres/PgStorage.ts"
import { PgStore } from "../adapters/postgres/PgStore.ts"
import { PgSubruns } from "../adapters/postgres/PgSubruns.ts"
import { PgSyncedAssistants } from "../adapters/postgres/PgSyncedAssistants.ts"
import { PgThreadRuns } from "../adapters/postgres/PgThreadRuns.ts"
import { PgThreads } from "../adapters/postgres/PgThreads.ts"
import { PgWebhooks } from "../adapters/postgres/PgWebhooks.ts"
import { runQueues } from "../adapters/postgres/RunJobs.ts"
import { RunLogs } from "../adapters/postgres/RunLogs.ts"
import { Signals } from "../adapters/postgres/Signals.ts"
import { webhookDeliveries } from "../adapters/postgres/WebhookDeliveries.ts"
import { webhookQueues } from "../adapters/postgres/WebhookQueue.ts"
import * as AesSecretBox from "../adapters/secrets/AesSecretBox.ts"
import * as HttpWebhookPost from "../adapters/webhooks/HttpWebhookPost.ts"
import { AgentGraphs } from "../ports/AgentGraphs.ts"
import { SyncedAssistants } from "../ports/Assistants.ts"
import { GraphDefaults } from "../ports/GraphDefaults.ts"
import { RunPolicy } from "../ports/RunPolicy.ts"
import { SignIn } from "../ports/SignIn.ts"
import { StoreSettings } from "../ports/StoreSettings.ts"
import type { Settings } from "./Config.ts"
import { InvalidSetting } from "./Config.ts"
import { cronTicker } from "./CronTicker.ts"
import { graphDefaults, sha256 } from "./GraphDefaults.ts"
import { housekeeping } from "./Housekeeping.ts"
import { runWorkers } from "./RunWorkers.ts"
import { startupSync } from "./Startup.ts"
import { storeOptions } from "./StoreOptions.ts"
import { toolServers } from "./ToolServers.ts"
import { settleAbandoned } from "./usecases/SettleUpdates.ts"

/** Settings of a server that has a database, given or embedded. */
export type ServerSettings = Settings & { readonly databaseUrl: Option.Some<Redacted.Redacted<string>> }

const hasDatabase = (settings: Settings): settings is ServerSettings => Option.isSome(settings.databaseUrl)

/** What everything but the demo needs: agents to read. */
export const databaseSettings = (settings: Settings) =>
  hasDatabase(settings)
    ? Effect.succeed(settings)
    : Effect.fail(
      new InvalidSetting({ variable: "DATABASE_URL", expected: "set to the agents' Postgres database" })
    )

/** What a server can't be without. */
export const serverSettings = Effect.fnUntraced(function*(given: Settings) {
  const settings = yield* databaseSettings(given)
  if (Option.isNone(settings.supabaseUrl) && Option.isNone(settings.supabaseJwtSecret)) {
    return yield* new InvalidSetting({
      variable: "SUPABASE_URL (or SUPABASE_JWT_SECRET)",
      expected: "set, or nobody could sign in"
    })
  }
  return settings
})

/** One part per port: what the server is made of. Tests swap one. */
export const parts = (settings: ServerSettings) => ({
  outbound: GuardedFetch.layer({ allow: settings.outboundAllow }),
  secretBox: AesSecretBox.layer(settings.secretsKey),
  tokenVerifier: SupabaseTokens.layer({ supabaseUrl: settings.supabaseUrl, jwtSecret: settings.supabaseJwtSecret }),
  signIn: Layer.succeed(SignIn, {
    supabase: Option.all({ url: settings.supabaseUrl, anonKey: settings.supabaseAnonKey }),
    demoPeople: Option.none()
  }),
  agentSource: PgAgentSource,
  agentSightings: PgAgentSightings({ allowedSeconds: settings.staleSeconds }),
  agentChanges: PgAgentChanges,
  assistants: PgAssistants,
  syncedAssistants: PgSyncedAssistants,
  memberships: PgMemberships,
  threads: PgThreads,
  stateClaims: PgStateClaims,
  store: PgStore,
  crons: PgCrons,
  cronLedger: PgCronLedger,
  runs: PgRuns,
  runLedger: PgRunLedger,
  subruns: PgSubruns,
  toolSource: McpToolSource.layer(),
  graphs: LangGraphs.layer(settings.langgraph.graphs),
  agentEvidence: PgAgentEvidence,
  leftovers: PgLeftovers,
  dryRuns: DryRunner.layer,
  runEvents: PgRunEvents(),
  threadRuns: PgThreadRuns,
  runQueue: PgBossRunQueue({
    concurrency: settings.runs.perProcess,
    heartbeatSeconds: settings.runs.heartbeatSeconds,
    drainFor: `${settings.shutdownSeconds} seconds`
  }),
  webhooks: PgWebhooks
})

export type Parts = ReturnType<typeof parts>

const graphNames = ({ langgraph }: ServerSettings) => ["agent", ...langgraph.graphs.map(({ name }) => name)]

/** Once nothing runs here any more, whoever still reads is better off with another replica. */
const streamsEnd = "1 second"

/** Our tables, what others need beside them, and the default assistant of each graph. */
const storage = <E, R>(alsoMigrate: Effect.Effect<void, E, R>, listening?: Effect.Effect<boolean>) =>
  Layer.unwrap(Effect.gen(function*() {
    const synced = yield* SyncedAssistants
    const defaults = yield* GraphDefaults
    const context = yield* Effect.context<R>()
    return PgStorage({
      alsoMigrate: Effect.andThen(synced.putGraphDefaults(defaults), Effect.provideContext(alsoMigrate, context)),
      ...(listening === undefined ? {} : { listening })
    })
  }))

/** Where agents, their assistants and people are kept. */
const agentsKept = (settings: ServerSettings, use: Parts) =>
  Layer.mergeAll(
    use.agentSource,
    use.assistants,
    use.syncedAssistants,
    use.memberships,
    graphDefaults(graphNames(settings)),
    sha256
  ).pipe(Layer.provideMerge(use.agentSightings))

const database = (settings: ServerSettings) =>
  databaseLayer({
    url: settings.databaseUrl.value,
    // One connection is the job engine's.
    poolSize: settings.databasePoolSize - 1,
    pooled: Option.isSome(settings.databaseDirectUrl)
  })

/** What people and graphs keep. */
const itemsKept = (settings: ServerSettings, use: Parts) =>
  use.store.pipe(
    Layer.provide(EmbeddingModels.layer(settings.providers).pipe(Layer.provide(use.outbound))),
    Layer.provide(Layer.succeed(StoreSettings, storeOptions(settings.langgraph.store)))
  )

const graphs = (settings: ServerSettings, use: Parts) =>
  use.graphs.pipe(
    Layer.provide([Models.layer(settings.providers), use.toolSource]),
    Layer.provide(use.outbound),
    Layer.provideMerge(Checkpointer.layer()),
    Layer.provide(GraphStores.layer),
    Layer.provideMerge(itemsKept(settings, use))
  )

/** What agents are examined with, beside what they run with. */
const examining = (settings: ServerSettings, use: Parts) =>
  Layer.mergeAll(
    use.dryRuns.pipe(Layer.provide(Models.layer(settings.providers))),
    toolServers.pipe(Layer.provide([use.toolSource, sha256])),
    use.agentEvidence
  ).pipe(Layer.provide(use.outbound))

/** The built-in graph, and the names of the operator's own: no code of theirs is loaded for a look at agents. */
const namedGraphs = (settings: ServerSettings) =>
  Layer.effect(
    AgentGraphs,
    Effect.map(AgentGraphs, (graphs) => AgentGraphs.of({ ...graphs, names: graphNames(settings) }))
  ).pipe(Layer.provide(LangGraphs.layer()))

/** What telling of changes takes. */
export const triggersLayer = (settings: ServerSettings) => PgAgentTriggers.pipe(Layer.provide(database(settings)))

/** What syncing agents takes, with the database behind it. */
export const agentsLayer = (settings: ServerSettings) => {
  const use = { ...parts(settings), graphs: namedGraphs(settings) }
  return Layer.mergeAll(graphs(settings, use), storage(Effect.void)).pipe(
    Layer.provideMerge(agentsKept(settings, use)),
    Layer.provideMerge(database(settings))
  )
}

/** What examining and healing them takes. */
export const doctorLayer = (settings: ServerSettings) => {
  const use = parts(settings)
  return Layer.mergeAll(examining(settings, use), use.leftovers).pipe(Layer.provideMerge(agentsLayer(settings)))
}

const runPolicy = ({ runOverrides, runs }: ServerSettings) =>
  Layer.succeed(RunPolicy, {
    overrides: runOverrides,
    maxAttempts: runs.maxAttempts,
    timeoutSeconds: runs.timeoutSeconds,
    concurrentPerTenant: runs.perTenant,
    waitingPerTenant: runs.waitingPerTenant
  })

/** What explaining a run takes: what decides one, the operator's own graphs included. */
export const explainLayer = (settings: ServerSettings) => {
  const use = parts(settings)
  return Layer.mergeAll(graphs(settings, use), storage(Effect.void)).pipe(
    Layer.provideMerge(Layer.mergeAll(agentsKept(settings, use), use.secretBox, runPolicy(settings))),
    Layer.provideMerge(database(settings))
  )
}

/** Threads, runs, their logs and their queue: what replicas share, with the engine and the signals between them. */
const runsKept = (settings: ServerSettings, use: Parts) => {
  const { databaseUrl: { value: url } } = settings
  const queues = [...runQueues(settings.runs), ...webhookQueues, ...housekeepingQueues]
  return Layer.mergeAll(
    use.threads,
    use.stateClaims,
    use.crons,
    use.cronLedger,
    use.runs,
    use.runLedger,
    use.subruns,
    use.webhooks,
    use.runEvents,
    use.threadRuns,
    use.agentChanges
  )
    .pipe(
      Layer.provideMerge(use.runQueue),
      Layer.provideMerge(runPolicy(settings)),
      Layer.provideMerge(JobEngine.layer({ url, queues })),
      Layer.provideMerge(Signals.layer({ directUrl: Option.getOrElse(settings.databaseDirectUrl, () => url) }))
    )
}

/** The same for a server, whose replicas talk to each other and share a queue. */
const sharedStorage = Layer.unwrap(Effect.gen(function*() {
  const { listening } = yield* Signals
  const { setup } = yield* JobEngine
  return storage(setup, listening)
}))

/** What has had its time goes. */
const clearing = ({ keep: { eventsHours, eventsRuns, threadDays } }: ServerSettings) =>
  Layer.unwrap(Effect.gen(function*() {
    const { forgetOld } = yield* RunLogs
    const context = yield* Effect.context<Effect.Services<typeof settleAbandoned>>()
    return housekeeping({
      forgetOldEvents: forgetOld({ keptFor: Duration.hours(eventsHours), keptRuns: eventsRuns }),
      settleUpdates: Effect.provideContext(settleAbandoned, context),
      threadDays
    })
  })).pipe(Layer.provide([RunLogs.layer, PgHousekeeping()]))

/** What goes on beside the requests. Opened after the listener and closed before it: what it tells is read until then. */
const background = (settings: ServerSettings) =>
  Layer.mergeAll(
    startupSync({ scope: settings.syncScope.scope, compareEvery: Duration.seconds(settings.compareSeconds) }),
    runWorkers,
    cronTicker,
    webhookDeliveries(),
    clearing(settings)
  )

/** The whole server. It listens at once; what needs the database waits for it. */
export const serverLayer = (settings: ServerSettings, swapped: Partial<Parts> = {}) => {
  const use = { ...parts(settings), ...swapped }
  return background(settings).pipe(
    Layer.provideMerge(HttpServer.layer({
      port: settings.port,
      host: settings.host,
      corsOrigins: settings.corsOrigins,
      cors: settings.cors,
      gracefulShutdownTimeout: streamsEnd
    })),
    Layer.provide([
      use.secretBox,
      use.tokenVerifier,
      use.signIn,
      InProcessCredentials.layer,
      HttpWebhookPost.layer({ allow: settings.outboundAllow, secret: settings.webhookSecret }).pipe(
        Layer.provide(use.outbound)
      )
    ]),
    Layer.provideMerge(sharedStorage),
    Layer.provideMerge(Layer.mergeAll(graphs(settings, use), examining(settings, use), runsKept(settings, use))),
    Layer.provideMerge(agentsKept(settings, use)),
    Layer.provideMerge(database(settings))
  )
}
