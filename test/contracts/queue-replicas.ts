import { Context, Effect, Layer } from "effect"
import * as InProcessRunQueue from "../../src/adapters/in-process/InProcessRunQueue.ts"
import { RunQueue } from "../../src/ports/RunQueue.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { bossReplica, type QueueOptions } from "./boss-replica.ts"

/** The adapters of the port, each with nothing in it. */
export const adapters: ReadonlyArray<readonly [string, (options?: QueueOptions) => Layer.Layer<RunQueue>]> = [
  ["in process", ({ concurrency = 10, drainFor = 0 } = {}) => InProcessRunQueue.layer({ concurrency, drainFor })],
  ["pg-boss", (options) => Layer.unwrap(Effect.map(freshDatabase, (url) => bossReplica(url, options)))]
]

/** A queue for as long as the scope. */
export const opened = <E>(layer: Layer.Layer<RunQueue, E>) => Effect.map(Layer.build(layer), Context.get(RunQueue))
