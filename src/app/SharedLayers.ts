import { Effect, Layer, Option } from "effect"
import { Checkpointer } from "../adapters/langgraph/Checkpointer.ts"
import * as EmbeddingModels from "../adapters/langgraph/EmbeddingModels.ts"
import { GraphStores } from "../adapters/langgraph/GraphStores.ts"
import { Models } from "../adapters/langgraph/Models.ts"
import { databaseLayer } from "../adapters/postgres/Database.ts"
import { PgStorage } from "../adapters/postgres/PgStorage.ts"
import { PromptSql } from "../adapters/postgres/PromptSql.ts"
import { SyncedAssistants } from "../ports/Assistants.ts"
import { GraphDefaults } from "../ports/GraphDefaults.ts"
import { RunPolicy } from "../ports/RunPolicy.ts"
import { StoreSettings } from "../ports/StoreSettings.ts"
import { graphDefaults, sha256 } from "./GraphDefaults.ts"
import type { Parts } from "./Parts.ts"
import type { ServerSettings } from "./ServerSettings.ts"
import { storeOptions } from "./StoreOptions.ts"
import { toolServers } from "./ToolServers.ts"

export const graphNames = ({ langgraph }: ServerSettings) => ["agent", ...langgraph.graphs.map(({ name }) => name)]

/** Our tables, what others need beside them, and the default assistant of each graph. */
export const storage = <E, R>(alsoMigrate: Effect.Effect<void, E, R>, listening?: Effect.Effect<boolean>) =>
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
export const agentsKept = (settings: ServerSettings, use: Parts) =>
  Layer.mergeAll(
    use.agentSource,
    use.assistants,
    use.syncedAssistants,
    use.memberships,
    graphDefaults(graphNames(settings)),
    sha256
  ).pipe(Layer.provideMerge(use.agentSightings))

export const database = (settings: ServerSettings) =>
  databaseLayer({
    url: settings.databaseUrl.value,
    // One connection is the job engine's.
    poolSize: settings.databasePoolSize - 1,
    pooled: Option.isSome(settings.databaseDirectUrl)
  })

/** What people and graphs keep. */
const itemsKept = (settings: ServerSettings, use: Parts) =>
  Layer.mergeAll(use.store, use.storeMeanings).pipe(
    Layer.provide(EmbeddingModels.layer(settings.providers).pipe(Layer.provide(use.outbound))),
    Layer.provide(Layer.succeed(StoreSettings, storeOptions(settings.langgraph.store)))
  )

export const graphs = (settings: ServerSettings, use: Parts) =>
  use.graphs.pipe(
    Layer.provide([Models.layer(settings.providers), use.toolSource]),
    Layer.provide(use.outbound),
    Layer.provideMerge(Checkpointer.layer().pipe(Layer.provide(PromptSql.asClient))),
    Layer.provide(GraphStores.layer),
    Layer.provideMerge(itemsKept(settings, use))
  )

/** What tool servers are asked with where no run is made. */
export const askingServers = (use: Parts) =>
  toolServers.pipe(Layer.provide([use.toolSource, sha256]), Layer.provide(use.outbound))

/** What agents are examined with, beside what they run with. */
export const examining = (settings: ServerSettings, use: Parts) =>
  Layer.mergeAll(
    use.dryRuns.pipe(Layer.provide(Models.layer(settings.providers)), Layer.provide(use.outbound)),
    askingServers(use),
    use.agentEvidence
  )

export const runPolicy = ({ runOverrides, runs }: ServerSettings) =>
  Layer.succeed(RunPolicy, {
    overrides: runOverrides,
    maxAttempts: runs.maxAttempts,
    timeoutSeconds: runs.timeoutSeconds,
    concurrentPerTenant: runs.perTenant,
    waitingPerTenant: runs.waitingPerTenant
  })
