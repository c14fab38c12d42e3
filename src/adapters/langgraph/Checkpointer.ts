import { Context, Effect, Layer, Redacted, Scope } from "effect"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import type { Saver } from "./Saver.ts"

export interface Options {
  readonly url: Redacted.Redacted<string>
  readonly poolSize: number
}

/** The tables lie beside ours, away from the consumer's. */
export const checkpointSchema = "langgraph_server"

/** Runs something that talks to the database; what fails other than for its absence is a bug. */
export const stored = <A>(evaluate: () => Promise<A>): Effect.Effect<A, StorageUnavailable> =>
  Effect.tryPromise({ try: evaluate, catch: (error) => error }).pipe(
    Effect.catch((error) => error instanceof StorageUnavailable ? Effect.fail(error) : Effect.die(error))
  )

/** The threads' only memory: LangGraph's own tables in Postgres, on a small pool of their own. */
export class Checkpointer extends Context.Service<Checkpointer, {
  /** Loaded and opened by whoever needs it first: LangChain's packages take half a second. */
  readonly saver: Effect.Effect<Saver>
  /** Makes the tables, or brings them up to date; one process at a time. */
  readonly setup: Effect.Effect<void, StorageUnavailable>
}>()("throughline/adapters/langgraph/Checkpointer") {
  static readonly layer = ({ poolSize, url }: Options) =>
    Layer.effect(
      Checkpointer,
      Effect.gen(function*() {
        const scope = yield* Effect.scope
        const run = Effect.runForkWith(yield* Effect.context<never>())
        const open = Effect.promise(async () => {
          const [{ Saver }, { default: pg }] = await Promise.all([import("./Saver.ts"), import("pg")])
          const pool = new pg.Pool({
            connectionString: Redacted.value(url),
            max: poolSize,
            connectionTimeoutMillis: 5_000,
            application_name: "throughline checkpoints"
          })
          // A connection that dies tells twice: through the pool while it idles, by itself while it is in use. Unheard,
          // either would end the process; the pool replaces it, and whoever was using it gets an error of their own.
          const lost = (error: Error) => run(Effect.logDebug("Checkpointer's connection lost", error.message))
          pool.on("error", lost)
          pool.on("connect", (client) => client.on("error", lost))
          return { pool, saver: new Saver(pool, checkpointSchema) }
        })
        const opened = yield* Effect.cached(
          Effect.acquireRelease(open, ({ pool }) => Effect.promise(() => pool.end())).pipe(
            Effect.provideService(Scope.Scope, scope)
          )
        )
        const saver = Effect.map(opened, ({ saver }) => saver)
        return Checkpointer.of({
          saver,
          setup: Effect.flatMap(saver, (saver) => stored(() => saver.setup()))
        })
      })
    )
}
