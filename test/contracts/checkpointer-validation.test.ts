import { PgClient } from "@effect/sql-pg"
import {
  type CheckpointSaverTestInitializer,
  deltaChannelHistoryTests,
  validate
} from "@langchain/langgraph-checkpoint-validation"
import { Effect, Layer, ManagedRuntime } from "effect"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { Checkpointer } from "../../src/adapters/langgraph/Checkpointer.ts"
import type { Saver } from "../../src/adapters/langgraph/Saver.ts"
import { freshDatabase } from "../support/TestDatabase.ts"
import { migrated } from "./checkpointed-runs.ts"

// LangGraph's own suite for checkpointers. It was made for another version of vitest, and takes these from wherever it runs.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi })

const runtime = ManagedRuntime.make(
  Layer.unwrap(Effect.map(freshDatabase, (url) => Checkpointer.layer().pipe(Layer.provideMerge(migrated(url)))))
)

const clear = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`
    truncate langgraph_server.checkpoints, langgraph_server.checkpoint_blobs, langgraph_server.checkpoint_writes`
})

const initializer: CheckpointSaverTestInitializer<Saver> = {
  checkpointerName: "Throughline's checkpointer",
  afterAll: () => runtime.dispose(),
  createCheckpointer: () => runtime.runPromise(Effect.flatMap(Checkpointer, ({ saver }) => saver)),
  destroyCheckpointer: () => runtime.runPromise(clear)
}

validate(initializer)
deltaChannelHistoryTests(initializer)
