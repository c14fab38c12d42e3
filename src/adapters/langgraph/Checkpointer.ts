import type { PgClient } from "@effect/sql-pg"
import { Context, type Duration, Effect, Layer } from "effect"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { asking } from "./CheckpointDatabase.ts"
import type { Saver } from "./Saver.ts"

export interface Options {
  /** For how long a database that is away is asked again; by default longer than a failover takes. */
  readonly patience?: Duration.Input
}

/** Runs something that talks to the database; what fails other than for its absence is a bug. */
export const stored = <A>(evaluate: () => Promise<A>): Effect.Effect<A, StorageUnavailable> =>
  Effect.tryPromise({ try: evaluate, catch: (error) => error }).pipe(
    Effect.catch((error) => error instanceof StorageUnavailable ? Effect.fail(error) : Effect.die(error))
  )

/** The threads' only memory: in LangGraph's format, in tables beside ours, on the connections that everything shares. */
export class Checkpointer extends Context.Service<Checkpointer, {
  /** Loaded by whoever needs it first: LangChain's packages take half a second. */
  readonly saver: Effect.Effect<Saver>
}>()("throughline/adapters/langgraph/Checkpointer") {
  static readonly layer = ({ patience = "15 seconds" }: Options = {}): Layer.Layer<
    Checkpointer,
    never,
    PgClient.PgClient
  > =>
    Layer.effect(
      Checkpointer,
      Effect.gen(function*() {
        const ask = yield* asking(patience)
        const saver = yield* Effect.cached(
          Effect.promise(async () => {
            const { Saver } = await import("./Saver.ts")
            return new Saver(ask)
          })
        )
        return Checkpointer.of({ saver })
      })
    )
}
