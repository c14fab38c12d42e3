import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, type Redacted } from "effect"
import { databaseLayer } from "../../src/adapters/postgres/Database.ts"
import { PgStorage } from "../../src/adapters/postgres/PgStorage.ts"
import { Storage } from "../../src/ports/Storage.ts"

/** A migrated database, for what works on it below the ports. */
export const migrated = (url: Redacted.Redacted<string>, poolSize = 4) =>
  Layer.effectDiscard(Effect.flatMap(Storage, ({ awaitReady }) => awaitReady)).pipe(
    Layer.provide(PgStorage({ alsoMigrate: Effect.void })),
    Layer.provideMerge(databaseLayer({ url, poolSize }))
  )

interface Claimed {
  readonly thread: string
  readonly run: string
  readonly attempt?: number
}

/** A run as its worker has claimed it; the thread's other runs are over. */
export const claimed = Effect.fnUntraced(function*({ attempt = 1, run, thread }: Claimed) {
  const sql = yield* PgClient.PgClient
  const now = new Date().toISOString()
  const row = {
    id: run,
    thread_id: thread,
    assistant_id: "assistant-1",
    graph_id: "agent",
    assistant_version: 1,
    owner_id: "user-1",
    status: "running",
    attempt,
    metadata: {},
    request: {},
    configuration: {},
    multitask_strategy: "enqueue",
    created_at: now,
    updated_at: now
  }
  // Of migrations that come after the checkpoints': whatever the table lacks is left out.
  const later = { tenant: "user-1", lost: 0, run_at: now, held_back: false, turn: 0, steps: {} }
  yield* sql`
    insert into langgraph_server.threads (id, owner_id, metadata)
    values (${thread}, 'user-1', '{}')
    on conflict (id) do nothing`
  yield* sql`update langgraph_server.runs set status = 'success' where thread_id = ${thread}::uuid`
  yield* sql`
    insert into langgraph_server.runs
    select * from jsonb_populate_record(null::langgraph_server.runs, ${sql.json({ ...later, ...row })})
    on conflict (id) do update set status = 'running', attempt = excluded.attempt`
})
