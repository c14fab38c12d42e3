import { Effect, Layer, type Redacted, Schedule } from "effect"
import type { Queue } from "pg-boss"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { JobEngine } from "../../src/adapters/postgres/JobEngine.ts"

/** A job engine that is set up and supervised, as the run queue does it for all queues. */
export const supervisedEngine = (url: Redacted.Redacted<string>, queues: ReadonlyArray<Queue>) =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const { ask, setup } = yield* JobEngine
      yield* Effect.orDie(setup)
      yield* Effect.forkScoped(
        Effect.repeat(Effect.ignore(ask((boss) => boss.supervise())), Schedule.spaced("500 millis"))
      )
    })
  ).pipe(
    Layer.provideMerge(JobEngine.layer({ url, queues })),
    Layer.provideMerge(databaseLayer({ url, poolSize: 4 }))
  )
