import { Effect, Layer, type Redacted } from "effect"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { PgBossRunQueue } from "../../src/adapters/postgres/PgBossRunQueue.ts"
import { PgRunEvents } from "../../src/adapters/postgres/PgRunEvents.ts"
import { PgRunLedger } from "../../src/adapters/postgres/PgRunLedger.ts"
import { PgRuns } from "../../src/adapters/postgres/PgRuns.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { PgWebhooks } from "../../src/adapters/postgres/PgWebhooks.ts"
import { runQueues } from "../../src/adapters/postgres/RunJobs.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import { RunOverrides } from "../../src/domain/EffectiveConfig.ts"
import { RunPolicy } from "../../src/ports/RunPolicy.ts"
import { Storage } from "../../src/ports/Storage.ts"

const heartbeatSeconds = 15

/** As the server has them, but for what may wait: nobody is to be turned away. */
const policy = Layer.succeed(RunPolicy, {
  overrides: RunOverrides.Safe(),
  maxAttempts: 3,
  timeoutSeconds: 3600,
  concurrentPerTenant: 50,
  waitingPerTenant: 1_000_000
})

/** What a server has of runs and their queue, with its defaults, and nothing else. */
export const queueReplica = (url: Redacted.Redacted<string>) => {
  const storage = Layer.unwrap(Effect.map(JobEngine, ({ setup }) => PgStorage({ alsoMigrate: setup })))
  const ready = Layer.effectDiscard(Effect.flatMap(Storage, ({ awaitReady }) => awaitReady)).pipe(
    Layer.provide(storage)
  )
  return Layer.mergeAll(PgRuns, PgRunLedger, PgRunEvents(), PgWebhooks).pipe(
    Layer.provideMerge(PgBossRunQueue({ concurrency: 100, heartbeatSeconds, drainFor: 0 })),
    Layer.provide(ready),
    Layer.provideMerge(policy),
    Layer.provideMerge(JobEngine.layer({ url, queues: runQueues({ heartbeatSeconds }) })),
    Layer.provideMerge(Signals.layer({ directUrl: url })),
    Layer.provideMerge(databaseLayer({ url, poolSize: 9 })),
    Layer.fresh
  )
}
