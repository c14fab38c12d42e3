import { PgClient } from "@effect/sql-pg"
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres"
import { Effect, Fiber, Latch, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "pg"
import type { World } from "../../src/adapters/demo/World.ts"
import { databaseLayer, type DatabaseOptions } from "../../src/adapters/postgres/Database.ts"
import { PgAgentSightings } from "../../src/adapters/postgres/PgAgentSightings.ts"
import { PgAgentSource } from "../../src/adapters/postgres/PgAgentSource.ts"
import { PgAssistants } from "../../src/adapters/postgres/PgAssistants.ts"
import { PgMemberships } from "../../src/adapters/postgres/PgMemberships.ts"
import { PgStorage, type StorageOptions } from "../../src/adapters/postgres/PgStorage.ts"
import { PgSyncedAssistants } from "../../src/adapters/postgres/PgSyncedAssistants.ts"
import { OrganizationId, type Principal, UserId } from "../../src/domain/Principal.ts"
import { Storage } from "../../src/ports/Storage.ts"
import { consumerWorld, freshDatabase } from "./TestDatabase.ts"

/** A checkpointer on a connection of its own, as the runtime has one. */
export const checkpointer = (url: Redacted.Redacted<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => new Pool({ connectionString: Redacted.value(url), max: 1 })),
    (pool) => Effect.promise(() => pool.end())
  ).pipe(Effect.map((pool) => {
    // `end` does not wait for the goodbye: the connection may be there yet when its database is dropped.
    pool.on("error", () => undefined)
    return new PostgresSaver(pool, undefined, { schema: "langgraph_server" })
  }))

/** Its tables, made the way it makes them. */
export const checkpointerTables = (url: Redacted.Redacted<string>) =>
  checkpointer(url).pipe(Effect.flatMap((saver) => Effect.tryPromise(() => saver.setup())), Effect.scoped)

/** The ports of agents and their assistants, on one pool. */
export const postgresLayer = <E>(options: DatabaseOptions & StorageOptions<E>) =>
  Layer.mergeAll(PgStorage(options), PgAgentSource, PgAssistants, PgMemberships, PgSyncedAssistants).pipe(
    Layer.provideMerge(PgAgentSightings()),
    Layer.provideMerge(databaseLayer(options))
  )

/** Runs a test's work with them on a migrated database. */
export const onPostgres = <A, E, R>(url: Redacted.Redacted<string>, work: Effect.Effect<A, E, R>) =>
  Storage.pipe(
    Effect.flatMap((storage) => storage.awaitReady),
    Effect.andThen(work),
    Effect.provide(postgresLayer({ url, poolSize: 4, alsoMigrate: Effect.void }))
  )

/** The same on a database of the test's own, with both organisations of the consumer's world. */
export const inWorld = <A, E, R>(work: Effect.Effect<A, E, R>, world: Partial<Omit<World, "url">> = {}) =>
  Effect.flatMap(
    consumerWorld({ generation: "v2", secondOrganisation: true, ...world }),
    (url) => onPostgres(url, work)
  )

/** Where time is the test's: not for what goes on behind the work, which waits a moment and tries again. */
export const onTestClock: typeof inWorld = (work, world) => inWorld(Effect.provide(work, TestClock.layer()), world)

/** While somebody else keeps everybody from a table, as a migration does. */
export const whileLocked = Effect.fnUntraced(function*<A, E, R>(table: string, work: Effect.Effect<A, E, R>) {
  const sql = yield* PgClient.PgClient
  const locked = yield* Latch.make()
  const over = yield* Latch.make()
  const holder = sql.withTransaction(
    sql.unsafe(`lock table ${table} in access exclusive mode`).pipe(
      Effect.andThen(locked.open),
      Effect.andThen(over.await)
    )
  )
  const holding = yield* Effect.forkChild(holder)
  yield* locked.await
  const answer = yield* Effect.ensuring(work, over.open)
  yield* Fiber.join(holding)
  return answer
})

/** The same on a database that has nothing of the consumer's. */
export const inNowhere = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(freshDatabase, (url) => onPostgres(url, work))

export const person = (userId: string, ...organizations: ReadonlyArray<string>): Principal => ({
  userId: UserId.make(userId),
  memberships: organizations.map((id) => ({ organizationId: OrganizationId.make(id), role: "member" }))
})
