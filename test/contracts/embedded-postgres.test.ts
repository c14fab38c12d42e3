import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { access, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "pg"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"

const query = (url: Redacted.Redacted<string>, sql: string) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      const client = new Client({ connectionString: Redacted.value(url) })
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.query(sql).then(({ rows }) => rows)),
    (client) => Effect.promise(() => client.end())
  )

const onCluster = (options: Parameters<typeof EmbeddedPostgres.layer>[0], ...statements: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { url } = yield* EmbeddedPostgres
    return yield* Effect.forEach(statements, (sql) => query(url("postgres"), sql))
  }).pipe(Effect.provide(EmbeddedPostgres.layer(options)))

const keptFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "throughline-test-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

describe("the embedded Postgres", () => {
  it.live("is a cluster of its own that is gone, folder and all, when its scope closes", () =>
    Effect.gen(function*() {
      const [rows] = yield* onCluster({ fsync: false, maxConnections: 300 }, "show max_connections", "show fsync")
      assert.deepStrictEqual(rows, [{ max_connections: "300" }])
      const [folders = []] = yield* onCluster({}, "select current_setting('data_directory') as folder")
      assert.isFalse(yield* Effect.promise(() => access(folders[0].folder).then(() => true, () => false)))
    }))

  it.live("keeps its data where it was told to", () =>
    Effect.gen(function*() {
      const directory = yield* keptFolder
      yield* onCluster({ directory }, "create table kept as select 42 as answer")
      const [rows] = yield* onCluster({ directory }, "select answer from kept")
      assert.deepStrictEqual(rows, [{ answer: 42 }])
    }))

  it.live("says what stands in its way", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(onCluster({ directory: "/dev/null/here" }))
      assert.include(error.message, "/dev/null/here")
    }))
})
