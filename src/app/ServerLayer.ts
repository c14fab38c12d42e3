import { Duration, Effect, Layer, Option } from "effect"
import * as HttpServer from "../adapters/http/Server.ts"
import * as InProcessCredentials from "../adapters/in-process/InProcessCredentials.ts"
import { housekeepingQueues } from "../adapters/postgres/HousekeepingQueue.ts"
import { JobEngine } from "../adapters/postgres/JobEngine.ts"
import { PgHousekeeping } from "../adapters/postgres/PgHousekeeping.ts"
import { runQueues } from "../adapters/postgres/RunJobs.ts"
import { RunLogs } from "../adapters/postgres/RunLogs.ts"
import { Signals } from "../adapters/postgres/Signals.ts"
import { webhookDeliveries } from "../adapters/postgres/WebhookDeliveries.ts"
import { webhookQueues } from "../adapters/postgres/WebhookQueue.ts"
import * as HttpWebhookPost from "../adapters/webhooks/HttpWebhookPost.ts"
import { cronTicker } from "./CronTicker.ts"
import { housekeeping } from "./Housekeeping.ts"
import { type Parts, parts } from "./Parts.ts"
import { runWorkers } from "./RunWorkers.ts"
import type { ServerSettings } from "./ServerSettings.ts"
import { agentsKept, database, examining, graphs, runPolicy, storage } from "./SharedLayers.ts"
import { startupSync } from "./Startup.ts"
import { sweepEvery } from "./StoreOptions.ts"
import { renewMeanings } from "./usecases/RenewMeanings.ts"
import { settleAbandoned } from "./usecases/SettleUpdates.ts"

/** Once nothing runs here any more, whoever still reads is better off with another replica. */
const streamsEnd = "1 second"

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
    use.threadRuns,
    use.agentChanges
  )
    .pipe(
      Layer.provideMerge(use.runEvents),
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
const clearing = ({ keep: { eventsHours, eventsRuns, threadDays }, langgraph }: ServerSettings) =>
  Layer.unwrap(Effect.gen(function*() {
    const { forgetOld } = yield* RunLogs
    const context = yield* Effect.context<Effect.Services<typeof settleAbandoned | typeof renewMeanings>>()
    return housekeeping({
      forgetOldEvents: forgetOld({ keptFor: Duration.hours(eventsHours), keptRuns: eventsRuns }),
      settleUpdates: Effect.provideContext(settleAbandoned, context),
      renewMeanings: Effect.provideContext(renewMeanings, context),
      sweepEvery: sweepEvery(langgraph.store),
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
      use.components,
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
