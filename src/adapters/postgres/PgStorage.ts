import { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, Layer, Schedule } from "effect"
import { Migrator, SqlClient } from "effect/sql"
import { Storage } from "../../ports/Storage.ts"
import { migrations } from "./migrations/all.ts"

const runMigrations = Migrator.make({})({
  loader: Migrator.fromRecord(migrations),
  table: "langgraph_server.migrations"
})

/** The innermost words are the driver's, which say what is wrong. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message
}

/** Soon at first, then twice a minute; jittered, so that replicas don't come back in step. */
const patiently = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("30 seconds")]).pipe(
  Schedule.jittered
)

export interface StorageOptions<E> {
  /** Tables in the same schema that another part makes: the checkpointer's. Idempotent; one replica at a time. */
  readonly alsoMigrate: Effect.Effect<void, E>
  /** Whether signals are heard; who has no use for them hears none. */
  readonly listening?: Effect.Effect<boolean>
}

/** Brings the tables up to date in the background, for as long as it takes; `ready` is false until then. */
export const PgStorage = <E>(
  { alsoMigrate, listening = Effect.succeed(false) }: StorageOptions<E>
): Layer.Layer<Storage, never, PgClient.PgClient> =>
  Layer.effect(
    Storage,
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const migrated = yield* Deferred.make<void>()

      /** One replica at a time, in a transaction, which may wait for what others make on connections of their own. */
      const alone = <A, E, R>(work: Effect.Effect<A, E, R>) =>
        sql`
          select
            pg_advisory_xact_lock(hashtextextended('langgraph_server.migrations', 0)),
            set_config('idle_in_transaction_session_timeout', '2min', true)`.pipe(
          Effect.andThen(work),
          sql.withTransaction
        )

      const ours = sql`create schema if not exists langgraph_server`.pipe(
        Effect.andThen(runMigrations),
        Effect.provideService(SqlClient.SqlClient, sql)
      )

      // Two transactions: the checkpointer uses a connection of its own, which must see the schema that ours has made.
      const migrate = alone(ours).pipe(
        Effect.tap((done) =>
          done.length === 0
            ? Effect.void
            : Effect.logInfo(`Database migrated: ${done.map(([, name]) => name).join(", ")}`)
        ),
        Effect.andThen(alone(alsoMigrate)),
        // A defect would end the fiber, and with it every hope of becoming ready.
        Effect.catchDefect((defect) => Effect.fail(defect)),
        Effect.tapError((error) => Effect.logWarning(`Database not ready, will be tried again: ${reasonOf(error)}`)),
        Effect.retry(patiently)
      )
      yield* migrate.pipe(
        Effect.andThen(Deferred.succeed(migrated, undefined)),
        Effect.withSpan("Storage.migrate"),
        Effect.forkScoped
      )

      const answers = sql`select 1`.pipe(
        Effect.timeout("2 seconds"),
        Effect.match({ onFailure: () => false, onSuccess: () => true })
      )

      return Storage.of({
        ready: Effect.flatMap(Deferred.isDone(migrated), (done) => done ? answers : Effect.succeed(false)),
        awaitReady: Deferred.await(migrated),
        listening
      })
    })
  )
