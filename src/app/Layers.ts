import { Effect, Layer, Option, Redacted } from "effect"
import * as HttpServer from "../adapters/http/Server.ts"
import * as InProcessRunEvents from "../adapters/in-process/InProcessRunEvents.ts"
import * as InProcessRunQueue from "../adapters/in-process/InProcessRunQueue.ts"
import { SupabaseTokens } from "../adapters/jwt/SupabaseTokens.ts"
import { Checkpointer } from "../adapters/langgraph/Checkpointer.ts"
import * as LangGraphs from "../adapters/langgraph/LangGraphs.ts"
import { Models } from "../adapters/langgraph/Models.ts"
import * as McpToolSource from "../adapters/mcp/McpToolSource.ts"
import * as GuardedFetch from "../adapters/outbound/GuardedFetch.ts"
import { databaseLayer } from "../adapters/postgres/Database.ts"
import { PgAgentSource } from "../adapters/postgres/PgAgentSource.ts"
import { PgAssistants } from "../adapters/postgres/PgAssistants.ts"
import { PgMemberships } from "../adapters/postgres/PgMemberships.ts"
import { PgRunLedger } from "../adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../adapters/postgres/PgRuns.ts"
import { PgStorage } from "../adapters/postgres/PgStorage.ts"
import { PgSyncedAssistants } from "../adapters/postgres/PgSyncedAssistants.ts"
import { PgThreads } from "../adapters/postgres/PgThreads.ts"
import * as AesSecretBox from "../adapters/secrets/AesSecretBox.ts"
import { SyncedAssistants } from "../ports/Assistants.ts"
import { GraphDefaults } from "../ports/GraphDefaults.ts"
import { RunPolicy } from "../ports/RunPolicy.ts"
import type { Settings } from "./Config.ts"
import { InvalidSetting } from "./Config.ts"
import { graphDefaults, sha256 } from "./GraphDefaults.ts"
import { runRenewal } from "./RunRenewal.ts"
import { startupSync } from "./Startup.ts"
import * as ExecuteRun from "./usecases/ExecuteRun.ts"

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
  agentSource: PgAgentSource,
  assistants: PgAssistants,
  syncedAssistants: PgSyncedAssistants,
  memberships: PgMemberships,
  threads: PgThreads,
  runs: PgRuns,
  runLedger: PgRunLedger,
  toolSource: McpToolSource.layer(),
  graphs: LangGraphs.layer,
  runEvents: InProcessRunEvents.layer,
  runQueue: InProcessRunQueue.layer({ drainFor: `${settings.shutdownSeconds} seconds` })
})

export type Parts = ReturnType<typeof parts>

/** A third of the connections, at least one, is the checkpointer's: each run uses one for a moment at each step. */
const poolSizes = (size: number) => {
  const checkpointer = Math.max(1, Math.floor(size / 3))
  return { checkpointer, ours: size - checkpointer }
}

const graphNames = ["agent"]

/** Our tables, the checkpointer's, and the default assistant of each graph. */
const storage = Layer.unwrap(Effect.gen(function*() {
  const checkpointer = yield* Checkpointer
  const synced = yield* SyncedAssistants
  const defaults = yield* GraphDefaults
  return PgStorage({ alsoMigrate: Effect.andThen(checkpointer.setup, synced.putGraphDefaults(defaults)) })
}))

/** What syncing agents takes, and looking at them; with the database behind it. */
export const agentsLayer = (settings: ServerSettings, swapped: Partial<Parts> = {}) => {
  const use = { ...parts(settings), ...swapped }
  const sizes = poolSizes(settings.databasePoolSize)
  const url = settings.databaseUrl.value
  const kept = Layer.mergeAll(
    use.agentSource,
    use.assistants,
    use.syncedAssistants,
    use.memberships,
    use.threads,
    use.runs,
    use.runLedger,
    graphDefaults(graphNames),
    sha256
  )
  const graphs = use.graphs.pipe(
    Layer.provide([Models.layer(settings.providers), use.toolSource]),
    Layer.provide(use.outbound)
  )
  return Layer.mergeAll(graphs, storage).pipe(
    Layer.provideMerge(kept),
    Layer.provideMerge(Checkpointer.layer({ url, poolSize: sizes.checkpointer })),
    Layer.provideMerge(databaseLayer({ url, poolSize: sizes.ours }))
  )
}

/** The whole server. It listens at once; what needs the database waits for it. */
export const serverLayer = (settings: ServerSettings, swapped: Partial<Parts> = {}) => {
  const use = { ...parts(settings), ...swapped }
  return HttpServer.layer({
    port: settings.port,
    host: settings.host,
    corsOrigins: settings.corsOrigins,
    gracefulShutdownTimeout: `${settings.shutdownSeconds} seconds`
  }).pipe(
    Layer.provide(startupSync(settings.syncScope.scope)),
    Layer.provide(runRenewal),
    Layer.provide(use.runQueue),
    Layer.provide(ExecuteRun.layer),
    Layer.provide([
      use.runEvents,
      use.secretBox,
      use.tokenVerifier,
      Layer.succeed(RunPolicy, { overrides: settings.runOverrides })
    ]),
    Layer.provideMerge(agentsLayer(settings, swapped))
  )
}
