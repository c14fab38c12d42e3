import type { PgClient } from "@effect/sql-pg"
import { type Duration, Effect, Layer, type Redacted } from "effect"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"
import { PgBossRunQueue } from "../../src/adapters/postgres/PgBossRunQueue.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { runQueues } from "../../src/adapters/postgres/RunJobs.ts"
import { Signals } from "../../src/adapters/postgres/Signals.ts"
import type { RunQueue } from "../../src/ports/RunQueue.ts"
import { Storage } from "../../src/ports/Storage.ts"

export interface QueueOptions {
  readonly concurrency?: number
  readonly drainFor?: Duration.Input
}

/** The shortest that the engine takes. */
export const heartbeatSeconds = 10

export type Replica = JobEngine | PgClient.PgClient | RunQueue | Signals

/** What one process has of the queue, on a database with its tables. */
export const bossReplica = (
  url: Redacted.Redacted<string>,
  { concurrency = 10, directUrl = url, drainFor = 0 }: QueueOptions & {
    readonly directUrl?: Redacted.Redacted<string>
  } = {}
): Layer.Layer<Replica> => {
  const queues = runQueues({ heartbeatSeconds })
  const storage = Layer.unwrap(Effect.map(JobEngine, ({ setup }) => PgStorage({ alsoMigrate: setup })))
  const ready = Layer.effectDiscard(Effect.flatMap(Storage, ({ awaitReady }) => awaitReady)).pipe(
    Layer.provide(storage)
  )
  return PgBossRunQueue({ concurrency, heartbeatSeconds, drainFor }).pipe(
    Layer.provide(ready),
    Layer.provideMerge(JobEngine.layer({ url, queues })),
    Layer.provideMerge(Signals.layer({ directUrl })),
    Layer.provideMerge(databaseLayer({ url, poolSize: 4 })),
    Layer.fresh
  )
}
