import { PgClient } from "@effect/sql-pg"
import { Context, Deferred, Effect, Layer, Predicate, Redacted, Struct } from "effect"
import { SqlError } from "effect/sql"
import { type Db, PgBoss, type Queue } from "pg-boss"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { meansAway, orUnavailable } from "./Database.ts"

export interface JobEngineOptions {
  readonly url: Redacted.Redacted<string>
  readonly queues: ReadonlyArray<Queue>
}

/** Beside our tables and the consumer's. */
export const jobSchema = "langgraph_queue"

/** pg-boss leaves it to its driver to write objects as JSON; ours wants to be told. */
const bindable = (value: unknown): unknown =>
  Predicate.isObject(value) && !Array.isArray(value) && !(value instanceof Date) ? JSON.stringify(value) : value

/**
 * pg-boss, whose jobs lie in this database. It keeps one connection of its own for its tables and its supervision, which
 * need several statements at once; all that happens often runs on our pool and joins our transactions.
 */
export class JobEngine extends Context.Service<JobEngine, {
  /**
   * A call whose statements run on our pool, in the caller's transaction if there is one. Until the engine has been set up
   * the database counts as away.
   */
  readonly ask: <A>(call: (boss: PgBoss, db: Db) => Promise<A>) => Effect.Effect<A, StorageUnavailable>
  /** The statements that a call would send, which sends none and finds nothing. */
  readonly statements: (
    call: (boss: PgBoss, db: Db) => Promise<unknown>
  ) => Effect.Effect<ReadonlyArray<string>, StorageUnavailable>
  /** Makes its tables and the queues. Idempotent; whoever calls it tries again. */
  readonly setup: Effect.Effect<void, StorageUnavailable>
}>()("throughline/adapters/postgres/JobEngine") {
  static readonly layer = ({ queues, url }: JobEngineOptions): Layer.Layer<JobEngine, never, PgClient.PgClient> =>
    Layer.effect(
      JobEngine,
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const run = Effect.runForkWith(yield* Effect.context<never>())
        const started = yield* Deferred.make<PgBoss>()

        const engine = new PgBoss({
          connectionString: Redacted.value(url),
          application_name: "throughline jobs",
          connectionTimeoutMillis: 5_000,
          max: 1,
          schema: jobSchema,
          // When that is due is for whoever knows how long the database has been there.
          supervise: false,
          schedule: false,
          monitorIntervalSeconds: 1,
          queueCacheIntervalSeconds: 3600,
          bamIntervalSeconds: 3600,
          flowIntervalSeconds: 3600,
          registerInstance: false,
          reindex: false
        })
        // Unheard, it would end the process. Whoever asked for something is told as well.
        engine.on("error", (error) => run(Effect.logDebug("The job engine's connection", error.message)))
        engine.on("warning", (warning) => run(Effect.logDebug(`The job engine warns: ${warning.message}`)))
        yield* Effect.addFinalizer(() =>
          Effect.tryPromise(() => engine.stop({ graceful: false })).pipe(
            Effect.timeoutOption("3 seconds"),
            Effect.tapError((error) => Effect.logDebug("The job engine did not stop cleanly", error)),
            Effect.ignore
          )
        )

        /** Its own connection's errors, and those of ours, which it passes on. */
        const asked = <A>(call: (signal: AbortSignal) => Promise<A>) =>
          Effect.tryPromise({ try: call, catch: (error) => error }).pipe(
            Effect.catch((error): Effect.Effect<never, SqlError.SqlError | StorageUnavailable> => {
              if (meansAway(error)) return Effect.fail(new StorageUnavailable())
              return SqlError.isSqlError(error) ? Effect.fail(error) : Effect.die(error)
            }),
            orUnavailable
          )

        const boss = Effect.flatMap(
          Deferred.poll(started),
          (ready) => ready._tag === "Some" ? ready.value : Effect.fail(new StorageUnavailable())
        )

        return JobEngine.of({
          ask: Effect.fnUntraced(function*<A>(call: (boss: PgBoss, db: Db) => Promise<A>) {
            const engine = yield* boss
            // With it comes the caller's transaction.
            const perform = Effect.runPromiseWith(yield* Effect.context<never>())
            return yield* asked((signal) =>
              call(engine, {
                executeSql: (text, values) =>
                  perform(Effect.map(sql.unsafe(text, values?.map(bindable)), (rows) => ({ rows: [...rows] })), {
                    signal
                  })
              })
            )
          }),
          statements: Effect.fnUntraced(function*(call: (boss: PgBoss, db: Db) => Promise<unknown>) {
            const engine = yield* boss
            const texts: Array<string> = []
            const executeSql = (text: string) => {
              texts.push(text)
              return Promise.resolve({ rows: [] })
            }
            yield* asked(() => call(engine, { executeSql }))
            return texts
          }),
          setup: Effect.gen(function*() {
            if (yield* Deferred.isDone(started)) return
            yield* asked(() => engine.start())
            for (const { name, ...options } of queues) {
              const changeable = Struct.omit(options, ["policy", "partition", "deadLetter"])
              yield* asked(async () => {
                if (await engine.getQueue(name) === null) await engine.createQueue(name, options)
                else await engine.updateQueue(name, changeable)
              })
            }
            yield* Deferred.succeed(started, engine)
          })
        })
      })
    )
}
